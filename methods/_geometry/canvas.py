"""From the photo to an eraser's canvas and back: our signature.

Erasers see a crop around the object, resized and padded to what their network accepts;
what they return is resized back and pasted into the untouched photo, at the masked pixels alone
and whole there. So outside the mask the result equals the photo bit for bit, and inside nothing of
the photo is left, at the photo's own size, for every eraser.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._base import BadInput, Canvas, Image, Mask
from methods._geometry.edge import edge_width, grown, margin_of
from methods._geometry.harmonic import continued
from methods._geometry.masks import reduce_mask
from methods._geometry.patches import Patch
from methods._geometry.pieces import plan_patches
from methods._geometry.sizes import sizes

__all__ = ["Fitted", "Patch", "check_mask", "fit", "plan_patches"]

_BAND = 256  # rows worked on at a time, to keep temporaries small


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A crop on the eraser's canvas.

    image: (h, w, 3) uint8, mask: (h, w) bool, both the eraser's own to read. content:
    (rows, columns) of the canvas that hold the crop; the rest is padding. hole: the photo's
    mask inside the crop, at the photo's resolution. edge: pixels of the photo beyond it that are
    of the object's soft edge.
    """

    image: Image
    mask: Mask
    patch: Patch
    content: tuple[int, int]
    hole: Mask
    edge: int = 0


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
            "mask_size",
            mask_width=mask_width,
            mask_height=mask_height,
            photo_width=width,
            photo_height=height,
        )
    masked = int(np.count_nonzero(mask))
    if masked == 0:
        raise BadInput("mask_empty")
    if masked == mask.size:
        raise BadInput("mask_full")


def fit(
    image: Image, mask: Mask, patch: Patch, canvas: Canvas, *, sees_object: bool = False
) -> Fitted:
    """Crop, resize and pad for the canvas; new arrays, never views of the photo.

    All masked pixels of the crop are masked, also those that belong to other patches, and a
    margin around them that covers the object's soft edge; a canvas pixel is masked where it
    touches any. What is masked smoothly continues what is around, unless the eraser's method
    wants to see the object. Padding mirrors picture and mask alike. Raises BadInput where the
    crop shows masked pixels only.
    """
    x0, y0, x1, y1 = patch.crop
    view, hole = image[y0:y1, x0:x1], np.ascontiguousarray(mask[y0:y1, x0:x1])
    content, padded = sizes(hole.shape, canvas)
    edge = edge_width(view, hole)
    small = _shown_mask(hole, content, margin_of(edge))
    shown = _resized(view if sees_object else _without_object(view, hole, content), content)
    if not sees_object:
        shown = continued(shown, small)
    return Fitted(
        _padded(shown, padded),
        _padded(small.view(np.uint8), padded).view(np.bool_),
        patch,
        content,
        hole,
        edge,
    )


def _shown_mask(hole: Mask, content: tuple[int, int], margin: int) -> Mask:
    """(h, w) of the content: the hole with its margin; without it where nothing else is left."""
    for shown in (grown(hole, margin), hole):
        small = shown.copy() if content == hole.shape else reduce_mask(shown, content)
        if not small.all():
            return small
    _free_one_cell(small, hole)
    return small


def _without_object(view: Image, hole: Mask, content: tuple[int, int]) -> Image:
    """The crop, continued into the hole where enlarging would mix that into what is around it.

    A reduced pixel that is not masked comes from pixels that are not masked.
    """
    enlarged = content[0] > hole.shape[0] or content[1] > hole.shape[1]
    return continued(view, hole) if enlarged else view


# --- resizing, padding ------------------------------------------------------------------


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
        raise BadInput("mask_full.around")
    small[y * small.shape[0] // hole.shape[0], x * small.shape[1] // hole.shape[1]] = False
