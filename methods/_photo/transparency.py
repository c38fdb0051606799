"""How a photo with transparent parts is looked at: by people, and by what knows three channels.

The colours of a fully transparent pixel are hidden: whatever the program that wrote the file left
there. Nobody is to see them, so a photo is laid over a ground before it is shown or looked at.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._base import Image

CHECK = 12
"""Pixels of a side of the checkerboard's squares."""

_LIGHT, _DARK = 255, 204  # levels of its squares
_GROUNDS = (128, 255, 0)  # levels, in the order of preference
_NEAR = 40  # levels of luma within which a colour is hard to tell from the ground
_SAMPLE = 1 << 16  # pixels from which a ground is chosen

Alpha = NDArray[np.uint8]


def ground_for(rgb: Image, alpha: Alpha) -> int:
    """The grey level, 0 … 255, that the fewest visible pixels are like.

    rgb: (H, W, 3) uint8; alpha: (H, W) uint8, 255 = opaque.
    """
    step = max(1, int((alpha.size / _SAMPLE) ** 0.5))
    some = rgb[::step, ::step][alpha[::step, ::step] > 0]
    if not len(some):
        return _GROUNDS[0]
    luma = cv2.cvtColor(some[:, None], cv2.COLOR_RGB2GRAY).astype(np.int16)
    return min(_GROUNDS, key=lambda level: int((np.abs(luma - level) < _NEAR).sum()))


def flattened(rgb: Image, alpha: Alpha | None, ground: int = _GROUNDS[0]) -> Image:
    """The photo over a plain grey ground, (H, W, 3) uint8; itself where nothing is transparent."""
    if alpha is None:
        return rgb
    return _over(_weighted(rgb, alpha), alpha, np.full_like(alpha, ground))


def on_checkerboard(
    rgb: Image, alpha: Alpha, size: tuple[int, int] | None = None, check: int = CHECK
) -> Image:
    """The photo as people know transparency, over grey and white squares; reduced to `size` =
    (H, W) first, so that the squares stay sharp. check: pixels of a square's side."""
    weighted = _weighted(rgb, alpha)
    if size is not None and size != alpha.shape:
        across = size[::-1]
        weighted = cv2.resize(weighted, across, interpolation=cv2.INTER_AREA)
        alpha = np.asarray(cv2.resize(alpha, across, interpolation=cv2.INTER_AREA))
    rows, columns = (np.arange(side) // check % 2 for side in alpha.shape)
    squares = np.where(rows[:, None] == columns, _LIGHT, _DARK).astype(np.uint8)
    return _over(weighted, alpha, squares)


def _weighted(rgb: Image, alpha: Alpha) -> Image:
    return np.asarray(cv2.multiply(rgb, cv2.merge([alpha] * 3), scale=1 / 255), np.uint8)


def _over(weighted: Image, alpha: Alpha, ground: Alpha) -> Image:
    behind = cv2.multiply(ground, cv2.bitwise_not(alpha), scale=1 / 255)
    return np.asarray(cv2.add(weighted, cv2.merge([behind] * 3)), np.uint8)
