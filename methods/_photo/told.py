"""How large a photo will be, before any of it is decoded."""

from __future__ import annotations

import struct
from pathlib import Path

from methods._photo.containers import read_header
from methods._photo.decode import Limits
from methods._photo.header import BadHeader, UnknownFormat

_HEAD_BYTES = 2**18
"""In which a header tells the size; else the worst is supposed."""


def pixels_told(path: Path, limits: Limits) -> int:
    """Pixels of the photo in a file, by what its first bytes say, and never more than `limits`
    allow; as many as these where they do not say. It is not believed where that would do harm:
    decoding looks for itself."""
    most = int(limits.megapixels * 1e6)
    try:
        with path.open("rb") as file:
            size = read_header(file.read(_HEAD_BYTES)).size
    except (OSError, BadHeader, UnknownFormat, ValueError, IndexError, struct.error):
        size = None
    return most if size is None else max(1, min(most, size[0] * size[1]))
