"""Parts of a photo that are looked at by themselves, because the whole is seen too coarsely.

A tile is a square of 512 pixels of the photo, or of twice, four times that, cut at the photo's
edges. Tiles lie on a grid of half their side, so that whoever points near an earlier place gets
the same tile, whose embedding is there already. Everything here is geometry in whole pixels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from methods import Image, Mask
from segmentation._prompts.prompts import Box, Point, PromptedObject

FINEST = 512
"""Side of the smallest tile, in pixels of the photo."""

_GAIN = 1.5  # a tile that shows things hardly larger than the whole photo does is worth nothing
_AROUND = 3.0  # sides of a tile, in those of what it is to hold

Bounds = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels of the photo."""


class Tile(NamedTuple):
    """A rectangle of whole pixels of a photo; it never hangs over the photo's edge."""

    left: int
    top: int
    width: int
    height: int

    @property
    def size(self) -> tuple[int, int]:
        """(H, W), as of a photo."""
        return self.height, self.width

    @property
    def name(self) -> str:
        """What tells it from the photo's other tiles."""
        return f"{self.left},{self.top} {self.width}x{self.height}"

    def cut(self, image: Image) -> Image:
        """What it shows of the photo, as an array of its own."""
        rows = slice(self.top, self.top + self.height)
        return np.ascontiguousarray(image[rows, self.left : self.left + self.width])

    def moved(self, entry: PromptedObject) -> PromptedObject:
        """The same object in the tile's own pixels, without the negative points beyond it.

        Its box and its positive points must lie in the tile.
        """
        points = tuple(
            Point(x=point.x - self.left, y=point.y - self.top, label=point.label)
            for point in entry.points
            if point.label or self.holds((point.x, point.y, point.x, point.y))
        )
        box = entry.box
        if box is not None:
            box = Box(
                x0=box.x0 - self.left,
                y0=box.y0 - self.top,
                x1=box.x1 - self.left,
                y1=box.y1 - self.top,
            )
        return PromptedObject(points=points, box=box)

    def holds(self, bounds: Bounds) -> bool:
        """Whether all of it lies in the tile."""
        x0, y0, x1, y1 = bounds
        across = self.left <= x0 and x1 <= self.left + self.width
        return across and self.top <= y0 and y1 <= self.top + self.height

    def cuts(self, mask: Mask, photo: tuple[int, int]) -> bool:
        """Whether a mask of the tile, at any size, goes on beyond it: reaches a side of the tile
        that is no edge of the photo of size (H, W)."""
        return bool(
            (self.top > 0 and mask[0].any())
            or (self.left > 0 and mask[:, 0].any())
            or (self.top + self.height < photo[0] and mask[-1].any())
            or (self.left + self.width < photo[1] and mask[:, -1].any())
        )

    def laid(self, part: Mask, photo: tuple[int, int], size: tuple[int, int]) -> Mask:
        """The tile's mask (its own pixels) on a photo of size (H, W), reduced to `size`.

        A cell of the reduced mask is True where at least half of it is; of a mask too small for
        any, the cell that has most of it: what is selected is always to be seen.
        """
        result = np.zeros(size, np.bool_)
        if size == photo:
            rows = slice(self.top, self.top + self.height)
            result[rows, self.left : self.left + self.width] = part
            return result
        (rows_, first_row), (columns, first_column) = (
            np.unique((np.arange(start, start + length) + 0.5) * n // whole, return_index=True)
            for start, length, n, whole in (
                (self.top, self.height, size[0], photo[0]),
                (self.left, self.width, size[1], photo[1]),
            )
        )
        counts = np.add.reduceat(part.view(np.uint8), first_row, axis=0, dtype=np.int32)
        counts = np.add.reduceat(counts, first_column, axis=1)
        full = photo[0] / size[0] * photo[1] / size[1]
        cells = 2 * counts >= full
        if not cells.any() and counts.any():
            cells = counts == counts.max()
        result[np.ix_(rows_.astype(np.intp), columns.astype(np.intp))] = cells
        return result


def tile_around(entry: PromptedObject, photo: tuple[int, int], extent: float = 0.0) -> Tile | None:
    """The smallest tile that shows an object with room around it.

    entry: its box, else its first positive point, says where the tile lies, as long as the other
    positive points fit, too. photo: (H, W). extent: the object's longer side in pixels, where
    more is known than what was pointed at. None where the tile is hardly smaller than the photo.
    """
    bounds = _bounds(entry)
    extent = max(extent, bounds[2] - bounds[0], bounds[3] - bounds[1])
    side = FINEST
    while side < _AROUND * extent:
        side *= 2
    if side * _GAIN > max(photo):
        return None
    middle = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    first = middle if entry.box is not None else (entry.positive[0].x, entry.positive[0].y)
    tile = _tile_at(first, side, photo)
    return tile if tile.holds(bounds) else _tile_at(middle, side, photo)


def _bounds(entry: PromptedObject) -> Bounds:
    """Of the box and the positive points."""
    xs, ys = [p.x for p in entry.positive], [p.y for p in entry.positive]
    if entry.box is not None:
        xs += [entry.box.x0, entry.box.x1]
        ys += [entry.box.y0, entry.box.y1]
    return min(xs), min(ys), max(xs), max(ys)


def _tile_at(middle: tuple[float, float], side: int, photo: tuple[int, int]) -> Tile:
    (left, width), (top, height) = (
        _span(place, side, length) for place, length in zip(middle, photo[::-1], strict=True)
    )
    return Tile(left, top, width, height)


def _span(place: float, side: int, length: int) -> tuple[int, int]:
    """Where a tile begins along one axis, and how long it is."""
    grid = side // 2
    start = round((place - side / 2) / grid) * grid
    return max(0, min(start, length - side)), min(side, length)
