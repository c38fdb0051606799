"""The first directory of a TIFF file, read and rewritten with only what a decoder needs.

TIFF 6.0 and BigTIFF. Further pages, nested directories and everything about the camera
stay out of the decoder's sight; see `_photo.containers` for why.

Why it is ours, part by part. The directory and `_slim`: Pillow, which shows the picture, copies
the values of all tags before it tells a size (2000 tags that share 4 MB: 8 GB and half a minute),
so it must not see them; tifffile leaves such values where they are, but follows the private
directories of a dozen microscopes and scanners while it opens a file, and writes no directory for
another reader. `_beyond_pillow` and the tile's size: both libraries find out by decoding. Samples
are nobody's here: Pillow and, where a result is saved, tifffile read what is left.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import partial

from methods._photo.header import MAX_PROFILE, BadHeader, Header, UnknownFormat, UnreadSamples

_UNIT = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
         16: 8, 17: 8, 18: 8}  # fmt: skip
_SCALAR = {1: "B", 3: "H", 4: "I", 16: "Q"}

_WIDTH, _HEIGHT, _PHOTOMETRIC, _ORIENTATION, _TILE = 256, 257, 262, 274, (322, 323)
_SAMPLE_FORMAT, _COLORS, _FLOAT, _LAB = 339, 277, 3, 8
_SUBFILE_TYPE, _BITS, _PROFILE, _DNG_VERSION = 254, 258, 34675, 50706
_FOR_THE_DECODER = {
    *(256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320),
    *(322, 323, 324, 325, 332, 338, 339, 347, 512, 513, 514, 515, 519, 520, 521),
    *(529, 530, 531, 532),
}
_MAX_TABLES = 8 << 20  # bytes of strip offsets, palettes and so on, all together


@dataclass(frozen=True, slots=True)
class _Layout:
    """How numbers stand in this file: byte order and classic (32-bit) or big (64-bit)."""

    order: str
    big: bool

    @property
    def entry(self) -> struct.Struct:
        """Tag, type, count, value or offset."""
        return struct.Struct(self.order + ("HHQ8s" if self.big else "HHI4s"))

    @property
    def count(self) -> str:
        """Format of a directory's number of entries."""
        return self.order + ("Q" if self.big else "H")

    @property
    def offset(self) -> str:
        """Format of a position in the file."""
        return self.order + ("Q" if self.big else "I")


@dataclass(frozen=True, slots=True)
class _Entry:
    tag: int
    kind: int
    count: int
    value: bytes
    raw: bytes

    @property
    def bytes(self) -> int:
        """Size of the values, wherever they lie."""
        return self.count * _UNIT.get(self.kind, 0)


def read_tiff(data: bytes) -> Header:
    """Raises BadHeader, UnreadSamples, or UnknownFormat for a camera's raw file, whose first
    picture is a thumbnail."""
    layout = _Layout("<" if data[:2] == b"II" else ">", data[2:4] in (b"+\0", b"\0+"))
    entries, several = _first_directory(data, layout)
    number = {tag: _scalar(entry, layout) for tag, entry in entries.items()}
    if _DNG_VERSION in entries or number.get(_SUBFILE_TYPE, 0) & 1 or data[8:10] == b"CR":
        raise UnknownFormat("a camera's raw file")
    size = number.get(_WIDTH, 0), number.get(_HEIGHT, 0)
    beyond_pillow = _beyond_pillow(data, layout, entries)
    tile = number.get(_TILE[0], 0), number.get(_TILE[1], 0)
    if tile[0] * tile[1] > 4 * max(size[0] * size[1], 1 << 20):
        raise BadHeader("tiles larger than the picture")
    orientation = number.get(_ORIENTATION, 1)
    needed = [entry for tag, entry in entries.items() if tag in _FOR_THE_DECODER]
    if sum(entry.bytes for entry in needed) > _MAX_TABLES:
        raise BadHeader("tables larger than a picture needs")
    return Header(
        "TIFF",
        partial(_slim, data, layout, needed),
        size,
        orientation if 1 <= orientation <= 8 else 1,
        _profile(data, layout, entries),
        several,
        inverted=number.get(_PHOTOMETRIC) == 0,
        deep=_first_value(data, layout, entries, _BITS) > 8,
        beyond_png=_beyond_png(data, layout, entries),
        beyond_pillow=beyond_pillow,
    )


def _beyond_png(data: bytes, layout: _Layout, entries: dict[int, _Entry]) -> bool:
    kind, bits, extra = (
        _first_value(data, layout, entries, tag) for tag in (_PHOTOMETRIC, _BITS, _EXTRA)
    )
    fractions = _first_value(data, layout, entries, _SAMPLE_FORMAT) == _FLOAT
    multiplied = _EXTRA in entries and extra == _MULTIPLIED
    return kind not in _OF_PNG or bits > 16 or fractions or multiplied


_EXTRA, _MULTIPLIED = 338, 1
_OF_PNG = {1, 2, 3, 6}  # grey with 0 = black, RGB, palette, YCbCr (which is read as RGB)


def _first_directory(data: bytes, layout: _Layout) -> tuple[dict[int, _Entry], bool]:
    (start,) = struct.unpack_from(layout.offset, data, 8 if layout.big else 4)
    (count,) = struct.unpack_from(layout.count, data, start)
    if count > 4096:
        raise BadHeader("too many entries")
    size = layout.entry.size
    first = start + struct.calcsize(layout.count)
    entries = {}
    for at in range(first, first + count * size, size):
        tag, kind, values, value = layout.entry.unpack_from(data, at)
        entries[tag] = _Entry(tag, kind, values, value, data[at : at + size])
    (following,) = struct.unpack_from(layout.offset, data, first + count * size)
    return entries, following != 0


def _scalar(entry: _Entry, layout: _Layout) -> int:
    """The first value where it is a whole number that stands in the entry itself."""
    form = _SCALAR.get(entry.kind)
    if form is None or not entry.count or entry.bytes > len(entry.value):
        return 0
    return int(struct.unpack_from(layout.order + form, entry.value)[0])


def _beyond_pillow(data: bytes, layout: _Layout, entries: dict[int, _Entry]) -> bool:
    """Whether its samples are floats or wide numbers that Pillow does not know: it reads such of
    32 bits in grey alone, and L*a*b* of 8. Raises UnreadSamples for those that nobody here reads.
    """
    bits, kind, colors = (
        _first_value(data, layout, entries, tag) for tag in (_BITS, _SAMPLE_FORMAT, _COLORS)
    )
    lab = _first_value(data, layout, entries, _PHOTOMETRIC) == _LAB
    if bits > 32 or (kind == _FLOAT and bits not in (16, 32)) or (lab and bits > 16):
        raise UnreadSamples(bits)
    return (kind == _FLOAT and bits != 32) or (bits == 32 and colors > 1) or (lab and bits > 8)


def _first_value(data: bytes, layout: _Layout, entries: dict[int, _Entry], tag: int) -> int:
    """Of several short numbers; three or more of them stand elsewhere in a classic file. 1 where
    the tag is absent."""
    entry = entries.get(tag)
    if entry is None:
        return 1
    if entry.bytes <= len(entry.value):
        return _scalar(entry, layout)
    if entry.kind != 3:
        return 1
    (start,) = struct.unpack_from(layout.offset, entry.value)
    return int(struct.unpack_from(layout.order + "H", data, start)[0])


def _profile(data: bytes, layout: _Layout, entries: dict[int, _Entry]) -> bytes | None:
    entry = entries.get(_PROFILE)
    if entry is None:
        return None
    (start,) = struct.unpack_from(layout.offset, entry.value)
    return data[start : start + min(entry.bytes, MAX_PROFILE)]


def _slim(data: bytes, layout: _Layout, entries: list[_Entry]) -> bytes:
    """The same file with a new directory at its end; values stay where they were."""
    where = 8 if layout.big else 4
    width = struct.calcsize(layout.offset)
    pad = b"\0" * (-len(data) % 16)
    view = memoryview(data)  # of which a part is no copy
    return b"".join(
        (
            view[:where],
            struct.pack(layout.offset, len(data) + len(pad)),
            view[where + width :],
            pad,
            struct.pack(layout.count, len(entries)),
            *(entry.raw for entry in entries),
            b"\0" * width,
        )
    )
