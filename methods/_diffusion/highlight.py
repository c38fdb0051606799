"""Showing an editing model which object is meant: marks drawn into a copy of the picture.

Such models take no mask, only pictures and words. So the object is tinted, boxed, or covered,
and the words speak of the mark.

    tint    the object under a red veil, still to be seen
    box     a red frame around each object, which stays as it is
    cover   a flat green in its place: the model never sees the object
    none    the picture as it is; the words alone say what is meant
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import cv2
import numpy as np

from methods._base import Image, Mask

Mark: TypeAlias = Literal["tint", "box", "cover", "none"]

RED, GREEN = (255, 0, 0), (0, 255, 0)
"""The colours that the published additions for object removal were trained on."""

VEIL = 0.6
"""Share of red in a tinted pixel."""


def marked(image: Image, mask: Mask, mark: Mark) -> Image:
    """A copy of the picture that shows which object is meant.

    image: (H, W, 3) uint8; mask: (H, W) bool, True = the object. With "box" pixels outside the
    mask change too; with the others none does.
    """
    if mark == "tint":
        return _tinted(image, mask)
    if mark == "box":
        return _boxed(image, mask)
    shown = image.copy()
    if mark == "cover":
        shown[mask] = GREEN
    return shown


def _tinted(image: Image, mask: Mask) -> Image:
    shown = image.copy()
    mixed = image[mask] * (1 - VEIL) + np.array(RED) * VEIL
    shown[mask] = np.rint(mixed).astype(np.uint8)
    return shown


def _boxed(image: Image, mask: Mask) -> Image:
    """A frame a little away from each object; what lies closer together shares one."""
    line = max(3, mask.shape[1] // 250)
    reach = 2 * line
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8))
    count, _, boxes, _ = cv2.connectedComponentsWithStats(grown)
    shown = image.copy()
    for x, y, wide, high, _area in boxes[1:count]:
        cv2.rectangle(shown, (int(x), int(y)), (int(x + wide - 1), int(y + high - 1)), RED, line)
    return shown


def whole_cells(mask: Mask, cell: int) -> Mask:
    """The mask grown to whole cells of `cell` x `cell` pixels: a cell is True where any pixel is.

    For pipelines that blend in latents and look at the middle of a cell alone: what is left of the
    object, or of its mark, in the other cells would be kept as background. Never the whole
    picture: then the mask comes back as it is. (H, W) bool; H and W need not be multiples.
    """
    height, width = mask.shape
    rows = np.logical_or.reduceat(mask, np.arange(0, height, cell), axis=0)
    cells = np.logical_or.reduceat(rows, np.arange(0, width, cell), axis=1)
    grown = np.repeat(np.repeat(cells, cell, axis=0), cell, axis=1)[:height, :width]
    return mask if grown.all() else np.ascontiguousarray(grown)


def resized(picture: Image, size: tuple[int, ...]) -> Image:
    """To (H, W): for pipelines that choose the size of their result themselves."""
    if picture.shape[:2] == tuple(size[:2]):
        return picture
    found = cv2.resize(picture, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(found)
