"""A mask on a grid of cells, so that shapes of large photos are looked at quickly."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from methods._base import Mask
from methods._geometry.masks import Box, Cover, cut_out, reduce_mask

_MOST = 1024  # cells of the longer side


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A part of a mask in cells. box: the part, in the photo; grid: (rows, columns) bool, which
    cells are masked. cell: pixels of a cell's side, at most."""

    box: Box
    grid: Mask
    cell: int

    @classmethod
    def of(cls, mask: Mask, box: Box, cover: Cover = "any") -> Cells:
        """The part of a photo's (H, W) mask in this box; cover: see `reduce_mask`."""
        part = cut_out(mask, box)
        cell = max(1, math.ceil(max(part.shape) / _MOST))
        size = (-(-part.shape[0] // cell), -(-part.shape[1] // cell))
        return cls(box, reduce_mask(np.ascontiguousarray(part), size, cover), cell)

    def in_photo(self, boxes: NDArray[np.integer]) -> NDArray[np.int64]:
        """(n, 4) boxes in cells to boxes in the photo that hold all of the cells' pixels."""
        x0, y0, x1, y1 = self.box
        rows, columns = self.grid.shape
        corners = boxes.astype(np.int64) * np.array((x1 - x0, y1 - y0) * 2)
        counts = np.array((columns, rows))
        first, last = corners[:, :2] // counts, -(-corners[:, 2:] // counts)
        return np.concatenate((first, last), axis=1) + np.array((x0, y0, x0, y0))

    def on_pixels(self, chosen: Mask, box: Box) -> Mask:
        """(box's height, width) bool: which pixels are of the chosen cells. chosen: (rows, columns)
        bool; box: in the photo, within the grid's own."""
        x0, y0, x1, y1 = self.box
        rows, columns = self.grid.shape
        row = (np.arange(box[1], box[3]) - y0) * rows // (y1 - y0)
        column = (np.arange(box[0], box[2]) - x0) * columns // (x1 - x0)
        return np.take(chosen[row], column, axis=1)
