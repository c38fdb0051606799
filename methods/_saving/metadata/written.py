"""Metadata as bytes: segments of a JPEG, chunks of a PNG; `tiff` has a TIFF's tags."""

from __future__ import annotations

import struct
import zlib

from methods._saving.metadata import iptc, text
from methods._saving.metadata.carried import Metadata

_LONGEST_SEGMENT = 65_533
_XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
_ICC_HEAD = b"ICC_PROFILE\0"
_METRE = 0.0254


def jpeg_segments(metadata: Metadata) -> bytes:
    """To stand behind a JPEG's first segment: EXIF, XMP, IPTC, profile, comment.
    What is longer than a segment can be is left out: `carried` has named it."""
    parts = []
    if metadata.exif is not None:
        parts.append((0xE1, b"Exif\0\0" + metadata.exif))
    if metadata.xmp is not None:
        parts.append((0xE1, _XMP_HEAD + metadata.xmp))
    if metadata.iptc is not None:
        parts.append((0xED, iptc.segment(metadata.iptc)))
    parts += [(0xE2, body) for body in _profile_parts(metadata.icc or b"")]
    if metadata.comment is not None:
        parts.append((0xFE, metadata.comment))
    return b"".join(_segment(*part) for part in parts if len(part[1]) <= _LONGEST_SEGMENT)


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _profile_parts(icc: bytes) -> list[bytes]:
    """Numbered from 1 (ICC.1, B.4)."""
    longest = _LONGEST_SEGMENT - len(_ICC_HEAD) - 2
    pieces = [icc[start : start + longest] for start in range(0, len(icc), longest)]
    if len(pieces) > 255:
        return []
    return [
        _ICC_HEAD + bytes((number, len(pieces))) + piece
        for number, piece in enumerate(pieces, start=1)
    ]


def png_chunks(metadata: Metadata) -> bytes:
    """To stand behind a PNG's IHDR, before its palette and pixels: profile, resolution, EXIF, XMP,
    text. A writer that has a profile of its own leaves this one out: `icc` None."""
    parts = []
    if metadata.icc is not None:
        parts.append(text.chunk(b"iCCP", b"ICC\0\0" + zlib.compress(metadata.icc)))
    if metadata.dpi is not None:
        per_metre = [round(each / _METRE) for each in metadata.dpi]
        parts.append(text.chunk(b"pHYs", struct.pack(">IIB", *per_metre, 1)))
    if metadata.exif is not None:
        parts.append(text.chunk(b"eXIf", metadata.exif))
    if metadata.xmp is not None:
        parts.append(text.chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + metadata.xmp))
    return b"".join(parts) + text.chunks_of(_with_comment(metadata))


def _with_comment(metadata: Metadata) -> dict[str, str]:
    if metadata.comment is None or "Comment" in metadata.text:
        return metadata.text
    return {**metadata.text, "Comment": metadata.comment.decode("utf-8", "replace")}
