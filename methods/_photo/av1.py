"""How large the frames inside an AVIF file really are.

The container names a size, but the AV1 decoder obeys the sequence header in the coded data,
which may say something much larger. Layouts: ISO 14496-12 (boxes, iloc, stco) and the AV1
bitstream specification, sections 5.3 to 5.5 (OBUs, sequence header).

All of it is ours because no library tells this size without decoding: Pillow (libavif) and
libheif say what the container says, and dav1d and libaom have by then taken the frame's memory.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_MAX_PARTS = 20_000  # boxes, fields, OBUs of one file; an honest one has some hundreds
_PARENTS = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}


def largest_frame(data: bytes) -> tuple[int, int]:
    """(width, height) of the largest sequence header; (0, 0) where there is none.

    Raises struct.error, IndexError or ValueError for boxes that cannot be read.
    """
    largest, budget = (0, 0), iter(range(_MAX_PARTS))
    for coded in _coded_parts(data):
        for header in _sequence_headers(coded, budget):
            size = _frame_size(header)
            largest = max(largest, size, key=lambda pair: pair[0] * pair[1])
    return largest


def items(data: bytes) -> Iterator[memoryview]:
    """The data of each item of a HEIC or AVIF file: pictures, their metadata. Raises as above."""
    view = memoryview(data)
    for name, body in boxes(view):
        if name == b"meta":
            yield from _items(view, dict(boxes(body[4:])))


def _coded_parts(data: bytes) -> Iterator[memoryview]:
    """The data of each item, and of each track from its first sample on."""
    view = memoryview(data)
    for name, body in boxes(view):
        if name == b"meta":
            yield from _items(view, dict(boxes(body[4:])))
        elif name == b"moov":
            for table, width in _chunk_tables(body):
                if len(table) >= 8 + width:
                    yield view[int.from_bytes(table[8 : 8 + width], "big") :]


def boxes(view: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """(name, content) of boxes that follow one another. Raises as above."""
    start = 0
    for _ in range(_MAX_PARTS):
        if start + 8 > len(view):
            return
        length, name = struct.unpack_from(">I4s", view, start)
        head = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", view, start + 8)
            head = 16
        end = start + length if length else len(view)
        if length and length < head:
            raise ValueError("a box shorter than its head")
        yield name, view[start + head : end]
        start = end
    raise ValueError("too many boxes")


def _chunk_tables(body: memoryview) -> Iterator[tuple[memoryview, int]]:
    for name, part in boxes(body):
        if name in _PARENTS:
            yield from _chunk_tables(part)
        elif name in (b"stco", b"co64"):
            yield part, 4 if name == b"stco" else 8


def _items(view: memoryview, meta: dict[bytes, memoryview]) -> Iterator[memoryview]:
    """Extents joined, item by item (ISO 14496-12, 8.11.3)."""
    if b"iloc" not in meta:
        return
    read = _Fields(meta[b"iloc"])
    version = read.number(1)
    read.number(3)
    sizes, more_sizes = read.number(1), read.number(1)
    offset_size, length_size = sizes >> 4, sizes & 15
    base_size, index_size = more_sizes >> 4, more_sizes & 15 if version else 0
    for _ in range(read.number(2 if version < 2 else 4)):
        read.number(2 if version < 2 else 4)
        method = read.number(2) & 15 if version else 0
        read.number(2)
        base = read.number(base_size)
        source = meta.get(b"idat", view[:0]) if method == 1 else view
        parts = []
        for _ in range(read.number(2)):
            read.number(index_size)
            offset, length = base + read.number(offset_size), read.number(length_size)
            parts.append(source[offset : offset + length] if length else source[offset:])
        if sum(map(len, parts)) > 2 * len(view):
            raise ValueError("extents larger than the file")
        yield parts[0] if len(parts) == 1 else memoryview(b"".join(parts))


class _Fields:
    """Big-endian numbers one after the other."""

    def __init__(self, view: memoryview) -> None:
        self._view, self._at, self._parts = view, 0, 0

    def number(self, size: int) -> int:
        self._parts += 1
        if self._at + size > len(self._view) or self._parts > _MAX_PARTS:
            raise ValueError("a table longer than its box")
        self._at += size
        return int.from_bytes(self._view[self._at - size : self._at], "big")


def _sequence_headers(coded: memoryview, budget: Iterator[int]) -> Iterator[memoryview]:
    """Payloads of all OBUs of type 1; `budget` yields once for each OBU of the file."""
    at = 0
    for _ in budget:
        if at >= len(coded):
            return
        head = coded[at]
        at += 2 if head & 4 else 1
        size = len(coded) - at
        if head & 2:
            size, at = _leb128(coded, at)
        if head >> 3 & 15 == 1:
            yield coded[at : at + size]
        at += size
    raise ValueError("too many OBUs")


def _leb128(coded: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for step, byte in enumerate(coded[at : at + 8]):
        value |= (byte & 127) << 7 * step
        if byte < 128:
            return value, at + step + 1
    return value, len(coded)


class _Bits:
    """Bits from the most significant on; zeros after the end."""

    def __init__(self, payload: memoryview) -> None:
        data = bytes(payload[:256])
        self._value, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise ValueError("a sequence header that ends too early")
        return self._value >> self._left & ((1 << count) - 1)


def _frame_size(payload: memoryview) -> tuple[int, int]:
    """max_frame_width and max_frame_height (AV1, 5.5.1)."""
    bits = _Bits(payload)
    bits.take(4)
    if bits.take(1):  # reduced_still_picture_header
        bits.take(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    return bits.take(width_bits) + 1, bits.take(height_bits) + 1


def _skip_operating_points(bits: _Bits) -> None:
    delay_bits = _skip_timing(bits) if bits.take(1) else 0
    display_delay = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if delay_bits and bits.take(1):
            bits.take(2 * delay_bits + 1)
        if display_delay and bits.take(1):
            bits.take(4)


def _skip_timing(bits: _Bits) -> int:
    """Returns the length of a buffer delay; 0 without a decoder model."""
    bits.take(64)
    if bits.take(1):  # equal_picture_interval, then an Exp-Golomb number
        zeros = 0
        while not bits.take(1):
            zeros += 1
        bits.take(zeros if zeros < 32 else 0)
    if not bits.take(1):
        return 0
    delay_bits = bits.take(5) + 1
    bits.take(42)
    return delay_bits
