"""IPTC's records (IIM 4) and Photoshop's image resources around them, read by Pillow."""

from __future__ import annotations

import io
import struct
from functools import cache

from PIL import Image as Pil
from PIL import JpegImagePlugin
from PIL.IptcImagePlugin import getiptcinfo

from methods._saving.metadata.kinds import Kind
from methods._saving.metadata.way import Way

PHOTOSHOP = b"Photoshop 3.0\0"
_IPTC = 0x0404
_THUMBNAILS = {0x0409, 0x040C}
_PLACES = {(2, 26), (2, 27), (2, 90), (2, 92), (2, 95), (2, 100), (2, 101)}
_PREVIEW = {(2, 200), (2, 201), (2, 202)}
_PROGRAM, _VERSION = (2, 65), (2, 70)
_LONGEST = 32767  # beyond which a record's length is written in another way

Records = dict[tuple[int, int], list[bytes]]


@cache
def _tiny() -> bytes:
    file = io.BytesIO()
    Pil.new("L", (1, 1)).save(file, "JPEG")
    return file.getvalue()[20:]  # behind its own JFIF segment, which says nothing


def jpeg_with(segments: list[bytes]) -> JpegImagePlugin.JpegImageFile:
    """A picture of one pixel, opened, with these segments before its own."""
    return JpegImagePlugin.JpegImageFile(io.BytesIO(b"".join((b"\xff\xd8", *segments, _tiny()))))


def read(segments: list[bytes], plain: bytes | None) -> tuple[Records, set[Kind]]:
    """The records, and kinds of what else is in the resources. segments: without their heads.
    plain: records without resources around them, as TIFF has them. Raises what Pillow does."""
    if plain is not None:
        segments = [*segments, _resource(plain)]
    heads = (PHOTOSHOP + segment for segment in segments if len(segment) < 65_500)
    parts = [b"\xff\xed" + struct.pack(">H", len(body) + 2) + body for body in heads]
    opened = jpeg_with(parts)
    found = getiptcinfo(opened) or {}
    kinds: set[Kind] = set()
    if _THUMBNAILS & set(opened.info.get("photoshop", {})) or _PREVIEW & set(found):
        kinds.add("thumbnail")
    if _PLACES & set(found):
        kinds.add("location")
    if found:
        kinds.add("iptc")
    return {
        key: value if isinstance(value, list) else [value] for key, value in found.items()
    }, kinds


def written(records: Records, way: Way) -> bytes:
    """IIM, with what may come along; nothing where that is nothing."""
    left = _PREVIEW | (set() if way.location else _PLACES)
    kept = {key: values for key, values in records.items() if key not in left}
    if not any(record > 1 for record, _ in kept):
        return b""
    kept[_PROGRAM] = [way.made_by.program.encode()[:32]]
    kept.pop(_VERSION, None)
    return b"".join(
        struct.pack(">BBBH", 0x1C, *key, len(value)) + value
        for key, values in sorted(kept.items())
        for value in values
        if len(value) <= _LONGEST
    )


def segment(records: bytes) -> bytes:
    """What stands in a JPEG's APP13."""
    return PHOTOSHOP + _resource(records)


def _resource(records: bytes) -> bytes:
    pad = b"\0" * (len(records) % 2)
    return b"8BIM" + struct.pack(">HHI", _IPTC, 0, len(records)) + records + pad
