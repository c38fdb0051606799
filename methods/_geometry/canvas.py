"""From the photo to an eraser's canvas and back: our signature.

Erasers see a crop around the object, resized and padded to what their network accepts;
what they return is resized back and pasted into the untouched photo, under a feather that
lies strictly inside the mask. So outside the mask the result equals the photo bit for bit,
at the photo's own size, for every eraser.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._base import BadInput, Canvas, Image, Mask
from methods._geometry.patches import Patch, plan_patches, reduce_mask, round_up

__all__ = [
    "FEATHER", "Fitted", "Patch", "changed_outside", "check_mask", "erase_in_patches", "fit",
    "paste_back", "plan_patches",
]  # fmt: skip

FEATHER = 1.0
"""Canvas pixels over which the fill fades in: few, so that no rim of the object shines through."""

_MAX_FEATHER_FACTOR = 4.0
_BAND = 256  # rows worked on at a time, to keep temporaries small
_MAX_ASPECT = 4  # of short_side and area canvases: a strip is padded, not enlarged beyond it


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A crop on the eraser's canvas.

    image: (h, w, 3) uint8, mask: (h, w) bool, both the eraser's own to read. content:
    (rows, columns) of the canvas that hold the crop; the rest is padding. hole: the photo's
    mask inside the crop, at the photo's resolution.
    """

    image: Image
    mask: Mask
    patch: Patch
    content: tuple[int, int]
    hole: Mask


def check_mask(image: Image, mask: Mask) -> None:
    """Raises BadInput for a mask of another size, an empty one, or one that covers everything.

    image: (H, W, 3) uint8; mask: (H, W) bool. Other types are a bug: ValueError.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"image must be (H, W, 3) uint8, not {image.shape} {image.dtype}")
    if mask.dtype != np.bool_ or mask.ndim != 2:
        raise ValueError(f"mask must be (H, W) bool, not {mask.shape} {mask.dtype}")
    (height, width), (mask_height, mask_width) = image.shape[:2], mask.shape
    if mask.shape != image.shape[:2]:
        raise BadInput(
            f"The mask has {mask_width} x {mask_height} pixels but the photo has {width} x "
            f"{height}; they must be of one size.",
            "mask_size",
            mask_width=mask_width,
            mask_height=mask_height,
            photo_width=width,
            photo_height=height,
        )
    masked = int(np.count_nonzero(mask))
    if masked == 0:
        raise BadInput("Nothing is selected; click or box an object first.", "mask_empty")
    if masked == mask.size:
        raise BadInput(
            "The mask covers the whole photo, so there is nothing left to fill it from; "
            "select less.",
            "mask_full",
        )


def fit(image: Image, mask: Mask, patch: Patch, canvas: Canvas) -> Fitted:
    """Crop, resize and pad for the canvas; new arrays, never views of the photo.

    All masked pixels of the crop are masked, also those that belong to other patches; a
    canvas pixel is masked where it touches any. Padding mirrors picture and mask alike.
    Raises BadInput where the crop shows masked pixels only.
    """
    x0, y0, x1, y1 = patch.crop
    view, hole = image[y0:y1, x0:x1], mask[y0:y1, x0:x1]
    content, padded = _sizes(hole.shape, canvas)
    small = hole.copy() if content == hole.shape else reduce_mask(hole, content)
    if small.all():
        _free_one_cell(small, hole)
    return Fitted(
        _padded(_resized(view, content), padded),
        _padded(small.view(np.uint8), padded).view(np.bool_),
        patch,
        content,
        hole,
    )


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
    factor = max(fitted.hole.shape[0] / rows, fitted.hole.shape[1] / columns)
    feather *= min(max(factor, 1.0), _MAX_FEATHER_FACTOR)
    x0, y0, x1, y1 = fitted.patch.box
    left, top, _, _ = fitted.patch.crop
    for start in range(y0, y1, _BAND):
        end = min(start + _BAND, y1)
        owned = fitted.patch.owned[start - y0 : end - y0]
        alpha = _alpha(fitted.hole, (x0 - left, start - top, x1 - left, end - top), feather)
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


# --- sizes, resizing, padding ------------------------------------------------------------


def _sizes(crop: tuple[int, ...], canvas: Canvas) -> tuple[tuple[int, int], tuple[int, int]]:
    """(H, W) of the resized crop, and of the canvas after padding."""
    longest, shortest = max(crop), min(crop)
    scale, least = 1.0, 1
    if canvas.area:
        return _sizes_of_area(crop, canvas.area, canvas.multiple_of)
    if canvas.square:
        # A crop a little smaller than the canvas is padded; a tiny one, enlarged.
        fits = longest <= canvas.square <= 2 * longest
        scale, least = 1.0 if fits else canvas.square / longest, canvas.square
    elif canvas.longest_side:
        scale = min(1.0, canvas.longest_side / longest)
    elif canvas.short_side:
        least = canvas.short_side
        scale = min(least / shortest, _MAX_ASPECT * least / longest)
    height, width = (max(1, round(side * scale)) for side in crop)
    multiple = 1 if canvas.square else canvas.multiple_of
    padded = (round_up(max(height, least), multiple), round_up(max(width, least), multiple))
    return (height, width), padded


def _sizes_of_area(
    crop: tuple[int, ...], area: int, multiple: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    """The largest whose canvas, padding included, has no more than `area` pixels."""
    shape = [max(side, -(-max(crop) // _MAX_ASPECT)) for side in crop]
    scale = math.sqrt(area / math.prod(shape))
    while True:
        height, width = (max(1, int(side * scale)) for side in crop)
        padded = [round_up(max(1, int(side * scale)), multiple) for side in shape]
        if math.prod(padded) <= area or max(padded) <= multiple:
            return (height, width), (padded[0], padded[1])
        scale *= math.sqrt(area / math.prod(padded))


def _resized(image: Image, size: tuple[int, ...], copy: bool = True) -> Image:
    """To (H, W): area average down, cubic up. Without need for either, a copy if wanted."""
    if image.shape[:2] == tuple(size):
        return image.copy() if copy else image
    smaller = size[0] < image.shape[0] or size[1] < image.shape[1]
    method = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (size[1], size[0]), interpolation=method))


def _padded(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Up to (H, W), mirrored at the right and bottom."""
    below, right = size[0] - pixels.shape[0], size[1] - pixels.shape[1]
    if not below and not right:
        return np.ascontiguousarray(pixels)
    return np.asarray(cv2.copyMakeBorder(pixels, 0, below, 0, right, cv2.BORDER_REFLECT_101))


def _free_one_cell(small: Mask, hole: Mask) -> None:
    """An eraser needs something to fill from: free the cell of the first unmasked pixel."""
    known = int(np.argmin(hole))
    y, x = divmod(known, hole.shape[1])
    if hole[y, x]:
        raise BadInput(
            "The mask leaves nothing of the photo around it to fill from; select less.",
            "mask_full",
        )
    small[y * small.shape[0] // hole.shape[0], x * small.shape[1] // hole.shape[1]] = False


# --- the feather -------------------------------------------------------------------------


def _alpha(hole: Mask, box: tuple[int, int, int, int], feather: float) -> NDArray[np.float32]:
    """(box height, box width) weight of the fill: d / (f + 1), at most 1.

    d: exact distance to the nearest pixel outside the mask (1 at its edge). f: the feather, but at
    most a third of the depth in the neighbourhood, so that a line of one pixel is
    replaced whole and the middle of every thin part as well.
    """
    x0, y0, x1, y1 = box
    deep = 3 * feather + 1  # from this depth on the feather has its full width
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
    width = np.minimum((around - 1) / 3, feather) + 1
    return np.minimum(depth / np.maximum(width, 1), 1)


def _blend(target: Image, new: Image, owned: Mask, alpha: NDArray[np.float32]) -> None:
    """In place, where owned: the fill, or a mixture along the feather."""
    solid = owned & (alpha >= 1)
    np.copyto(target, new, where=solid[:, :, None])
    y, x = np.nonzero(owned & ~solid)
    old = target[y, x].astype(np.float32)
    mixed = old + alpha[y, x, None] * (new[y, x].astype(np.float32) - old)
    target[y, x] = np.rint(mixed).astype(np.uint8)
