"""What an image file says about itself, read before any decoder sees it.

A decoder trusts its input: a picture of 169 megapixels, a comment of millions of blocks
or a directory whose entries all point at the same megabytes cost it minutes and gigabytes.
So each container is walked here, with bounds, and the decoder is given a file that holds
the first picture and nothing else: size, rotation and colour profile are taken out on the
way. The layouts are those of ITU T.81 (JPEG), the PNG, GIF89a, WebP and TIFF 6.0
specifications, BMP as Windows writes it and ISO 14496-12 (HEIC, AVIF).

Why each walk is ours: what a library tells before it decodes comes too late. Of JPEG, PNG, WebP
and GIF Pillow reads, unpacks and keeps all metadata as it opens them, and tells nothing of how
many scans, chunks or pictures there are; OpenCV and imagecodecs decode at once. A JPEG's end, its
scans and MPF's index, a PNG's cICP, a GIF's first picture alone: none of them says these at all.
A BMP's header takes ten lines, since Pillow would unpack its runs in Python. Of HEIC and AVIF
only the brands are read; sizes are libheif's, and for AVIF see `_photo.av1`. Values of metadata
are nobody's here: EXIF, XMP and profiles are read by libraries, where they are wanted.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from functools import partial

from methods._photo.av1 import largest_frame
from methods._photo.header import (
    MAX_PROFILE,
    BadHeader,
    Header,
    UnknownFormat,
    exif_orientation,
    pictures_listed,
)

MAX_SEGMENTS = 20_000
"""Parts (JPEG segments, PNG and WebP chunks) that an honest file stays far below."""

MAX_SCANS = 100
"""Scans of a progressive JPEG; encoders write about ten, an attacker millions."""


def read_header(data: bytes) -> Header:
    """Walk the container. Raises UnknownFormat or BadHeader."""
    try:
        for reader, signature in _READERS:
            if signature.match(data):
                return reader(data)
    except (struct.error, IndexError, ValueError, zlib.error) as error:
        raise BadHeader(str(error)) from error
    raise UnknownFormat("no known signature")


# --- JPEG --------------------------------------------------------------------------------

_JPEG = re.compile(rb"\xff\xd8\xff")
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
_FRAME_HEADERS = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def is_jpeg(data: bytes) -> bool:
    """Whether `read_header` takes it for one."""
    return _JPEG.match(data) is not None


def _jpeg(data: bytes) -> Header:
    parts, scans, whole = [b"\xff\xd8"], 0, False
    size, channels, orientation, pictures = None, 0, 1, 1
    profile: dict[int, bytes] = {}
    done = 2
    for marker, start, end in jpeg_segments(data):
        body = data[start + 4 : end]
        if marker in _FRAME_HEADERS:
            depth, height, width, channels = struct.unpack_from(">BHHB", body)
            size, channels = (width, height), channels if depth == 8 else 0
        elif marker == 0xE1 and body.startswith(b"Exif\0\0"):
            orientation = exif_orientation(body) if orientation == 1 else orientation
        elif marker == 0xE2 and body.startswith(b"ICC_PROFILE\0"):
            profile[body[12]] = body[14:]
        elif marker == 0xE2 and body.startswith(b"MPF\0"):
            pictures = pictures_listed(body[4:])
        scans += marker == 0xDA
        if scans > MAX_SCANS:
            raise BadHeader("too many scans")
        whole = marker == 0xD9
        parts.append(data[done : start if _is_remark(marker) else end])
        done = end
    if size is None or not scans:
        raise BadHeader("no picture in the file")
    if not whole:
        parts.append(data[done:])
    icc = b"".join(profile[number] for number in sorted(profile)) or None
    bright = _GAIN_MAP.search(data) is not None
    return Header(
        "JPEG",
        partial(b"".join, parts),
        size,
        orientation,
        icc,
        several=pictures > 1 and not bright,
        whole=whole,
        channels=channels,
        gain_map=bright,
        beyond_png=channels == 4,
    )


# Adobe's and Ultra HDR's XMP, ISO 21496-1, Apple's auxiliary picture.
_GAIN_MAP = re.compile(
    rb"http://ns\.adobe\.com/hdr-gain-map/|urn:iso:std:iso:ts:21496:-1|aux:hdrgainmap"
)


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, its first byte, the byte after the segment) up to the first picture's end."""
    position = 2
    for _ in range(MAX_SEGMENTS):
        found = _MARKER.search(data, position)
        if found is None:
            return
        start, marker = found.start(), data[found.start() + 1]
        if marker == 0xD9:
            yield marker, start, start + 2
            return
        length = int.from_bytes(data[start + 2 : start + 4], "big")
        position = start + 2 + length
        if length < 2 or position > len(data):
            return
        yield marker, start, position
    raise BadHeader("too many segments")


def _is_remark(marker: int) -> bool:
    """Applications' segments and comments; JFIF (E0) and Adobe (EE) tell the colour space."""
    return marker == 0xFE or (0xE1 <= marker <= 0xEF and marker != 0xEE)


# --- PNG ---------------------------------------------------------------------------------

_PNG_PICTURE = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}


def _png(data: bytes) -> Header:
    view = memoryview(data)  # of which a part is no copy
    parts, size, orientation, icc = [view[:8]], None, 1, None
    several = deep = wide = False
    for name, start, end in png_chunks(data):
        body = view[start + 8 : end - 4]
        if name == b"IHDR" and size is None:
            width, height, depth = struct.unpack_from(">IIB", body)
            size, deep = (width, height), depth == 16
        elif name == b"eXIf":
            orientation = exif_orientation(bytes(body))
        elif name == b"iCCP":
            icc = _unpacked_profile(bytes(body))
        elif name == b"cICP":
            wide = bytes(body[:1]) in _WIDE_PRIMARIES or bytes(body[1:2]) in _HDR_CURVES
        elif name == b"acTL":
            several = struct.unpack_from(">I", body)[0] > 1
        if name in _PNG_PICTURE:
            parts.append(view[start:end])
    if size is None:
        raise BadHeader("no picture in the file")
    return Header(
        "PNG", partial(b"".join, parts), size, orientation, icc, several, deep=deep, wide=wide
    )


# ITU-T H.273: BT.2020, DCI-P3, Display P3; PQ, HLG.
_WIDE_PRIMARIES, _HDR_CURVES = (b"\x09", b"\x0b", b"\x0c"), (b"\x10", b"\x12")


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(name, its first byte, the byte after it). Raises BadHeader."""
    start = 8
    for _ in range(MAX_SEGMENTS * 5):  # some encoders write one IDAT for each row
        if start + 8 > len(data):
            return
        name = data[start + 4 : start + 8]
        end = start + 12 + int.from_bytes(data[start : start + 4], "big")
        yield name, start, end
        if name == b"IEND":
            return
        start = end
    raise BadHeader("too many chunks")


def _unpacked_profile(body: bytes) -> bytes | None:
    _, _, packed = body.partition(b"\0")
    try:
        return zlib.decompressobj().decompress(packed[1:], MAX_PROFILE)
    except zlib.error:
        return b""  # a profile that cannot be read: the caller says so


# --- GIF ---------------------------------------------------------------------------------


def _gif(data: bytes) -> Header:
    """Header, palette and first picture only: no comments, no further pictures."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    position = 13 + _palette_bytes(flags)
    parts, control, pictures = [data[:position]], b"", 0
    while data[position : position + 1] in (b"!", b","):
        if data[position] == 0x21:
            end = _gif_blocks_end(data, position + 2)
            if data[position + 1] == 0xF9 and not pictures:
                control = data[position:end]
        else:
            pictures += 1
            if pictures == 2:
                break
            left, top, w, h, flags = struct.unpack_from("<HHHHB", data, position + 1)
            width, height = max(width, left + w), max(height, top + h)
            end = _gif_blocks_end(data, position + 11 + _palette_bytes(flags))
            parts += [control, data[position:end]]
        position = end
    if not pictures:
        raise BadHeader("no picture in the file")
    return Header("GIF", b"".join([*parts, b";"]), (width, height), several=pictures > 1)


def _palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_blocks_end(data: bytes, position: int) -> int:
    while length := data[position]:
        position += 1 + length
    return position + 1


# --- WebP, BMP ---------------------------------------------------------------------------


def _webp(data: bytes) -> Header:
    size, orientation, icc, frames = None, 1, None, 0
    for name, body in riff_chunks(data):
        if name == b"VP8X":
            size = _uint24(body, 4) + 1, _uint24(body, 7) + 1
        elif name == b"VP8 " and size is None:
            width, height = struct.unpack_from("<HH", body, 6)
            size = width & 0x3FFF, height & 0x3FFF
        elif name == b"VP8L" and size is None:
            (bits,) = struct.unpack_from("<I", body, 1)
            size = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        elif name == b"ICCP":
            icc = bytes(body)
        elif name == b"EXIF":
            orientation = exif_orientation(bytes(body))
        frames += name == b"ANMF"
    if size is None:
        raise BadHeader("no picture in the file")
    return Header("WEBP", data, size, orientation, icc, several=frames > 1)


def riff_chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """(name, content) of a WebP file's chunks."""
    view, start = memoryview(data), 12
    for _ in range(MAX_SEGMENTS):
        if start + 8 > len(data):
            return
        (length,) = struct.unpack_from("<I", data, start + 4)
        yield data[start : start + 4], view[start + 8 : start + 8 + length]
        start += 8 + length + length % 2
    raise BadHeader("too many chunks")


def _uint24(body: memoryview, at: int) -> int:
    if at + 3 > len(body):
        raise BadHeader("a chunk is too short")
    return int.from_bytes(body[at : at + 3], "little")


def _bmp(data: bytes) -> Header:
    (kind,) = struct.unpack_from("<I", data, 14)
    if kind == 12:
        return Header("BMP", data, struct.unpack_from("<HH", data, 18))
    width, height, _, _, compression = struct.unpack_from("<iiHHI", data, 18)
    if compression in (1, 2):
        # Pillow unpacks these runs in Python, which takes minutes for a large picture.
        raise UnknownFormat("run-length coded BMP")
    return Header("BMP", data, (abs(width), abs(height)))


# --- HEIC and AVIF -----------------------------------------------------------------------

_EXIF_ITEM = re.compile(rb"(infe.{8}(?:..)?)Exif", re.DOTALL)
# Primaries of BT.2020, DCI-P3 or Display P3, or a transfer curve of HDR (ITU-T H.273).
_WIDE = re.compile(rb"colrnclx(?:\0[\x09\x0b\x0c]|..\0[\x10\x12])", re.DOTALL)


def _iso_media(data: bytes) -> Header:
    """Tell HEIC from AVIF by the brands; the libraries read the sizes without decoding.

    AVIF's rotation stands in its own boxes, and Pillow would unpack an EXIF item of any
    size: the item is renamed, so that nobody looks into it.
    """
    (length,) = struct.unpack_from(">I", data)
    box = data[8 : max(12, min(length, 4096))]
    brands = {box[at : at + 4] for at in range(0, len(box), 4)}
    wide, bright = _WIDE.search(data) is not None, _GAIN_MAP.search(data) is not None
    if brands & {b"avif", b"avis"}:
        size = largest_frame(data)
        if size == (0, 0):
            raise BadHeader("no picture in the file")
        return Header("AVIF", _EXIF_ITEM.sub(rb"\1Xxxx", data), size, wide=wide, gain_map=bright)
    if brands & {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}:
        return Header("HEIC", data, None, wide=wide, gain_map=bright)
    raise UnknownFormat("no picture brand")


def _tiff(data: bytes) -> Header:
    from methods._photo.tiff import read_tiff

    return read_tiff(data)


_READERS = [
    (_jpeg, _JPEG),
    (_png, re.compile(rb"\x89PNG\r\n\x1a\n")),
    (_gif, re.compile(rb"GIF8[79]a")),
    (_webp, re.compile(rb"RIFF....WEBP", re.DOTALL)),
    (_tiff, re.compile(rb"II[*+]\0|MM\0[*+]")),
    (_iso_media, re.compile(rb"....ftyp", re.DOTALL)),
    (_bmp, re.compile(rb"BM")),
]
