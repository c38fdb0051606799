"""How much one call may do: pixels to fill times the size of the compared patches.

A pixel is searched for where the patch around it touches the hole, and each comparison goes through
the rows of a patch, so the work is counted in rows. One takes 2 to 5.5 microseconds on a core of
2.5 GHz, measured at 256 to 1024 pixels, patch sizes 3 to 15, holes of 2 to 90 % of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from methods._base import Image, Mask
from methods._geometry.masks import reduce_mask

MOST_WORK = 2_000_000
"""Rows of patches in one call: about ten seconds of one core at most. An object in the middle of a
canvas of 1024 x 1024 pixels stays below it with the default patch size."""

LEAST_PATCH = 3
"""Pixels to each side, also of a reduced picture: smaller patches follow no structure."""

_SHRINK = 0.95


@dataclass(frozen=True, eq=False)
class Plan:
    """What is to be computed: a picture, its hole and the patch size, reduced where need be."""

    image: Image
    mask: Mask
    patch_size: int


def work(mask: Mask, patch_size: int) -> int:
    """Rows of patches that a call compares for each trial, for a mask of (H, W) bool."""
    side = 2 * patch_size + 1
    touched = cv2.dilate(mask.view(np.uint8), np.ones((side, side), np.uint8))
    return int(np.count_nonzero(touched)) * side


def plan(image: Image, mask: Mask, patch_size: int, most: int | None = None) -> Plan:
    """The call as it is where it does no more than `most` (None = `MOST_WORK`); else a smaller
    picture and, in the same measure, smaller patches, so that these reach as far in the photo as
    they were asked to.

    image: (H, W, 3) uint8; mask: (H, W) bool.
    """
    hole, patch = _reduced(mask, patch_size, MOST_WORK if most is None else most)
    if hole is mask:
        return Plan(image, mask, patch_size)
    small = np.asarray(cv2.resize(image, hole.shape[::-1], interpolation=cv2.INTER_AREA))
    return Plan(*_with_ground(small, hole, image, mask), patch)


def scale(mask: Mask, patch_size: int) -> float:
    """How large the picture is that `plan` makes of a call, of the call's own: 1 where it is left
    as it is, else less, by its longer side."""
    hole, _ = _reduced(mask, patch_size, MOST_WORK)
    return max(hole.shape) / max(mask.shape)


def _reduced(mask: Mask, patch_size: int, most: int) -> tuple[Mask, int]:
    """The hole and the patch size within the bound: the mask itself where it is kept already."""
    wanted = work(mask, patch_size)
    if wanted <= most:
        return mask, patch_size
    share = (most / wanted) ** (1 / 3)  # both sides of the picture, and the rows of a patch
    while True:
        size = (max(1, int(mask.shape[0] * share)), max(1, int(mask.shape[1] * share)))
        hole = reduce_mask(mask, size)
        patch = max(min(LEAST_PATCH, patch_size), round(patch_size * share))
        if work(hole, patch) <= most:
            return hole, patch
        share *= _SHRINK


def _with_ground(small: Image, hole: Mask, image: Image, mask: Mask) -> tuple[Image, Mask]:
    """Where no cell is free of the hole, there is nothing to copy from: cells with a known pixel
    take its colour then; all of them, or the first where nothing would be left to fill."""
    if not hole.all():
        return small, hole
    y, x = np.nonzero(~mask)
    row, column = y * hole.shape[0] // mask.shape[0], x * hole.shape[1] // mask.shape[1]
    few = slice(1) if len(np.unique(row * hole.shape[1] + column)) == hole.size else slice(None)
    small[row[few], column[few]] = image[y[few], x[few]]
    hole[row[few], column[few]] = False
    return small, hole
