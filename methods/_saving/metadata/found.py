"""Where a file keeps its metadata: the blocks, not yet read.

The containers are walked by the same bounded walkers as before decoding (`_photo.containers`):
Pillow reads all metadata of a file that it opens, however much that is made to be.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from methods._photo.av1 import items
from methods._photo.containers import jpeg_segments, png_chunks, read_header, riff_chunks
from methods._photo.header import Header
from methods._saving.metadata.beside import beside_in
from methods._saving.metadata.kinds import Kind

PHOTOSHOP = b"Photoshop 3.0\0"
XMP = b"http://ns.adobe.com/xap/1.0/\0"
XMP_MORE = b"http://ns.adobe.com/xmp/extension/\0"
_EXIF = b"Exif\0\0"
_TIFF = (b"II*\0", b"MM\0*")
_TEXT_CHUNKS = {b"tEXt", b"zTXt", b"iTXt"}
_MOST = 8 << 20
"""Bytes of one block; honest ones have some kilobytes, Photoshop's a few megabytes."""


@dataclass(slots=True)
class Found:
    """exif: as a TIFF block; of a TIFF file the file itself. xmp: the packet. photoshop: image
    resources, without their head, a block for each segment. iptc: IIM records. text: a PNG's
    chunks with text, whole, in their order. resolution: a PNG's pHYs or a JPEG's JFIF, whole.
    beside: what is in the file beside the picture and is never carried over. broken: blocks that
    were too large to be looked at."""

    header: Header
    exif: bytes | None = None
    xmp: bytes | None = None
    photoshop: list[bytes] = field(default_factory=list)
    iptc: bytes | None = None
    icc: bytes | None = None
    text: list[bytes] = field(default_factory=list)
    resolution: bytes | None = None
    comment: bytes | None = None
    beside: set[Kind] = field(default_factory=set)
    broken: set[Kind] = field(default_factory=set)


def found_in(data: bytes) -> Found:
    """Of any file that `_photo` reads. Raises as `read_header` does."""
    header = read_header(data)
    found = Found(header, icc=header.icc)
    walker = _WALKERS.get(header.format)
    if walker is not None:
        walker(data, found)
    found.beside |= beside_in(data, header, found.xmp)
    return found


def _small(block: bytes | memoryview, kind: Kind, found: Found) -> bytes | None:
    if len(block) <= _MOST:
        return bytes(block)
    found.broken.add(kind)
    return None


def _jpeg(data: bytes, found: Found) -> None:
    for marker, start, end in jpeg_segments(data):
        body = data[start + 4 : end]
        if marker == 0xE1:
            _jpeg_app1(body, found)
        elif marker == 0xED and body.startswith(PHOTOSHOP):
            found.photoshop.append(body[len(PHOTOSHOP) :])
        elif marker == 0xE0 and body.startswith(b"JFIF\0"):
            found.resolution = data[start:end]
        elif marker == 0xFE:
            found.comment = found.comment or body


def _jpeg_app1(body: bytes, found: Found) -> None:
    """EXIF in several segments, as some programs write it, is joined."""
    if body.startswith(_EXIF):
        found.exif = _small((found.exif or b"") + body[len(_EXIF) :], "exif", found)
    elif body.startswith(XMP) and found.xmp is None:
        found.xmp = body[len(XMP) :]
    elif body.startswith(XMP_MORE):
        found.beside.add("xmp_more")


def _png(data: bytes, found: Found) -> None:
    for name, start, end in png_chunks(data):
        body = data[start + 8 : end - 4]
        if name == b"eXIf":
            found.exif = _small(body, "exif", found)
        elif name == b"pHYs":
            found.resolution = data[start:end]
        elif name == b"iTXt" and body.startswith(_PNG_XMP):
            found.xmp = _small(_unpacked(body[len(_PNG_XMP) :]), "xmp", found)
        elif name in _TEXT_CHUNKS and len(found.text) < _MOST_TEXTS:
            found.text.append(data[start:end])


_MOST_TEXTS = 1000
_PNG_XMP = b"XML:com.adobe.xmp\0"


def _unpacked(body: bytes) -> bytes:
    """The text of an iTXt chunk, from behind its keyword; nothing where it is broken."""
    text = body[2:].split(b"\0", 2)[-1]
    try:
        return zlib.decompressobj().decompress(text, _MOST) if body[:1] == b"\1" else text
    except zlib.error:
        return b""


def _webp(data: bytes, found: Found) -> None:
    for name, body in riff_chunks(data):
        if name == b"EXIF":
            found.exif = _small(bytes(body).removeprefix(_EXIF), "exif", found)
        elif name == b"XMP ":
            found.xmp = _small(body, "xmp", found)


def _tiff(data: bytes, found: Found) -> None:
    """Its first directory is read where EXIF is: it is the same."""
    found.exif = data


def _iso_media(data: bytes, found: Found) -> None:
    """HEIC and AVIF. Items are told by what they begin with."""
    for item in _readable(items(data)):
        head = bytes(item[:4096])
        if (start := _exif_start(head)) is not None:
            found.exif = _small(item[start:], "exif", found)
        elif b"<x:xmpmeta" in head or b"<?xpacket" in head:
            found.xmp = _small(item, "xmp", found)


def _readable(parts: Iterator[memoryview]) -> Iterator[memoryview]:
    try:
        yield from parts
    except (ValueError, IndexError, struct.error):
        return


def _exif_start(head: bytes) -> int | None:
    """Of the TIFF block in an item of EXIF (ISO 23008-12, A.2.1): behind a number that tells how
    many bytes follow it before the block; 0, or 6 for the name."""
    skipped = 4 + int.from_bytes(head[:4], "big")
    return skipped if head[skipped : skipped + 4] in _TIFF else None


_WALKERS = {
    "JPEG": _jpeg,
    "PNG": _png,
    "WEBP": _webp,
    "TIFF": _tiff,
    "HEIC": _iso_media,
    "AVIF": _iso_media,
}
