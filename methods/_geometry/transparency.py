"""Erasing where a photo is transparent: what erasers see there, and what the hole's alpha becomes.

Alpha is a picture of its own that is smooth or of two levels, so its fill is the smoothest one and
the same for all erasers. A network would draw things into it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._base import Image, Mask
from methods._geometry.edge import edge_width, grown, margin_of
from methods._geometry.harmonic import continued
from methods._geometry.masks import bounding_box, widened

Alpha = NDArray[np.uint8]

_GRID = 400  # cells of the longer side, for what is to be seen
_RING = 8  # pixels around the hole from which its kind is read
_NEAR = 8  # levels from 0 or 255 within which a pixel is one of the two
_FEW = 0.25  # share of the ring that lies between them where outlines are soft, but not more
_SOFTNESS = 0.7  # pixels: sigma of an anti-aliased outline
_TIGHT_GRID = 192  # cells of the longer side on which outlines are pulled tight
_TURNS = 12  # with each width of blur
_UNKNOWN = 128  # level of a photo of which nothing is to be seen


def visible_alone(image: Image, alpha: Alpha, mask: Mask) -> Image:
    """The photo with its visible colours continued where it is fully transparent; a new array.

    What is hidden there is nobody's, and what shows through beside an outline would be drawn into
    the fill. image: (H, W, 3) uint8; alpha: (H, W) uint8; mask: (H, W) bool, not continued from.
    """
    hidden = alpha == 0
    unknown = hidden | mask
    result = image.copy()
    if unknown.all():
        result[hidden] = _UNKNOWN
    elif hidden.any():
        np.copyto(result, continued(image, unknown, _GRID), where=hidden[:, :, None])
    return result


def filled_alpha(alpha: Alpha, mask: Mask) -> Alpha:
    """The alpha with its masked part continued from what is around; a new array, equal outside.

    alpha: (H, W) uint8; mask: (H, W) bool with at least one True and one False. What is within a
    soft edge of the erased object is not continued from. Where the surroundings are opaque or
    transparent and little between, so is the fill.
    """
    wide = cv2.merge([alpha] * 3)
    hole = grown(mask, margin_of(edge_width(wide, mask)))
    if hole.all():
        hole = mask
    surface = continued(wide, hole, _GRID)[:, :, 0]
    if _is_binary(alpha, hole):
        surface = _two_levels(surface, hole, soft=_has_between(alpha, ~mask))
    result = alpha.copy()
    np.copyto(result, surface, where=mask)
    return result


def _is_binary(alpha: Alpha, hole: Mask) -> bool:
    ring = grown(hole, _RING) & ~hole
    between, all_of_it = np.count_nonzero(_between(alpha[ring])), np.count_nonzero(ring)
    return bool(between <= _FEW * all_of_it)


def _has_between(alpha: Alpha, where: Mask) -> bool:
    return bool(_between(alpha[where]).any())


def _between(levels: Alpha) -> Mask:
    return (levels > _NEAR) & (levels < 255 - _NEAR)


def _two_levels(surface: Alpha, hole: Mask, soft: bool) -> Alpha:
    """0 and 255 alone, with the shortest outlines that continue those around the hole."""
    x0, y0, x1, y1 = widened(bounding_box(hole), 2 * _RING, hole.shape)
    opaque = surface >= 128
    opaque[y0:y1, x0:x1] = _shortened(opaque[y0:y1, x0:x1], hole[y0:y1, x0:x1])
    levels = opaque.view(np.uint8) * np.uint8(255)
    if not soft:
        return levels
    return np.asarray(cv2.GaussianBlur(levels, (0, 0), _SOFTNESS), np.uint8)


def _shortened(opaque: Mask, hole: Mask) -> Mask:
    """The hole's opaque part with its outline pulled tight between where it enters the hole.

    Blurring and taking what is above one half moves an outline by its curvature (Merriman, Bence
    and Osher, "Diffusion generated motion by mean curvature", 1992). Wide blurs on a coarse grid
    come first, narrow ones last.
    """
    scale = min(1.0, _TIGHT_GRID / max(hole.shape))
    size = tuple(max(1, round(side * scale)) for side in hole.shape[::-1])
    small = _resized(opaque, size)
    known = _resized(hole, size) < 0.5
    fixed, sigma = small[known], float(max(size)) / 8
    while sigma > 1:
        for _ in range(_TURNS):
            small = (cv2.GaussianBlur(small, (0, 0), sigma) > 0.5).astype(np.float32)
            small[known] = fixed
        sigma /= 2
    return np.where(hole, _resized(small, hole.shape[::-1]) > 0.5, opaque)


def _resized(plane: NDArray[np.generic], size: tuple[int, ...]) -> NDArray[np.float32]:
    values = plane.astype(np.float32)
    method = cv2.INTER_AREA if size[0] < values.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, size, interpolation=method), np.float32)
