"""Text in a PNG: its chunks read and written by Pillow, which bounds what they unpack to."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import PngImagePlugin

from methods._saving.metadata.kinds import Kind
from methods._saving.metadata.way import Way

Texts = dict[str, str]

_COPIES = "Raw profile", "XML:", "exif:", "Thumb::", "xmp:"
"""Beginnings of keywords under which ImageMagick and others say once more what has a place of its
own: EXIF, XMP, IPTC, what a thumbnail was made of."""

_RAW_EXIF = b"Raw profile type exif", b"Raw profile type APP1"
_PLACES = "exif:gps", "gps", "location"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def read(chunks: list[bytes]) -> tuple[Texts, set[Kind]]:
    """Texts by keyword, and kinds of what they tell. Raises ValueError for too much of it."""
    if not chunks:
        return {}, set()
    opened = png_with(chunks)
    texts = {key: str(value) for key, value in opened.text.items() if not key.startswith(_COPIES)}
    kinds: set[Kind] = {"text"} if texts else set()
    if any(key.lower().startswith(_PLACES) for key in opened.text):
        kinds.add("location")
    return texts, kinds


def kept(texts: Texts, way: Way) -> Texts:
    """What may come along, with the program's name."""
    left = () if way.location else _PLACES
    stay = {key: value for key, value in texts.items() if not key.lower().startswith(left)}
    return {**stay, "Software": way.made_by.program}


def raw_exif(chunks: list[bytes]) -> bytes | None:
    """EXIF as ImageMagick writes it, in hexadecimal letters under a keyword of its own."""
    wanted = [each for each in chunks if each[8:].startswith(_RAW_EXIF)]
    if not wanted:
        return None
    said = next(iter(png_with(wanted[:1]).text.values()))
    letters = "".join(str(said).split("\n")[3:])
    return bytes.fromhex(letters).removeprefix(b"Exif\0\0")


def chunks_of(texts: Texts) -> bytes:
    """As a PNG has them: Latin-1 where that has the letters, else UTF-8."""
    info = PngImagePlugin.PngInfo()
    for key, value in texts.items():
        info.add_text(key, value)
    return b"".join(chunk(name, body) for name, body, *_ in info.chunks)


def png_with(chunks: list[bytes]) -> PngImagePlugin.PngImageFile:
    """A picture of one pixel, opened, with these chunks and no other ones."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    end = chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    return PngImagePlugin.PngImageFile(io.BytesIO(b"".join((_SIGNATURE, head, *chunks, end))))


def chunk(name: bytes, body: bytes) -> bytes:
    """A PNG's chunk, with its checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
