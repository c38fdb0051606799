"""How a JPEG is built, as far as its blocks can be kept, or a sentence why they cannot."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Literal

from PIL import Image as Pil
from PIL import JpegImagePlugin

from methods._base import Text
from methods._photo.containers import jpeg_segments, read_header
from methods._photo.header import Header

BLOCK = 8
Space = Literal["grey", "ycc", "rgb", "cmyk", "ycck"]

_LAYERS = {1, 3, 4}
_SEQUENTIAL, _PROGRESSIVE = {0xC0, 0xC1}, 0xC2
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_HUFFMAN, _HUFFMAN_HEAD = 0xC4, 17
_ARITHMETIC = {*range(0xC9, 0xD0)}
_MOST_MARKERS = 40
"""The library has room for fifty, and does not look."""


class Unkept(Exception):
    """The blocks of this file cannot be kept. sentence: why, and what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.sentence = Text("note.saving.no_jpeg", why=Text(f"saving.no_jpeg.{reason}"))


@dataclass(frozen=True, slots=True)
class Component:
    """One of the picture's planes. across, down: how many pixels each of its samples covers.
    factors: (vertical, horizontal), as the file has them. blocks: (rows, columns)."""

    across: int
    down: int
    factors: tuple[int, int]
    blocks: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """data: the file with its picture alone. size: (H, W) as stored. orientation: EXIF's 1 … 8.
    space: what the components mean. standard: all Huffman tables are those of ITU T.81, K.3."""

    data: bytes
    size: tuple[int, int]
    components: tuple[Component, ...]
    space: Space
    progressive: bool
    standard: bool
    orientation: int
    icc: bytes | None

    @property
    def unit(self) -> tuple[int, int]:
        """(rows, columns) of pixels in which all components have whole blocks."""
        down, across = (max(each) for each in zip(*self.covers, strict=True))
        return BLOCK * down, BLOCK * across

    @property
    def covers(self) -> list[tuple[int, int]]:
        """Of each component, (rows, columns) of pixels that a sample covers."""
        return [(each.down, each.across) for each in self.components]


def layout_of(original: bytes) -> Layout:
    """original: a file that `_photo` has decoded. Raises Unkept."""
    if find_spec("jpeglib") is None:
        raise Unkept("library")
    header = read_header(original)
    if not header.whole:
        raise Unkept("end")
    progressive = _progressive(header.data)
    opened = JpegImagePlugin.JpegImageFile(io.BytesIO(header.data))
    if opened.bits != 8 or opened.layers not in _LAYERS:
        raise Unkept("bits" if opened.bits != 8 else "odd")
    return Layout(
        header.data,
        (opened.height, opened.width),
        tuple(_components(opened)),
        _space(opened),
        progressive,
        not progressive and _huffman_tables(header.data) <= _standard_tables(),
        header.orientation,
        header.icc,
    )


def fits_jpeg(header: Header) -> bool:
    """Whether its blocks can be kept, as far as the header tells."""
    return (
        find_spec("jpeglib") is not None
        and header.format == "JPEG"
        and header.whole
        and header.channels in _LAYERS
    )


def _progressive(data: bytes) -> bool:
    markers = [marker for marker, _, _ in jpeg_segments(data)]
    frames = [marker for marker in markers if marker in _FRAMES]
    if sum(0xE0 <= marker <= 0xEF or marker == 0xFE for marker in markers) > _MOST_MARKERS:
        raise Unkept("odd")
    if any(frame in _ARITHMETIC for frame in frames):
        raise Unkept("arithmetic")
    if len(frames) != 1 or frames[0] not in _SEQUENTIAL | {_PROGRESSIVE}:
        raise Unkept("lossless")
    return frames[0] == _PROGRESSIVE


def _huffman_tables(data: bytes) -> set[bytes]:
    """Each with its class and number (T.81, B.2.4.2)."""
    found = set()
    for marker, start, end in jpeg_segments(data):
        place = start + 4 if marker == _HUFFMAN else end
        while place < end:
            length = _HUFFMAN_HEAD + sum(data[place + 1 : place + _HUFFMAN_HEAD])
            found.add(data[place : min(place + length, end)])
            place += length
    return found


@cache
def _standard_tables() -> set[bytes]:
    """As Pillow's libjpeg writes them where it is not told to make its own."""
    file = io.BytesIO()
    Pil.new("RGB", (BLOCK, BLOCK)).save(file, "JPEG")
    return _huffman_tables(file.getvalue())


def _components(opened: JpegImagePlugin.JpegImageFile) -> list[Component]:
    """Raises Unkept where samples do not cover whole pixels. A lone component's factors mean
    nothing (ITU T.81, A.2.2)."""
    factors = [(down, across) for _, across, down, _ in opened.layer]
    most_down, most_across = (max(each) for each in zip(*factors, strict=True))
    result = []
    for down, across in factors:
        if not (down and across) or most_down % down or most_across % across:
            raise Unkept("odd")
        cover = most_down // down, most_across // across
        rows, columns = -(-opened.height // cover[0]), -(-opened.width // cover[1])
        blocks = -(-rows // BLOCK), -(-columns // BLOCK)
        result.append(Component(cover[1], cover[0], (down, across), blocks))
    return result


def _space(opened: JpegImagePlugin.JpegImageFile) -> Space:
    """As libjpeg guesses it: JFIF first, then Adobe's word, then the components' names."""
    if opened.layers == 1:
        return "grey"
    if opened.layers == 4:
        return "ycck" if opened.info.get("adobe_transform") else "cmyk"
    if "jfif" in opened.info:
        return "ycc"
    if "adobe_transform" in opened.info:
        return "rgb" if opened.info["adobe_transform"] == 0 else "ycc"
    names = bytes(name if isinstance(name, int) else ord(name) for name, *_ in opened.layer)
    return "rgb" if names == b"RGB" else "ycc"
