"""What the header of a photo tells, whatever its container, and how a bad one is refused."""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAX_PROFILE = 8 << 20
"""Bytes of a colour profile, unpacked; large CMYK profiles have three megabytes."""


class BadHeader(ValueError):
    """The file contradicts its own format, or asks for more than a picture needs."""


class UnknownFormat(Exception):
    """The file is none of the formats that are read here."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the container says, and the bytes that the decoder gets.

    format: JPEG, PNG, GIF, WEBP, BMP, TIFF, HEIC or AVIF. size: (width, height) as stored,
    before rotation; None where only the decoder's own header reader knows it.
    orientation: EXIF's 1 … 8. icc: the colour profile. several: more than one picture.
    whole: the end of the picture was found. channels: of a
    JPEG with 8 bits, else 0. inverted: grey values
    with 0 = white. wide: colours beyond sRGB, named by a number instead of a profile.
    deep: more than 8 bits a colour.
    """

    format: str
    data: bytes
    size: tuple[int, int] | None
    orientation: int = 1
    icc: bytes | None = None
    several: bool = False
    whole: bool = True
    channels: int = 0
    inverted: bool = False
    wide: bool = False
    deep: bool = False


def exif_orientation(exif: bytes) -> int:
    """Tag 0x0112 of an EXIF block's first directory; 1 where it is absent or broken."""
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind = struct.unpack_from(order + "HH", exif, entry)
            if tag == 0x0112:
                (value,) = struct.unpack_from(order + ("I" if kind == 4 else "H"), exif, entry + 8)
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
