"""EXIF (CIPA DC-008), read and written by Pillow's directories of TIFF.

Each value keeps its type, and text its bytes. What belongs to other pixels than those that are
written stays out: thumbnails, the places of strips, what others keep in tags of their own.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from PIL.TiffImagePlugin import ImageFileDirectory_v2 as Directory

from methods._saving.metadata.kinds import Kind
from methods._saving.metadata.way import Way

EXIF, GPS, INTEROP = 0x8769, 0x8825, 0xA005
_ASCII, _SHORT, _LONG = 2, 3, 4
_ORIENTATION, _SOFTWARE, _WIDTH, _HEIGHT = 0x0112, 0x0131, 0xA002, 0xA003
XMP, IPTC, PHOTOSHOP = 0x02BC, 0x83BB, 0x8649
_MAKER_NOTE = 0x927C

_OF_PIXELS = {
    *(0x00FE, 0x00FF, 0x0100, 0x0101, 0x0102, 0x0103, 0x0106, 0x010A, 0x0111, 0x0115, 0x0116),
    *(0x0117, 0x0118, 0x0119, 0x011C, 0x0122, 0x0123, 0x0124, 0x0125, 0x0129, 0x012D, 0x013D),
    *(0x013E, 0x013F, 0x0140, 0x0142, 0x0143, 0x0144, 0x0145, 0x014A, 0x014C, 0x0152, 0x0153),
    *(0x0154, 0x0155, 0x015B, 0x0200, 0x0201, 0x0202, 0x0203, 0x0205, 0x0206, 0x0207, 0x0208),
    *(0x0209, 0x0211, 0x0212, 0x0213, 0x0214),
}
"""How a TIFF stores its pixels; 014A are directories of further pictures."""

_ELSEWHERE = {XMP, IPTC, PHOTOSHOP, 0x8773, 0x935C, 0xC634, EXIF, GPS, INTEROP}
"""XMP, IPTC, Photoshop's blocks and profiles have places of their own; C634 is a raw file's."""

_SERIAL = {0xA430, 0xA431, 0xA435, 0xA420, 0xC62F, 0x013C}
"""Owner, body, lens, the picture's unique number, a raw file's camera; the host computer."""

_PICTURES = b"\xff\xd8\xff", b"\x89PNG\r\n"


class _Bounded(io.BytesIO):
    """A block of which no more is read than it is large, twice over: directories whose entries all
    point at the same kilobytes would fill the memory."""

    def __init__(self, block: bytes, most: int) -> None:
        super().__init__(block)
        self._left = most

    def read(self, size: int | None = -1, /) -> bytes:
        part = super().read(size)
        self._left -= len(part)
        if self._left < 0:
            raise ValueError("directories that point at the same bytes again and again")
        return part


_EMPTY = 14  # bytes of a block with a directory of nothing
_MOST_OF_TIFF = 32 << 20


@dataclass(slots=True)
class Read:
    """Directories by their tags: 0 for the first one. blocks: of the first one, what has places of
    its own, by its tag. kinds: what is in it."""

    order: bytes
    directories: dict[int, Directory] = field(default_factory=dict)
    blocks: dict[int, bytes] = field(default_factory=dict)
    kinds: set[Kind] = field(default_factory=set)


def read(block: bytes) -> Read:
    """A TIFF block, or a TIFF file. Raises ValueError and whatever Pillow does of broken ones."""
    big = block[2:3] == b"+" or block[3:4] == b"+"
    head = block[: 16 if big else 8]
    file = _Bounded(block, min(2 * len(block), _MOST_OF_TIFF) + 64)
    first = _directory(file, head, Directory(ifh=head).next, None)
    if not list(first) and len(block) > _EMPTY:
        raise ValueError("no directory")
    result = Read(block[:2], {0: first})
    for parent, tag in ((0, EXIF), (0, GPS), (EXIF, INTEROP)):
        place = result.directories[parent].get(tag) if parent in result.directories else None
        if isinstance(place, int):
            result.directories[tag] = _directory(file, head, place, tag)
    result.blocks = {tag: first[tag] for tag in (XMP, IPTC, PHOTOSHOP) if tag in first}
    result.kinds = set(_kinds(result, pages=not _is_exif(first)))
    return result


def _is_exif(first: Directory) -> bool:
    """Not a TIFF file, in which a further directory is a page."""
    return 0x0111 not in first and 0x0144 not in first


def _directory(file: io.BytesIO, head: bytes, place: int, tag: int | None) -> Directory:
    directory = Directory(ifh=head, group=tag)
    file.seek(place)
    directory.load(file)
    return directory


def _kinds(read: Read, *, pages: bool) -> Iterator[Kind]:
    first = read.directories[0]
    if GPS in read.directories:
        yield "location"
    tags = {tag for directory in read.directories.values() for tag in directory}
    if tags & _SERIAL:
        yield "serial"
    if _MAKER_NOTE in tags:
        yield "maker_note"
    if (first.next and not pages) or 0x0201 in tags or any(_shows(d) for d in _all(read)):
        yield "thumbnail"
    if set(first) - _OF_PIXELS - _ELSEWHERE or EXIF in read.directories:
        yield "exif"


def _all(read: Read) -> list[Directory]:
    return list(read.directories.values())


def _shows(directory: Directory) -> bool:
    return any(_is_picture(directory[tag]) for tag in directory if tag not in _ELSEWHERE)


def _is_picture(value: object) -> bool:
    return isinstance(value, bytes) and any(mark in value for mark in _PICTURES)


def written(read: Read, way: Way) -> bytes:
    """A TIFF block in the same order of bytes, with what may come along."""
    kept = {tag: _kept(read, tag, way) for tag in read.directories if way.location or tag != GPS}
    _sign(kept[0], kept.get(EXIF), way)
    return _joined(read.order, kept)


def new(way: Way) -> bytes:
    """A block with nothing but who changed the photo."""
    first = _empty(b"II", None)
    _sign(first, None, way)
    return _joined(b"II", {0: first})


def _empty(order: bytes, tag: int | None) -> Directory:
    return Directory(ifh=_head(order), group=tag)


def _head(order: bytes) -> bytes:
    """Of a block whose first directory follows at once."""
    return order + (b"*\0\x08\0\0\0" if order == b"II" else b"\0*\0\0\0\x08")


def _kept(read: Read, tag: int, way: Way) -> Directory:
    source, result = read.directories[tag], _empty(read.order, tag or None)
    for each in source:
        value = source[each]
        if each in _OF_PIXELS | _ELSEWHERE or _is_picture(value):
            continue
        if not way.location and (each in _SERIAL or each == _MAKER_NOTE):
            continue
        _put(result, each, source.tagtype[each], value)
    return result


def _put(directory: Directory, tag: int, kind: int, value: object) -> None:
    """Text as the bytes it was: Pillow reads them one letter each, and would write ASCII alone."""
    directory.tagtype[tag] = kind
    directory[tag] = value.encode("latin-1") if isinstance(value, str) else value


def _sign(first: Directory, exif: Directory | None, way: Way) -> None:
    _put(first, _SOFTWARE, _ASCII, way.made_by.program.encode("utf-8"))
    if _ORIENTATION in first or way.orientation != 1:
        _put(first, _ORIENTATION, _SHORT, way.orientation)
    for tag, value in ((_WIDTH, way.size[0]), (_HEIGHT, way.size[1])):
        if exif is not None and tag in exif:
            _put(exif, tag, _LONG, value)


def _joined(order: bytes, kept: dict[int, Directory]) -> bytes:
    """One after the other, each pointed at from above."""
    first = kept[0]
    below = [(parent, tag) for parent, tag in ((0, EXIF), (EXIF, INTEROP), (0, GPS)) if tag in kept]
    for parent, tag in below:
        _put(kept[parent], tag, _LONG, 1)
    place = 8 + len(first.tobytes(8))
    for parent, tag in below:
        _put(kept[parent], tag, _LONG, place)
        place += len(kept[tag].tobytes(place))
    parts = [first.tobytes(8)]
    for _, tag in below:
        parts.append(kept[tag].tobytes(8 + sum(map(len, parts))))
    return _head(order) + b"".join(parts)


def as_bytes(value: object) -> bytes:
    """A value of a type that is bytes, as it stood in the file; Pillow reads text as Latin-1."""
    return value.encode("latin-1") if isinstance(value, str) else bytes(value)  # type: ignore[call-overload,no-any-return]


def directory_at(read: Read, tag: int, head: bytes, place: int) -> bytes:
    """One directory as it stands at a place of a TIFF file that begins with head: in the file's
    own order of bytes. EXIF's brings the one below it."""
    copy = _copied(read.directories[tag], head)
    if tag != EXIF or INTEROP not in read.directories:
        return copy.tobytes(place)
    _put(copy, INTEROP, _LONG, 1)
    below = place + len(copy.tobytes(place))
    _put(copy, INTEROP, _LONG, below)
    return copy.tobytes(place) + _copied(read.directories[INTEROP], head).tobytes(below)


def _copied(source: Directory, head: bytes) -> Directory:
    copy = Directory(ifh=head, group=source.group)
    for tag in source:
        _put(copy, tag, source.tagtype[tag], source[tag])
    return copy
