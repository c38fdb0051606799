"""A JPEG of four inks, joined of four grey ones.

jpeglib's writer copies the fourth component from the file that it is shown, so it cannot be changed
there (1.0.2, write_jpeg_dct). It writes any one component as a grey file, though, and a scan of one
component is coded as a grey file's is, block by block (ITU T.81, A.2.2). So the scans of four grey
files stand behind the head of the opened one, each under its component's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from methods._photo.containers import jpeg_segments
from methods._saving.jpeg.layout import Layout, Unkept

_TABLES, _INTERVAL, _SCAN, _END, _QUANTISATION = 0xC4, 0xDD, 0xDA, 0xD9, 0xDB
_START_OF_FRAME = {0xC0, 0xC1, 0xC2}
_FIRST_NAME = 10
"""In a frame's header, behind marker, length, precision, height, width and count; three bytes for
each component (B.2.2)."""

_NAME = 5
"""In a scan's header, behind marker, length and count (B.2.3)."""


def joined(layout: Layout, greys: list[bytes]) -> bytes:
    """greys: a file for each component, of its blocks. Raises Unkept where quantisation tables
    change between scans."""
    head, names = _head(layout.data)
    scans = (part for name, grey in zip(names, greys, strict=True) for part in _scans(grey, name))
    return b"".join((b"\xff\xd8", head, *scans, b"\xff\xd9"))


def _head(data: bytes) -> tuple[bytes, bytes]:
    """All before the first scan but what belongs to scans; and the components' names."""
    kept, names, begun = [], b"", False
    for marker, start, end in jpeg_segments(data):
        begun = begun or marker == _SCAN
        if begun and marker == _QUANTISATION:
            raise Unkept("odd")
        if marker in _START_OF_FRAME:
            names = data[start + _FIRST_NAME : end : 3]
        if not begun and marker not in (_TABLES, _INTERVAL):
            kept.append(data[start:end])
    return b"".join(kept), names


def _scans(grey: bytes, name: int) -> Iterator[bytes]:
    """Huffman tables and scans, with what is coded in these."""
    segments = list(jpeg_segments(grey))
    for (marker, start, end), (_, following, _) in pairwise(segments):
        if marker == _TABLES:
            yield grey[start:end]
        elif marker == _SCAN:
            at = start + _NAME
            yield b"".join((grey[start:at], bytes((name,)), grey[at + 1 : following]))
