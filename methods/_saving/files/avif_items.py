"""EXIF, XMP and a colour profile put into an AVIF that imagecodecs has written.

Ours, because what codes an AVIF without loss takes none of them, and nothing here adds them to a
file (Pillow and libheif only code anew). What is read are boxes that libavif has laid a moment ago,
never a stranger's. Layouts: ISO 14496-12 (8.11: iloc, iinf, iprp, iref), 23008-12 (A.2.1, A.3).
"""

from __future__ import annotations

import struct

from methods._photo.av1 import boxes
from methods._saving.metadata.carried import Metadata

_XMP = b"mime\0application/rdf+xml\0"
_EXIF = b"Exif\0"
_WIDE_OFFSETS, _NO_BASE = 0x44, 0x00
_OFFSET = struct.Struct(">I")
_EXTENT = struct.Struct(">II")

Parts = dict[bytes, bytes]
"""Boxes in their order, by their names."""


def with_items(avif: bytes, metadata: Metadata) -> bytes:
    """Raises ValueError or struct.error where libavif lays its boxes in another way than it did."""
    items = [(_XMP, metadata.xmp)] if metadata.xmp is not None else []
    if metadata.exif is not None:
        items.append((_EXIF, _OFFSET.pack(0) + metadata.exif))
    file, lengths = _parts(avif), [len(data) for _, data in items]
    head, meta = file[b"meta"][:4], file[b"meta"][4:]
    parts = _described(_parts(meta), [kind for kind, _ in items], metadata.icc)
    before = parts[b"iloc"]
    parts[b"iloc"] = _located(before, 0, 0, lengths)  # as large as it will be
    place = len(avif) - len(file[b"mdat"]) + len(_joined(parts)) - len(meta)
    parts[b"iloc"] = _located(before, place - _start(avif, file) + sum(lengths), place, lengths)
    file[b"meta"] = head + _joined(parts)
    file[b"mdat"] = b"".join(data for _, data in items) + file[b"mdat"]
    return _joined(file)


def _start(avif: bytes, file: Parts) -> int:
    """Of the picture's data, which come last."""
    if next(reversed(file)) != b"mdat":
        raise ValueError("a picture whose data are not at its end")
    return len(avif) - len(file[b"mdat"])


def _parts(data: bytes) -> Parts:
    found = [(name, bytes(body)) for name, body in boxes(memoryview(data))]
    parts = dict(found)
    if len(parts) < len(found):
        raise ValueError("two boxes of one name")
    return parts


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body


def _joined(parts: Parts) -> bytes:
    return b"".join(_box(name, body) for name, body in parts.items())


def _described(parts: Parts, kinds: list[bytes], icc: bytes | None) -> Parts:
    """What tells of the items, all but where they lie."""
    (picture,) = struct.unpack(">4xH", parts[b"pitm"])
    last = max(_places(parts[b"iloc"]))
    changed = dict(parts)
    if kinds:
        changed[b"iinf"] = _named(parts[b"iinf"], last, kinds)
        links = [
            _box(b"cdsc", struct.pack(">HHH", last + 1 + number, 1, picture))
            for number in range(len(kinds))
        ]
        changed[b"iref"] = parts.get(b"iref", bytes(4)) + b"".join(links)
    if icc is not None:
        changed[b"iprp"] = _coloured(parts[b"iprp"], picture, icc)
    return changed


def _named(iinf: bytes, last: int, kinds: list[bytes]) -> bytes:
    """Of a table of version 0 with more entries, each an infe of version 2 without a name."""
    version, count = struct.unpack_from(">IH", iinf)
    if version:
        raise ValueError("a table of items of another version")
    more = [
        _box(b"infe", struct.pack(">IHH", 2 << 24, last + 1 + number, 0) + kind)
        for number, kind in enumerate(kinds)
    ]
    return struct.pack(">IH", 0, count + len(more)) + iinf[6:] + b"".join(more)


def _coloured(iprp: bytes, picture: int, icc: bytes) -> bytes:
    """With the profile as one more property, which the picture has."""
    parts = _parts(iprp)
    number = 1 + sum(1 for _ in boxes(memoryview(parts[b"ipco"])))
    parts[b"ipco"] += _box(b"colr", b"prof" + icc)
    parts[b"ipma"] = _with_property(parts[b"ipma"], picture, number)
    return _joined(parts)


def _with_property(ipma: bytes, picture: int, number: int) -> bytes:
    flags, count = struct.unpack_from(">II", ipma)
    if flags or number > 127:
        raise ValueError("a table of properties of another version")
    result, at = ipma[:8], 8
    for _ in range(count):
        item, properties = struct.unpack_from(">HB", ipma, at)
        own = ipma[at + 3 : at + 3 + properties]
        if item == picture:
            own += bytes((number,))
        result += struct.pack(">HB", item, len(own)) + own
        at += 3 + properties
    return result


def _places(iloc: bytes) -> dict[int, list[tuple[int, int]]]:
    """By item, where its parts begin and how long they are."""
    flags, wide, base, count = struct.unpack_from(">IBBH", iloc)
    if flags or (wide, base) != (_WIDE_OFFSETS, _NO_BASE):
        raise ValueError("a table of places of another version")
    found: dict[int, list[tuple[int, int]]] = {}
    at = 8
    for _ in range(count):
        item, _, extents = struct.unpack_from(">HHH", iloc, at)
        at += 6
        numbers = struct.unpack_from(f">{2 * extents}I", iloc, at)
        found[item] = list(zip(numbers[::2], numbers[1::2], strict=True))
        at += 8 * extents
    return found


def _located(iloc: bytes, grown: int, place: int, lengths: list[int]) -> bytes:
    """With all that was there so much further behind, and the new ones at a place."""
    places = {
        item: [(start + grown, length) for start, length in extents]
        for item, extents in _places(iloc).items()
    }
    for length in lengths:
        places[max(places) + 1] = [(place, length)]
        place += length
    body = b"".join(
        struct.pack(">HHH", item, 0, len(extents))
        + b"".join(_EXTENT.pack(*extent) for extent in extents)
        for item, extents in places.items()
    )
    return struct.pack(">IBBH", 0, _WIDE_OFFSETS, _NO_BASE, len(places)) + body
