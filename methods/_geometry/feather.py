"""The soft edge: along which an eraser's fill fades into the photo, always inside the mask.

Paste-back and what the page shows of it come from here, so that they are one.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._base import Canvas, Mask
from methods._geometry.canvas import fitted_size
from methods._geometry.masks import Box
from methods._geometry.patches import Patch, plan_patches

FEATHER = 1.0
"""Canvas pixels over which the fill fades in: few, so that no rim of the object shines through."""

_MAX_FACTOR = 4.0


def feather_width(
    crop: tuple[int, ...], content: tuple[int, int], feather: float = FEATHER
) -> float:
    """Pixels of the photo over which a fill fades in.

    crop: (H, W) of the photo that the eraser sees; content: (h, w) at which it sees it. The
    width grows with the reduction, at most four times.
    """
    factor = max(crop[0] / content[0], crop[1] / content[1])
    return feather * min(max(factor, 1.0), _MAX_FACTOR)


def feather_weight(hole: Mask, box: Box, width: float, pixel: float = 1.0) -> NDArray[np.float32]:
    """(box height, box width) weight of the fill in a part of the hole: d / (f + 1), at most 1.

    d: exact distance to the nearest pixel outside the mask (1 at its edge). f: the width, but at
    most a third of the depth in the neighbourhood, so that a line of one pixel is
    replaced whole and the middle of every thin part as well. pixel: what one pixel of the photo
    is in this mask, where it is a reduced one; width is given in this mask's pixels.
    """
    x0, y0, x1, y1 = box
    deep = 3 * width + pixel  # from this depth on the feather has its full width
    reach = int(np.ceil(deep))
    halo = 2 * reach + 1  # what lies further away has no influence
    top, left = max(0, y0 - halo), max(0, x0 - halo)
    near = np.ascontiguousarray(hole[top : y1 + halo, left : x1 + halo]).view(np.uint8)
    depth = cv2.distanceTransform(near, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    np.minimum(depth, deep, out=depth)
    side = 2 * reach + 1
    around = cv2.dilate(depth, np.ones((side, side), np.uint8))
    inner = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    depth, around = depth[inner], around[inner]
    fading = np.minimum((around - pixel) / 3, width) + pixel
    return np.minimum(depth / np.maximum(fading, pixel), 1)


# --- what will be pasted, before anything is ----------------------------------------------


def widest_feather(
    mask: Mask, canvas: Canvas, whole_picture: bool = False, scale: float = 1.0
) -> float:
    """Pixels of the photo over which this canvas's fill fades in, in its widest patch.

    mask: (h, w), the photo's or a reduced one. scale: its size against the photo's.
    """
    canvas = _seen_at(canvas, scale)
    patches = plan_patches(mask, canvas, whole_picture) if mask.any() else ()
    return max((_width(patch, canvas) for patch in patches), default=FEATHER)


def paste_weight(
    mask: Mask, canvas: Canvas, whole_picture: bool = False, scale: float = 1.0
) -> NDArray[np.float32]:
    """(h, w), 0 … 1: how much of the eraser's answer comes into each pixel; 0 outside the mask.

    As `widest_feather` has it: exact at the photo's own size, near it at a reduced one.
    """
    weight = np.zeros(mask.shape, np.float32)
    canvas = _seen_at(canvas, scale)
    for patch in plan_patches(mask, canvas, whole_picture) if mask.any() else ():
        x0, y0, x1, y1 = patch.crop
        left, top, right, bottom = patch.box
        inner = (left - x0, top - y0, right - x0, bottom - y0)
        width = _width(patch, canvas) * scale
        alpha = feather_weight(mask[y0:y1, x0:x1], inner, width, scale)
        np.copyto(weight[top:bottom, left:right], alpha, where=patch.owned)
    return weight


def _width(patch: Patch, canvas: Canvas) -> float:
    x0, y0, x1, y1 = patch.crop
    crop = (y1 - y0, x1 - x0)
    return feather_width(crop, fitted_size(crop, canvas))


def _seen_at(canvas: Canvas, scale: float) -> Canvas:
    """The canvas for a photo of which a smaller copy is looked at: all sizes in its pixels."""
    if scale == 1:
        return canvas
    sides = {
        name: max(1, round(side * scale))
        for name in ("square", "longest_side", "short_side", "multiple_of", "min_context")
        if (side := getattr(canvas, name))
    }
    area = canvas.area and max(1, round(canvas.area * scale**2))
    return replace(canvas, **sides, area=area)
