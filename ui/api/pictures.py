"""The ways in which a program may hand over a picture: a path, an address, or the bytes as text.

Nothing is ever fetched: an address means a file that was uploaded here before, whatever machine it
names, and is looked up in the folder of uploads alone.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from methods import BadInput, UserError
from ui.api.requests import FileArgument
from ui.common.names import photo_name
from ui.stores.uploads import Uploads

LEAST_TEXT = 64
"""Characters of base64 below which a text is no picture, but a name."""

_DATA_URL = re.compile(r"data:[\w.+/-]*(?:;[\w.+=-]+)*?;base64,", re.IGNORECASE | re.ASCII)
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-\s]+={0,2}\s*")


@dataclass(frozen=True, slots=True)
class Picture:
    """source: a file among the uploads, or the bytes. name: what the caller calls it."""

    source: Path | bytes
    name: str


def picture_of(argument: FileArgument, uploads: Uploads, megabytes: float) -> Picture:
    """What an argument stands for. Raises UserError with what would be taken instead."""
    text = argument.path or argument.url or ""
    name = argument.orig_name or ""
    if (data := _DATA_URL.match(text)) is not None:
        return Picture(_bytes(text[data.end() :], megabytes), photo_name(name))
    if text[:5].lower() == "data:":
        raise BadInput("picture_as_text")
    if _ADDRESS.match(text):
        return _uploaded(_path_in(text), name, uploads)
    try:
        return _uploaded(text, name, uploads)
    except UserError:
        if len(text) < LEAST_TEXT or _BASE64.fullmatch(text) is None:
            raise
    return Picture(_bytes(text, megabytes), photo_name(name))


def _uploaded(path: str, name: str, uploads: Uploads) -> Picture:
    return Picture(uploads.existing(path), photo_name(name or Path(path).name))


def _path_in(address: str) -> str:
    """The path of an upload in the address under which Gradio shows it."""
    try:
        _, found, path = urlsplit(address).path.partition("/file=")
    except ValueError:
        found = ""
    if not found:
        raise BadInput("address_not_fetched")
    return unquote(path)


def _bytes(text: str, megabytes: float) -> bytes:
    """Judged by its length before it is decoded."""
    if len(text) > megabytes * 1e6 * 1.4:  # 4/3, and line breaks
        raise BadInput("file_bytes", name="image", megabytes=megabytes)
    plain = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("picture_as_text") from None
