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


def plan(image: Image, mask: Mask, patch_size: int, most: int = MOST_WORK) -> Plan:
    """The call as it is where it does no more than `most`; else a smaller picture and, in the same
    measure, smaller patches, so that these reach as far in the photo as they were asked to.

    image: (H, W, 3) uint8; mask: (H, W) bool.
    """
    scale, wanted = 1.0, work(mask, patch_size)
    if wanted <= most:
        return Plan(image, mask, patch_size)
    scale = (most / wanted) ** (1 / 3)  # both sides of the picture, and the rows of a patch
    while True:
        size = (max(1, int(mask.shape[0] * scale)), max(1, int(mask.shape[1] * scale)))
        hole = reduce_mask(mask, size)
        patch = max(min(LEAST_PATCH, patch_size), round(patch_size * scale))
        if hole.all() or work(hole, patch) <= most:
            break
        scale *= _SHRINK
    if hole.all():  # a cell must stay that something can be copied from
        return Plan(image, mask, min(LEAST_PATCH, patch_size))
    return Plan(
        np.asarray(cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)), hole, patch
    )
