"""From an eraser's result back into the untouched photo."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._base import Canvas, Image, Mask
from methods._geometry.canvas import _BAND, Fitted, _resized, check_mask, fit
from methods._geometry.feather import FEATHER, feather_weight, feather_width
from methods._geometry.patches import plan_patches


def paste_back(target: Image, filled: Image, fitted: Fitted, feather: float = FEATHER) -> None:
    """Write an eraser's result into `target` (H, W, 3), at the pixels that the patch owns.

    filled: of fitted.image's shape, uint8; anything else is the eraser's bug: ValueError, and
    nothing is written. feather: pixels of the canvas over which the fill fades
    in from the mask's edge; it grows with the reduction (at most four times) and shrinks in
    thin parts, whose middle always comes from the eraser.
    """
    if not isinstance(filled, np.ndarray) or filled.dtype != np.uint8:
        kind = getattr(filled, "dtype", type(filled).__name__)
        raise ValueError(f"the eraser returned {kind}, not an array of uint8")
    if filled.shape != fitted.image.shape:
        raise ValueError(f"the eraser returned {filled.shape}, not {fitted.image.shape}")
    rows, columns = fitted.content
    fill = _resized(filled[:rows, :columns], fitted.hole.shape, copy=False)
    width = feather_width(fitted.hole.shape, fitted.content, feather)
    x0, y0, x1, y1 = fitted.patch.box
    left, top, _, _ = fitted.patch.crop
    for start in range(y0, y1, _BAND):
        end = min(start + _BAND, y1)
        owned = fitted.patch.owned[start - y0 : end - y0]
        box = (x0 - left, start - top, x1 - left, end - top)
        alpha = feather_weight(fitted.hole, box, width)
        new = fill[start - top : end - top, x0 - left : x1 - left]
        _blend(target[start:end, x0:x1], new, owned, alpha)


def erase_in_patches(
    image: Image,
    mask: Mask,
    canvas: Canvas,
    call: Callable[[Image, Mask, int, int], Image],
    *,
    whole_picture: bool = False,
    feather: float = FEATHER,
) -> Image:
    """Erase all masked objects; returns a new picture of the photo's size.

    call(image, mask, patch_index, patch_count) is the eraser on one canvas; a later patch sees what
    earlier ones filled in. Raises BadInput for an unusable mask, ValueError when the
    eraser returns something else than a picture of the canvas's size.
    """
    check_mask(image, mask)
    patches = plan_patches(mask, canvas, whole_picture)
    result = image.copy()
    for index, patch in enumerate(patches):
        fitted = fit(result, mask, patch, canvas)
        paste_back(result, call(fitted.image, fitted.mask, index, len(patches)), fitted, feather)
    return result


def changed_outside(image: Image, result: Image, mask: Mask) -> int:
    """How many pixels outside the mask differ; the whole picture is really compared."""
    if image.shape != result.shape or image.shape[:2] != mask.shape:
        raise ValueError(f"sizes differ: {image.shape}, {result.shape}, {mask.shape}")
    if image.dtype != np.uint8 or result.dtype != np.uint8:
        raise ValueError(f"both pictures must be uint8, not {image.dtype} and {result.dtype}")
    changed = 0
    for start in range(0, len(mask), _BAND // 4):
        band = slice(start, start + _BAND // 4)
        difference = cv2.absdiff(image[band], result[band])
        if not difference.any():
            continue
        touched = cv2.inRange(difference, (0, 0, 0, 0), (0, 0, 0, 0)) == 0
        changed += int(np.count_nonzero(touched & ~mask[band]))
    return changed


def _blend(target: Image, new: Image, owned: Mask, alpha: NDArray[np.float32]) -> None:
    """In place, where owned: the fill, or a mixture along the feather."""
    solid = owned & (alpha >= 1)
    np.copyto(target, new, where=solid[:, :, None])
    y, x = np.nonzero(owned & ~solid)
    old = target[y, x].astype(np.float32)
    mixed = old + alpha[y, x, None] * (new[y, x].astype(np.float32) - old)
    target[y, x] = np.rint(mixed).astype(np.uint8)
