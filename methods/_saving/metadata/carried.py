"""A photo's metadata on its way into the file that is saved; what is broken is left and named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from methods._base import Text
from methods._saving.contract import FileFormat, MadeBy, Wish
from methods._saving.metadata import exif, iptc, text, xmp
from methods._saving.metadata.found import Found, found_in
from methods._saving.metadata.kinds import Kind, in_order
from methods._saving.metadata.resolution import dots_per_inch
from methods._saving.metadata.way import Way

_Value = TypeVar("_Value")

_ALWAYS_LEFT: set[Kind] = {
    *("thumbnail", "depth_map", "gain_map", "motion"),
    *("pictures", "credentials", "xmp_more", "trailer"),
}
_LEFT_ON_WISH: set[Kind] = {"location", "serial", "maker_note"}

_HOLDS: dict[FileFormat, set[Kind]] = {
    "jpeg": {"exif", "xmp", "iptc", "comment"},
    "png": {"exif", "xmp", "text", "comment"},
    "tiff": {"exif", "xmp", "iptc"},
    "webp": {"exif", "xmp"},
    "avif": {"exif", "xmp"},
}
"""What each format has a place for."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What goes into the file. exif: a TIFF block. xmp: a packet. iptc: IIM records. text: a PNG's,
    by keyword. dpi: horizontally, vertically. icc: as the original has it: it belongs to colours
    that are written as they were. removed, notes: as in `SavedFile`."""

    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    icc: bytes | None = None
    text: dict[str, str] = field(default_factory=dict)
    comment: bytes | None = None
    dpi: tuple[float, float] | None = None
    removed: tuple[str, ...] = ()
    notes: tuple[Text, ...] = ()


@dataclass(slots=True)
class _Read:
    """What could be read. Broken is what could not."""

    found: Found
    exif: exif.Read | None = None
    xmp: xmp.Document | None = None
    iptc: iptc.Records = field(default_factory=dict)
    text: text.Texts = field(default_factory=dict)
    kinds: set[Kind] = field(default_factory=set)
    broken: set[Kind] = field(default_factory=set)

    def tried(self, kind: Kind, work: Callable[[], _Value]) -> _Value | None:
        """Readers of what strangers wrote raise errors of any class."""
        try:
            return work()
        except (Exception, RecursionError):
            self.broken.add(kind)
            return None


def describe_metadata(original: bytes) -> tuple[Kind, ...]:
    """Kinds of what the photo in a file tells beside its pixels, what concerns people first.

    original: a file that `load_image` has read; what is broken in it is not told. Raises BadHeader
    or UnknownFormat for another one.
    """
    return in_order(_read(original).kinds)


def carried(
    original: bytes,
    made_by: MadeBy,
    wish: Wish,
    target: FileFormat,
    *,
    size: tuple[int, int],
    orientation: int = 1,
) -> Metadata:
    """What of a photo's metadata goes into the file that is saved.

    original: a file that `load_image` has read. size: (width, height) of the pixels as they are
    written; orientation: EXIF's 1 … 8, what they are to be turned by to stand upright.
    """
    way = Way(made_by, target, wish.keep_location, size, orientation)
    read = _read(original)
    said = read.found.header
    return Metadata(
        exif=_exif(read, way),
        xmp=_xmp(read, way),
        iptc=_iptc(read, way),
        icc=said.icc,
        text=_text(read, way),
        comment=read.found.comment if target in ("jpeg", "png") else None,
        dpi=_dpi(read),
        removed=in_order(_removed(read, way)),
        notes=_notes(read),
    )


# --- reading -----------------------------------------------------------------------------


def _read(original: bytes) -> _Read:
    found = found_in(original)
    read = _Read(found, kinds=set(found.beside), broken=set(found.broken))
    _read_exif(read)
    _read_xmp(read)
    _read_iptc(read)
    texts, kinds = read.tried("text", lambda: text.read(found.text)) or ({}, set())
    read.text = texts
    read.kinds |= kinds | ({"icc"} if found.icc else set())
    read.kinds |= {"comment"} if found.comment else set()
    return read


def _read_exif(read: _Read) -> None:
    block = read.found.exif or read.tried("exif", lambda: text.raw_exif(read.found.text))
    if block is None:
        return
    read.exif = read.tried("exif", lambda: exif.read(block))
    if read.exif is not None:
        read.kinds |= read.exif.kinds
        if read.found.header.format == "TIFF":
            _take_blocks(read, read.exif)


def _take_blocks(read: _Read, tiff: exif.Read) -> None:
    """In a TIFF's first directory stand XMP, IPTC and Photoshop's resources, too."""
    blocks = {tag: value for tag, value in tiff.blocks.items() if isinstance(value, bytes)}
    read.found.xmp = blocks.get(exif.XMP)
    read.found.iptc = blocks.get(exif.IPTC)
    if exif.PHOTOSHOP in blocks:
        read.found.photoshop.append(blocks[exif.PHOTOSHOP])


def _read_xmp(read: _Read) -> None:
    packet = read.found.xmp
    if packet is None:
        return
    read.xmp = read.tried("xmp", lambda: xmp.read(packet))
    if read.xmp is not None:
        read.kinds |= xmp.kinds_of(read.xmp)


def _read_iptc(read: _Read) -> None:
    found = read.found
    if not found.photoshop and found.iptc is None:
        return
    records, kinds = read.tried("iptc", lambda: iptc.read(found.photoshop, found.iptc)) or (
        {},
        set(),
    )
    read.iptc = records
    read.kinds |= kinds


# --- writing -----------------------------------------------------------------------------


def _exif(read: _Read, way: Way) -> bytes | None:
    block = read.exif
    if block is None:
        return exif.new(way)
    return read.tried("exif", lambda: exif.written(block, way)) or exif.new(way)


def _xmp(read: _Read, way: Way) -> bytes | None:
    document = read.xmp
    if document is None:
        return xmp.new(way)
    return read.tried("xmp", lambda: xmp.written(document, way)) or xmp.new(way)


def _iptc(read: _Read, way: Way) -> bytes | None:
    if "iptc" not in _HOLDS[way.target] or not read.iptc:
        return None
    return read.tried("iptc", lambda: iptc.written(read.iptc, way)) or None


def _text(read: _Read, way: Way) -> dict[str, str]:
    return text.kept(read.text, way) if way.target == "png" else {}


def _dpi(read: _Read) -> tuple[float, float] | None:
    return read.tried("exif", lambda: dots_per_inch(read.found.resolution, read.exif))


def _removed(read: _Read, way: Way) -> set[Kind]:
    left = _ALWAYS_LEFT | (set() if way.location else _LEFT_ON_WISH)
    no_place: set[Kind] = {"exif", "xmp", "iptc", "text", "comment"}
    return read.kinds & (left | (no_place - _HOLDS[way.target]))


def _notes(read: _Read) -> tuple[Text, ...]:
    return tuple(
        Text("note.saving.broken", what=Text(f"metadata.kind.{kind}"))
        for kind in in_order(read.broken)
    )
