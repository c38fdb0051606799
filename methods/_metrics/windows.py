"""Thin and scattered masks of large photos, judged at the photo's own pixels.

Their whole, reduced to a picture of bounded size, shows neither a blur of a few pixels nor a ring
around a speck. So what is seen at the edge alone is read on a few windows, the fullest ones.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from methods._base import Image, Mask
from methods._geometry.masks import Box, bounding_box
from methods._metrics.scene import LEAST_MARGIN, Scene

_SIDE = 768  # pixels of a window
_MOST = 4
_THIN = 64.0  # pixels of depth; deeper holes show what they are when reduced as well


def windows_of(photo: Image, mask: Mask, result: Image, scale: float) -> tuple[Scene, ...]:
    """The scenes at full size where the whole one is reduced (scale > 1) and the mask thin; else
    none. Pictures are (H, W, 3) uint8, the mask (H, W) bool."""
    if scale <= 1 or _depth(mask) > _THIN:
        return ()
    boxes = sorted(_tiles(mask), key=lambda box: -_filled(mask, box))[:_MOST]
    parts = [(slice(y0, y1), slice(x0, x1)) for x0, y0, x1, y1 in boxes]
    return tuple(
        Scene(photo[part].copy(), result[part].copy(), mask[part].copy())
        for part in parts
        if mask[part].any()
    )


def _depth(mask: Mask) -> float:
    x0, y0, x1, y1 = bounding_box(mask)
    padded = np.pad(mask[y0:y1, x0:x1].view(np.uint8), 1)
    return float(cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_3).max())


def _tiles(mask: Mask) -> Iterator[Box]:
    """Windows side by side over the mask, each with surroundings of its own."""
    left, top, right, bottom = bounding_box(mask)
    height, width = mask.shape
    for y in range(top, bottom, _SIDE):
        for x in range(left, right, _SIDE):
            yield (
                max(0, x - LEAST_MARGIN),
                max(0, y - LEAST_MARGIN),
                min(width, x + _SIDE + LEAST_MARGIN),
                min(height, y + _SIDE + LEAST_MARGIN),
            )


def _filled(mask: Mask, box: Box) -> int:
    x0, y0, x1, y1 = box
    return int(np.count_nonzero(mask[y0:y1, x0:x1]))
