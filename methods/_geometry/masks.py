"""What masks, boxes and multiples have in common, without any canvas."""

from __future__ import annotations

from typing import Literal, TypeAlias

import cv2
import numpy as np

from methods._base import Mask

Box: TypeAlias = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels; right and bottom exclusive."""

Cover: TypeAlias = Literal["any", "half"]
"""How much of a cell must be masked for the cell to be: see `reduce_mask`."""


def round_up(value: int, multiple: int) -> int:
    """The least multiple that is not below the value."""
    return -(-value // multiple) * multiple


def bounding_box(mask: Mask) -> Box:
    """The smallest box around all True pixels; there must be one."""
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    return x, y, x + width, y + height


def cut_out(mask: Mask, box: Box) -> Mask:
    """The part in the box; a view."""
    return mask[box[1] : box[3], box[0] : box[2]]


def widened(box: Box, by: int, size: tuple[int, ...]) -> Box:
    """The box with so many pixels more on every side, as far as a photo of (H, W) has them."""
    x0, y0, x1, y1 = box
    return max(0, x0 - by), max(0, y0 - by), min(size[1], x1 + by), min(size[0], y1 + by)


def reduce_mask(mask: Mask, size: tuple[int, int], cover: Cover = "any") -> Mask:
    """The mask at another (H, W), a new array.

    cover: when a cell is True. "any": it touches a True pixel, so that none is ever lost: what
    an eraser fills and a number looks at; works for enlargement as well. "half": at least half
    of its area is, so that areas stay what they are: what is shown, and what is cut out.
    Cell j of n covers [j * N/n, (j + 1) * N/n) of N pixels.
    """
    if cover == "half":
        levels = mask.view(np.uint8) * np.uint8(255)
        return np.asarray(cv2.resize(levels, size[::-1], interpolation=cv2.INTER_AREA) > 127)
    rows = _any_per_cell(mask, size[0])
    return np.ascontiguousarray(_any_per_cell(np.ascontiguousarray(rows.T), size[1]).T)


def _any_per_cell(mask: Mask, cells: int) -> Mask:
    """Along the first axis. As many gathers of whole rows as a cell has: memory speed."""
    index = np.arange(cells, dtype=np.int64)
    first = index * len(mask) // cells
    last = -(-(index + 1) * len(mask) // cells) - 1
    touched = mask[first]
    for step in range(1, int((last - first).max()) + 1):
        touched |= mask[np.minimum(first + step, last)]
    return touched
