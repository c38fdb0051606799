"""Laplace's equation on a grid: the smoothest surface through what is known."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._base import Image, Mask
from methods._geometry.masks import Box, bounding_box, widened

_STEPS = 16  # of averaging on each level
_GRID = 64  # cells of the longer side, for a continuation that is only to be inconspicuous


def harmonic(values: NDArray[np.float32], known: Mask) -> NDArray[np.float32]:
    """The smoothest surface through the known values: each other cell is its neighbours' mean.

    values: (h, w, c) float32; known: (h, w) bool with at least one True. From coarse to fine; the
    grid's own border is free, nothing pulls there.
    """
    levels = [(values * known[:, :, None], known.astype(np.float32))]
    while max(levels[-1][1].shape) > 2:
        sums, weights = levels[-1]
        size = tuple(-(-side // 2) for side in weights.shape[::-1])
        levels.append((_halved(sums, size), _halved(weights, size)))
    sums, weights = levels[-1]
    mean = sums.sum((0, 1)) / weights.sum()
    surface = np.broadcast_to(mean, sums.shape).astype(np.float32)
    for sums, weights in reversed(levels):
        size = weights.shape[::-1]
        surface = cv2.resize(surface, size, interpolation=cv2.INTER_LINEAR).reshape(sums.shape)
        means = (sums / np.maximum(weights, 1e-9)[:, :, None]).astype(np.float32)
        surface = _relaxed(surface, means, weights > 1e-9)
    return np.asarray(surface, np.float32)


def _halved(grid: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.float32]:
    shape = (size[1], size[0], *grid.shape[2:])
    return cv2.resize(grid, size, interpolation=cv2.INTER_AREA).reshape(shape)


def _relaxed(
    surface: NDArray[np.float32], values: NDArray[np.float32], known: Mask
) -> NDArray[np.float32]:
    fixed = np.broadcast_to(known[:, :, None], surface.shape)
    surface = np.where(fixed, values, surface)
    for _ in range(_STEPS):
        surface = cv2.blur(surface, (3, 3), borderType=cv2.BORDER_REPLICATE).reshape(values.shape)
        np.copyto(surface, values, where=fixed)
    return surface


def on_pixels(values: NDArray[np.float32], cell: int, box: Box) -> NDArray[np.float32]:
    """The pixels of a box (in the grid's own corner's coordinates), linear between cells' centres.

    values: (rows, columns, c) float32, cells of cell x cell pixels.
    """
    x0, y0, x1, y1 = box
    scale = 1 / cell
    matrix = np.array([[scale, 0, (x0 + 0.5) * scale - 0.5], [0, scale, (y0 + 0.5) * scale - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (x1 - x0, y1 - y0)
    border = cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpAffine(values, matrix, size, flags=flags, borderMode=border))


def continued(image: Image, mask: Mask, grid: int = _GRID) -> Image:
    """The picture with the masked part a smooth continuation of what is around; a new array.

    image: (H, W, 3) uint8, read outside the mask alone; mask: (H, W) bool with at least one True
    and one False. grid: cells of the longer side of the masked part's box, at most.
    """
    x0, y0, x1, y1 = bounding_box(mask)
    cell = -(-max(x1 - x0, y1 - y0) // grid)
    x0, y0, x1, y1 = widened((x0, y0, x1, y1), 2 * cell, mask.shape)
    part, hole = image[y0:y1, x0:x1], mask[y0:y1, x0:x1]
    values, known = _cells(part, hole, cell)
    surface = on_pixels(harmonic(values, known), cell, (0, 0, x1 - x0, y1 - y0))
    result = image.copy()
    np.copyto(result[y0:y1, x0:x1], cv2.add(surface, 0, dtype=cv2.CV_8U), where=hole[..., None])
    return result


def _cells(part: Image, hole: Mask, cell: int) -> tuple[NDArray[np.float32], Mask]:
    """Means of each cell's pixels outside the hole, and which cells have any."""
    below, right = (-side % cell for side in hole.shape)
    size = ((hole.shape[1] + right) // cell, (hole.shape[0] + below) // cell)
    weight = cv2.copyMakeBorder(
        (~hole).astype(np.float32), 0, below, 0, right, cv2.BORDER_CONSTANT, value=0
    )
    pixels = cv2.copyMakeBorder(part, 0, below, 0, right, cv2.BORDER_REPLICATE)
    seen = pixels * weight[:, :, None]
    sums = cv2.resize(seen, size, interpolation=cv2.INTER_AREA)
    shares = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    return sums / np.maximum(shares, 1e-6)[:, :, None], shares > 1e-4
