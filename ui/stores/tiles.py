"""Squares of a photo, for whoever looks closer than the view allows.

A photo is covered by squares of SIDE pixels at several levels: level 0 has the photo's own pixels,
each further one half of them across. There is no level that would show less than the view does.
A tile is called `<level>-<column>-<row>.jpg`, counted from 0; at level 0 there is the lossless
`.png` too, five times as large, for a screen that shows each pixel by itself.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

import cv2
import numpy as np

from methods import BoundedCache, Image, Photo, on_checkerboard, png_bytes, view_jpeg

SIDE = 512
CHECK = 16
"""Pixels of a side of the checkerboard's squares: they divide SIDE, and meet from tile to tile."""

KEPT_BYTES = 64 * 2**20
CUT_AT_ONCE = 2

NAME = re.compile(r"(?a:(\d)-(\d{1,4})-(\d{1,4}))\.(png|jpg)")


@dataclass(frozen=True, slots=True)
class Tile:
    """A place in the photo. level: the photo's pixels are halved so many times. lossless: as a
    PNG, at level 0."""

    level: int
    column: int
    row: int
    lossless: bool


def levels_of(size: tuple[int, int], view_side: int) -> int:
    """How many levels a photo of `size` = (H, W) has beside its view: one at least."""
    levels = 1
    while max(size) >> levels > view_side:
        levels += 1
    return levels


def tile_named(name: str, size: tuple[int, int], view_side: int) -> Tile | None:
    """The tile of that file name, or None where a photo of `size` = (H, W) has none such."""
    found = NAME.fullmatch(name)
    if found is None:
        return None
    level, column, row = map(int, found.groups()[:3])
    tile, across = Tile(level, column, row, found[4] == "png"), SIDE << level
    there = level < levels_of(size, view_side) and not (tile.lossless and level)
    inside = row * across < size[0] and column * across < size[1]
    return tile if there and inside else None


def cut(photo: Photo, tile: Tile) -> bytes:
    """The tile's file; transparent parts over a checkerboard.

    At most SIDE x SIDE pixels, and less at the photo's right and lower edge.
    """
    across = SIDE << tile.level
    y, x = tile.row * across, tile.column * across
    place = np.s_[y : y + across, x : x + across]
    height, width = photo.rgb[place].shape[:2]
    size = max(1, height >> tile.level), max(1, width >> tile.level)
    alpha = None if photo.alpha is None else photo.alpha[place]
    shown = _reduced(photo.rgb[place], alpha, size)
    return png_bytes(shown) if tile.lossless else view_jpeg(shown, longest_side=SIDE)


def _reduced(rgb: Image, alpha: Image | None, size: tuple[int, int]) -> Image:
    if alpha is not None:
        return on_checkerboard(rgb, alpha, size, CHECK)
    if rgb.shape[:2] == size:
        return rgb
    return np.asarray(cv2.resize(rgb, size[::-1], interpolation=cv2.INTER_AREA))


class TileCache:
    """The tiles that were asked for lately. Any number of threads may ask; few cut at once."""

    def __init__(self, kept_bytes: int = KEPT_BYTES, at_once: int = CUT_AT_ONCE) -> None:
        self._kept: BoundedCache[tuple[str, Tile], bytes] = BoundedCache(
            kept_bytes, len, kind="tiles"
        )
        self._cutting = threading.BoundedSemaphore(at_once)

    def find(self, key: str, tile: Tile) -> bytes | None:
        """The tile of the photo with this key, where it has been cut."""
        return self._kept.find((key, tile))

    def get(self, key: str, photo: Photo, tile: Tile) -> bytes:
        """The same, cut now where it has not been yet. key: of the photo's pixels."""
        return self._kept.get((key, tile), lambda: self._cut(photo, tile))

    def _cut(self, photo: Photo, tile: Tile) -> bytes:
        with self._cutting:
            return cut(photo, tile)
