"""Whether bytes can be what a file's name says: a web page is not a network.

A network's log-in page, a host's "quota exceeded" and a proxy's apology come with status 200.
A pinned file is known by its hash in the end; a file without a pin would be believed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

NEEDED = 512
"""Bytes from the beginning of a file that are enough to judge by."""

_HEADER_MOST = 100 << 20  # what safetensors itself allows
_PAGE = re.compile(rb"\s*(<!doctype\s+html|<html|<head|<body|<\?xml|<error)", re.IGNORECASE)
_PICKLE = re.compile(rb"PK\x03\x04|\x80[\x02-\x05]")
_ONNX = re.compile(rb"[\x08\x12\x1a\x22\x28\x32\x3a\x42]")
_JSON = re.compile(rb"(\xef\xbb\xbf)?\s*[{\[]")
_BEGINNINGS = {
    ".onnx": _ONNX,
    ".json": _JSON,
    ".npz": re.compile(rb"PK\x03\x04"),
} | dict.fromkeys((".bin", ".pt", ".pth", ".ckpt"), _PICKLE)


def is_page(headers: Mapping[str, str], first: bytes = b"") -> bool:
    """Whether an answer's Content-Type or its first bytes are a web page's."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in ("text/html", "application/xhtml+xml") or _PAGE.match(first) is not None


def can_be(name: str, first: bytes, size: int) -> bool:
    """Whether a file of that name and size (bytes) may begin so.

    first: its first NEEDED bytes, or all of a smaller one. Names of no known kind may hold
    anything but a web page.
    """
    ending = Path(name).suffix.lower()
    if not first or _PAGE.match(first):
        return False
    if ending == ".safetensors":
        return _is_safetensors(first, size)
    pattern = _BEGINNINGS.get(ending)
    return pattern is None or pattern.match(first) is not None


def _is_safetensors(first: bytes, size: int) -> bool:
    """Eight bytes with the length of the JSON that follows, which ends within the file."""
    length = int.from_bytes(first[:8], "little")
    return 2 <= length <= min(_HEADER_MOST, size - 8) and first[8:9] == b"{"


def begins_well(name: str, path: Path) -> bool:
    """`can_be` of a file on this machine. Raises OSError."""
    with open(path, "rb") as file:
        return can_be(name, file.read(NEEDED), path.stat().st_size)
