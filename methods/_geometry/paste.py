"""From an eraser's result back into the untouched photo."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np

from methods._base import Canvas, Image, Mask
from methods._geometry.canvas import _BAND, Fitted, _resized, check_mask, fit
from methods._geometry.masks import cut_out
from methods._geometry.membrane import membrane
from methods._geometry.patches import Patch
from methods._geometry.pieces import plan_patches


def paste_back(target: Image, filled: Image, fitted: Fitted, *, seamless: bool = True) -> None:
    """Write an eraser's result into `target` (H, W, 3), at the pixels that the patch owns.

    filled: of fitted.image's shape, uint8; anything else is the eraser's bug: ValueError, and
    nothing is written. seamless: shifted to meet the photo around the mask, see `membrane`. Of
    what `target` has inside the mask nothing is read.
    """
    if not isinstance(filled, np.ndarray) or filled.dtype != np.uint8:
        kind = getattr(filled, "dtype", type(filled).__name__)
        raise ValueError(f"the eraser returned {kind}, not an array of uint8")
    if filled.shape != fitted.image.shape:
        raise ValueError(f"the eraser returned {filled.shape}, not {fitted.image.shape}")
    rows, columns = fitted.content
    fill = _resized(filled[:rows, :columns], fitted.hole.shape, copy=False)
    x0, y0, x1, y1 = fitted.patch.box
    left, top, right, bottom = fitted.patch.crop
    inner = (x0 - left, y0 - top, x1 - left, y1 - top)
    view = target[top:bottom, left:right]
    shift = membrane(view, fill, fitted.hole, fitted.edge, inner) if seamless else None
    for start in range(inner[1], inner[3], _BAND):
        band = (inner[0], start, inner[2], min(start + _BAND, inner[3]))
        part = (slice(band[1], band[3]), slice(band[0], band[2]))
        owned = fitted.patch.owned[start - inner[1] : band[3] - inner[1]]
        new = shift.added(fill, band) if shift else fill[part]
        np.copyto(view[part], new, where=owned[:, :, None])


def erase_in_patches(
    image: Image,
    mask: Mask,
    canvas: Canvas,
    call: Callable[[Image, Mask, int, int], Image],
    *,
    whole_picture: bool = False,
    seamless: bool = True,
    sees_object: bool = False,
) -> Image:
    """Erase all masked objects; returns a new picture of the photo's size.

    call(image, mask, patch_index, patch_count) is the eraser on one canvas. seamless: see
    `paste_back`; sees_object: see `fit`, under the mask of earlier patches it sees what they filled
    in. Raises BadInput for an unusable mask, ValueError when the eraser returns something else than
    a picture of the canvas's size.
    """
    check_mask(image, mask)
    patches = plan_patches(mask, canvas, whole_picture)
    result = image.copy()
    for index, (patch, hole) in enumerate(_with_holes(mask, patches)):
        fitted = fit(result, hole, patch, canvas, sees_object=sees_object)
        filled = call(fitted.image, fitted.mask, index, len(patches))
        paste_back(result, filled, fitted, seamless=seamless)
    return result


def _with_holes(mask: Mask, patches: Sequence[Patch]) -> Iterator[tuple[Patch, Mask]]:
    """Each patch with what is unknown to it: the mask, or what is left of it.

    Ask for the next when the one before has been filled.
    """
    left = mask.copy() if any(patch.goes_on for patch in patches) else mask
    for patch in patches:
        yield patch, left if patch.goes_on else mask
        if left is not mask:
            cut_out(left, patch.box)[patch.owned] = False


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
