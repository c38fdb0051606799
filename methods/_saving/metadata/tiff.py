"""Metadata as tifffile writes it: a TIFF's tags, EXIF's further directories behind its pixels."""

from __future__ import annotations

import io
from typing import TypeAlias

from PIL.TiffImagePlugin import IFDRational

from methods._saving.metadata import exif
from methods._saving.metadata.carried import Metadata

Tag: TypeAlias = tuple[int | str, int, int, object, bool]
"""As `extratags` of tifffile takes them: code, type, count, values, whether on the first page
alone."""

_BY_NAME = {exif.EXIF: "ExifTag", exif.GPS: "GPSTag"}
"""tifffile takes these by name only."""

_WRITTEN_BY_TIFFFILE = {0x011A, 0x011B, 0x0128}  # resolution
_BYTES = {1, 2, 7}
_LONG = 4


def tags(metadata: Metadata) -> list[Tag]:
    """For tifffile's `extratags`, beside `software=False` and `metadata=None`. EXIF's directories
    have a place among them that `with_directories` fills. Raises what Pillow does."""
    result: list[Tag] = []
    if metadata.xmp is not None:
        result.append((exif.XMP, 1, len(metadata.xmp), metadata.xmp, True))
    if metadata.iptc is not None:
        result.append((exif.IPTC, 7, len(metadata.iptc), metadata.iptc, True))
    if metadata.exif is None:
        return result
    read = exif.read(metadata.exif)
    first = read.directories[0]
    plain = [tag for tag in first if tag not in _WRITTEN_BY_TIFFFILE and tag not in _BY_NAME]
    result += [_tag(tag, first.tagtype[tag], first[tag]) for tag in plain]
    return result + [
        (_BY_NAME[tag], _LONG, 1, 8, True) for tag in _BY_NAME if tag in read.directories
    ]


def _tag(code: int, kind: int, value: object) -> Tag:
    values = value if isinstance(value, tuple) else (value,)
    if kind in _BYTES:
        data = b"".join(exif.as_bytes(each) for each in values) + b"\0" * (kind == 2)
        return code, kind, len(data), data, True
    count = len(values)
    if isinstance(values[0], IFDRational):
        values = tuple(part for each in values for part in (each.numerator, each.denominator))
    return code, kind, count, values, True


def with_directories(data: bytes, metadata: Metadata) -> bytes:
    """The file that was written with `tags`, with EXIF's directories behind its end."""
    if metadata.exif is None:
        return data
    read = exif.read(metadata.exif)
    if not {exif.EXIF, exif.GPS} & set(read.directories):
        return data
    import tifffile

    file = io.BytesIO(data + b"\0" * (len(data) % 2))
    with tifffile.TiffFile(file) as opened:
        page = opened.pages.first
        big = opened.is_bigtiff
        head = data[: 16 if big else 8]
        for tag in (exif.EXIF, exif.GPS):
            if tag in read.directories:
                place = file.seek(0, io.SEEK_END)
                file.write(exif.directory_at(read, tag, head, place))
                page.tags[tag].overwrite(place)
    return file.getvalue()
