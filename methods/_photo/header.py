"""What the header of a photo tells, whatever its container, and how a bad one is refused.

Two numbers are read here by hand, the orientation in EXIF and the pictures in an MPF index: Pillow
gives both only after it has copied all values of the directory that they stand in.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

MAX_PROFILE = 8 << 20
"""Bytes of a colour profile, unpacked; large CMYK profiles have three megabytes."""


class BadHeader(ValueError):
    """The file contradicts its own format, or asks for more than a picture needs."""


class UnknownFormat(Exception):
    """The file is none of the formats that are read here."""


class UnreadSamples(Exception):
    """Colours as numbers of a form that no decoder here reads. bits: of each."""

    def __init__(self, bits: int) -> None:
        super().__init__(bits)
        self.bits = bits


class UnreadLayout(Exception):
    """Samples that belong together in a way that no decoder here reads."""


@dataclass(frozen=True)
class Header:
    """What the container says, and the bytes that the decoder gets.

    format: JPEG, PNG, GIF, WEBP, BMP, TIFF, HEIC or AVIF. reduced: `data`, or what makes it.
    size: (width, height) as stored, before rotation; None where only the decoder's own header
    reader knows it.
    orientation: EXIF's 1 … 8. icc: the colour profile. several: more than one picture.
    gain_map: it has an HDR gain map. whole: the end of the picture was found. channels: of a
    JPEG with 8 bits, else 0. inverted: grey values
    with 0 = white. wide: colours beyond sRGB, named by a number instead of a profile.
    deep: more than 8 bits a colour. beyond_png: samples that a PNG cannot hold: inks, L*a*b*, 32
    bits, 0 as white, colours multiplied by alpha. beyond_pillow: a TIFF that only tifffile reads.
    """

    format: str
    reduced: bytes | Callable[[], bytes]
    size: tuple[int, int] | None
    orientation: int = 1
    icc: bytes | None = None
    several: bool = False
    whole: bool = True
    channels: int = 0
    inverted: bool = False
    wide: bool = False
    deep: bool = False
    gain_map: bool = False
    beyond_png: bool = False
    beyond_pillow: bool = False

    @cached_property
    def data(self) -> bytes:
        """The file with only what a decoder needs: a large one is copied for decoders alone."""
        return self.reduced if isinstance(self.reduced, bytes) else self.reduced()


def exif_orientation(exif: bytes) -> int:
    """Tag 0x0112 of an EXIF block's first directory; 1 where it is absent or broken."""
    value = _first_number(exif.removeprefix(b"Exif\0\0"), 0x0112)
    return value if value is not None and 1 <= value <= 8 else 1


def pictures_listed(index: bytes) -> int:
    """How many pictures an MPF index lists (CIPA DC-007), less previews of the first; 1 where it
    is broken."""
    order = _order(index)
    place = _first_number(index, 0xB002)
    count = _first_number(index, 0xB001)
    if place is None or count is None:
        return 1
    kinds = (index[at : at + 4] for at in range(place, min(place + 16 * count, len(index)), 16))
    numbers = [struct.unpack(order + "I", kind)[0] & 0xFFFFFF for kind in kinds if len(kind) == 4]
    return sum(number >> 16 != _PREVIEW for number in numbers) or 1


_PREVIEW = 1  # the upper byte of a picture's type: 010001 and 010002 are previews


def _order(block: bytes) -> str:
    return {b"II": "<", b"MM": ">"}.get(block[:2], "")


def _first_number(block: bytes, wanted: int) -> int | None:
    """A tag's value, or its place, in the first directory of a TIFF block."""
    order = _order(block)
    if not order:
        return None
    try:
        (start,) = struct.unpack_from(order + "I", block, 4)
        (count,) = struct.unpack_from(order + "H", block, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind = struct.unpack_from(order + "HH", block, entry)
            if tag == wanted:
                short = "H" if kind == 3 else "I"
                return int(struct.unpack_from(order + short, block, entry + 8)[0])
    except struct.error:
        pass
    return None
