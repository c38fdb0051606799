"""The part of a photo that is judged: what was erased and its surroundings, of bounded size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._base import Image, Mask
from methods._geometry.masks import Box, bounding_box, reduce_mask

MARGIN = 0.5
"""Surroundings on every side, as a fraction of the longer side of the mask's box."""

LEAST_MARGIN = 48
MOST_PIXELS = 2_000_000
"""A larger crop is reduced to this many pixels before it is judged."""

Gray = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Scene:
    """The mask's box with its surroundings, at the photo's scale or reduced.

    before, after: (h, w, 3) uint8 RGB; hole: (h, w) bool, what was erased. scale: pixels of the
    photo in one of the scene's.
    """

    before: Image
    after: Image
    hole: Mask
    scale: float = 1.0

    @cached_property
    def depth(self) -> Gray:
        """(h, w) distance to the edge of the hole in pixels, negative outside of it."""
        hole = self.hole.view(np.uint8)
        inside = cv2.distanceTransform(hole, cv2.DIST_L2, cv2.DIST_MASK_5)
        outside = cv2.distanceTransform(1 - hole, cv2.DIST_L2, cv2.DIST_MASK_5)
        return np.where(self.hole, inside - 0.5, 0.5 - outside)

    @cached_property
    def reach(self) -> float:
        """How far from the hole the surroundings count that its inside is compared with."""
        return float(np.clip(0.5 * np.sqrt(np.count_nonzero(self.hole)), 16, 256))

    @cached_property
    def inside(self) -> Mask:
        """The hole without its outermost pixels, into which an eraser may blend the photo."""
        eroded = self.depth > min(4.0, float(self.depth.max()) / 2)
        return np.asarray(eroded)

    @cached_property
    def ring(self) -> Mask:
        """The surroundings, less the pixels next to the hole."""
        return np.asarray((self.depth < -2) & (self.depth > -self.reach))

    @cached_property
    def light(self) -> Gray:
        """(h, w) luma of the result, 0 … 255."""
        return luma(self.after)

    @cached_property
    def light_before(self) -> Gray:
        """(h, w) luma of the photo, 0 … 255."""
        return luma(self.before)


def scene_of(photo: Image, mask: Mask, result: Image) -> Scene:
    """Cut the scene out of the photo; all pictures are (H, W, 3) uint8, the mask (H, W) bool.

    Raises ValueError for pictures of different sizes or a mask without a True.
    """
    sizes = {photo.shape[:2], mask.shape, result.shape[:2]}
    if len(sizes) > 1:
        raise ValueError(f"the pictures differ in size: {sorted(sizes)}")
    if not mask.any():
        raise ValueError("the mask is empty")
    x0, y0, x1, y1 = with_margin(bounding_box(mask), mask.shape)
    rows, columns = slice(y0, y1), slice(x0, x1)
    hole = mask[rows, columns]
    factor = max(1.0, (hole.size / MOST_PIXELS) ** 0.5)
    size = (max(1, round(hole.shape[0] / factor)), max(1, round(hole.shape[1] / factor)))
    return Scene(
        reduced(photo[rows, columns], size),
        reduced(result[rows, columns], size),
        hole.copy() if factor == 1 else reduce_mask(hole, size),
        factor,
    )


def with_margin(box: Box, size: tuple[int, ...], margin: float = MARGIN) -> Box:
    """The box with its surroundings, as far as the photo of (H, W) goes."""
    x0, y0, x1, y1 = box
    around = max(LEAST_MARGIN, round(margin * max(x1 - x0, y1 - y0)))
    return (
        max(0, x0 - around),
        max(0, y0 - around),
        min(size[1], x1 + around),
        min(size[0], y1 + around),
    )


def reduced(image: Image, size: tuple[int, int]) -> Image:
    """To (H, W) by area average; as it is where that is its size."""
    if image.shape[:2] == size:
        return np.ascontiguousarray(image)
    return np.asarray(cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA))


def luma(image: Image) -> Gray:
    """(h, w) float32, 0 … 255 (Rec. 601)."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32))


def smoothed(plane: Gray, sigma: float) -> Gray:
    """A Gaussian filter, mirrored at the border."""
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101))
