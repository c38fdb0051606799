"""The object's soft edge: how far it reaches beyond the mask, and what follows from that.

A photo's objects end in a few pixels that are half object, half background. A mask that ends
within them leaves some outside, where they stay, since nothing outside is touched. But an eraser
that is shown them goes on from the object's colour, and so does a correction that believes them.
So both keep clear of them.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._base import Image, Mask

LEAST_MARGIN = 3
"""Pixels of the photo by which an eraser's mask is grown at least where a soft edge is left."""

RING = 2
"""Pixels beyond the edge on which a fill is compared with the photo."""

_WIDEST = 8  # pixels; what is wider is a shadow or a blur, and no edge
_FAR = 2 * _WIDEST  # up to here the photo is looked at, beyond the widest edge for comparison
_MOST_POINTS = 4096  # of the mask's outline
_MOST_OUTLINES = 256


def margin_of(edge: int) -> int:
    """Pixels of the photo by which what an eraser is shown as masked exceeds the mask.

    None where no soft edge is left: then the pixels next to the mask are the photo's own, and a
    fill that goes on from them has no seam.
    """
    return max(LEAST_MARGIN, edge + RING) if edge else 0


def grown(mask: Mask, pixels: int) -> Mask:
    """The mask with all that is at most this far away, in rows and columns; a new array."""
    side = 2 * pixels + 1
    return cv2.dilate(mask.view(np.uint8), np.ones((side, side), np.uint8)).view(np.bool_)


def margin_around(picture: Image, mask: Mask, scale: float = 1.0) -> tuple[int, Mask]:
    """How many pixels of the photo the margin has, and the mask grown by it.

    picture: (h, w, 3) uint8 and mask: (h, w) bool, the photo's or of a reduced copy. scale: its
    size against the photo's. The erasers measure at the photo's own size, each crop for itself.
    """
    width = margin_of(min(round(edge_width(picture, mask) / scale), _WIDEST))
    return width, grown(mask, max(1, round(width * scale)) if width else 0)


def edge_width(image: Image, mask: Mask) -> int:
    """Pixels outside the mask, 0 … 8, that are still of the object's soft edge.

    image: (H, W, 3) uint8, read outside the mask alone; mask: (H, W) bool. Along lines that stand
    upright on the mask's outline, the photo changes more from pixel to pixel within a soft edge
    than further out: the edge ends where that does.
    """
    points, normals = _outlines(mask)
    if not len(points):
        return 0
    steps = _steps(image, mask, points, normals)
    usual = float(np.median(steps[_WIDEST:]))
    within = steps[:_WIDEST] > 1.3 * usual + 1
    return _WIDEST if within.all() else int(np.argmin(within))


def _steps(
    image: Image, mask: Mask, points: NDArray[np.float32], normals: NDArray[np.float32]
) -> NDArray[np.float64]:
    """(_FAR - 1,) mean change, in levels, from each distance to the next; 0 where none is seen."""
    distances = np.arange(1, _FAR + 1, dtype=np.float32)
    places = np.rint(points[:, None] + distances[:, None] * normals[:, None]).astype(np.intp)
    x, y = places[..., 0], places[..., 1]
    inside = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
    x, y = np.where(inside, x, 0), np.where(inside, y, 0)
    usable = inside & ~mask[y, x]
    # What lies behind another part of the mask is not this outline's.
    usable = np.logical_and.accumulate(usable[:, :], axis=1) | (usable & (distances > _WIDEST))
    change = np.abs(np.diff(image[y, x].astype(np.int16), axis=1)).max(axis=2)
    both = usable[:, 1:] & usable[:, :-1]
    return (change * both).sum(axis=0) / np.maximum(both.sum(axis=0), 1)


def _outlines(mask: Mask) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(n, 2) pixels x, y on the mask's outline, and (n, 2) unit vectors that lead out there."""
    found, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    outlines = sorted(found, key=len, reverse=True)[:_MOST_OUTLINES]
    several = -(-sum(map(len, outlines)) // _MOST_POINTS)
    pairs = [_upright(line[:, 0].astype(np.float32), mask, several) for line in outlines]
    if not pairs:
        return np.empty((0, 2), np.float32), np.empty((0, 2), np.float32)
    points, normals = zip(*pairs, strict=True)
    return np.concatenate(points), np.concatenate(normals)


def _upright(
    line: NDArray[np.float32], mask: Mask, several: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Every so manieth point of a closed line, and the direction in which it leaves the mask."""
    along = (np.roll(line, -3, axis=0) - np.roll(line, 3, axis=0))[::several]
    points = line[::several]
    across = np.stack((along[:, 1], -along[:, 0]), axis=1)
    length = np.hypot(*across.T)
    across[length == 0] = (0, -1)  # a pixel or two: any direction leads out
    across /= np.maximum(length, 1)[:, None]
    return points, across if _masked(mask, points - 2 * across) >= _masked(
        mask, points + 2 * across
    ) else -across


def _masked(mask: Mask, points: NDArray[np.float32]) -> int:
    """How many of these points lie in the mask, those beyond the border left out."""
    x, y = np.rint(points).astype(np.intp).T
    inside = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
    return int(np.count_nonzero(mask[y[inside], x[inside]]))
