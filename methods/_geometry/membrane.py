"""A fill made to meet the photo around it: a harmonic membrane, and nothing from under the mask.

Just beyond the mask and the object's soft edge, the photo and what the eraser returned can be
compared. Their difference on that ring is carried into the mask by Laplace's equation (P. Perez,
M. Gangnet, A. Blake, "Poisson Image Editing", 2003, in the form of Z. Farbman et al., "Coordinates
for Instant Image Cloning", 2009: a membrane for the difference, added to the fill). It takes back
a shift of colour or light; what differs from pixel to pixel along the ring fades within as many
pixels, so that textures meet as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._base import Image, Mask
from methods._geometry.edge import RING, grown
from methods._geometry.harmonic import harmonic, on_pixels
from methods._geometry.masks import Box, widened

_GRID = 400  # cells of the longer side: what is finer than that is left to the eye
_BOUND = 32.0  # levels; what is much more is no shift of colour but another object
_STRETCH = 8  # cells to either side along the ring
_LEAST = 8  # pixels of the ring; fewer are no evidence
_TRIM = 3.0  # standard deviations from the median


@dataclass(frozen=True, slots=True, eq=False)
class Membrane:
    """What is to be added to a fill. values: (rows, columns, 3) float32 in levels, on a grid of
    cells of so many pixels whose corner lies at (left, top) of the crop."""

    values: NDArray[np.float32]
    cell: int
    left: int
    top: int

    def added(self, fill: Image, box: Box) -> Image:
        """The part of the fill (the crop's, (H, W, 3)) in this box, corrected; a new array."""
        x0, y0, x1, y1 = box
        part = fill[y0:y1, x0:x1]
        place = (x0 - self.left, y0 - self.top, x1 - self.left, y1 - self.top)
        shift = on_pixels(self.values, self.cell, place)
        return np.asarray(cv2.add(part, shift, dtype=cv2.CV_8U), np.uint8).reshape(part.shape)


def membrane(photo: Image, fill: Image, hole: Mask, edge: int, box: Box) -> Membrane | None:
    """From the ring around the hole's part in this box; None where there is nothing to correct.

    photo, fill: (H, W, 3) uint8, both read on the ring alone, which begins beyond the soft edge.
    hole: (H, W) bool; edge: pixels, see `edge_width`; box: in the same crop.
    """
    left, top, right, bottom = widened(box, edge + RING, hole.shape)
    ring = _ring(hole, edge, (left, top, right, bottom))
    y, x = np.nonzero(ring)
    if len(y) < _LEAST:
        return None
    inside = (slice(top, bottom), slice(left, right))
    difference = photo[inside][y, x].astype(np.float32) - fill[inside][y, x]
    usual = _trimmed(difference) if edge else np.ones(len(difference), np.bool_)
    # Beyond a soft edge the ring does not touch the mask: its details would only be noise there.
    cell = max(-(-max(ring.shape) // _GRID), edge)
    size = (-(-ring.shape[0] // cell), -(-ring.shape[1] // cell))
    values, known = _on_grid(difference[usual], y[usual] // cell, x[usual] // cell, size)
    values = _bounded(values, known)
    if np.abs(values).max() < 0.5:
        return None
    return Membrane(harmonic(values, known), cell, left, top)


def _ring(hole: Mask, edge: int, area: Box) -> Mask:
    """(area's height, width) bool: what is just beyond the soft edge of all holes."""
    x0, y0, x1, y1 = widened(area, edge + RING, hole.shape)
    near = np.ascontiguousarray(hole[y0:y1, x0:x1])
    ring = grown(near, edge + RING) & ~grown(near, edge)
    return ring[area[1] - y0 : area[3] - y0, area[0] - x0 : area[2] - x0]


def _trimmed(difference: NDArray[np.float32]) -> Mask:
    """(n,) bool: which differences are not far from most, as where the fill has an object that
    the photo lacks."""
    away = np.abs(difference - np.median(difference, axis=0))
    spread = 1.4826 * np.median(away, axis=0)
    return np.asarray((away <= _TRIM * spread + 4).all(axis=1))


def _on_grid(
    difference: NDArray[np.float32],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    size: tuple[int, int],
) -> tuple[NDArray[np.float32], Mask]:
    """Mean difference in each cell of the ring, 0 elsewhere, and which cells have one."""
    index = rows * size[1] + columns
    counted = np.bincount(index, minlength=size[0] * size[1]).reshape(size)
    sums = [np.bincount(index, part, size[0] * size[1]) for part in difference.T]
    known = counted > 0
    shift = np.stack(sums, axis=1).reshape(*size, 3) / np.maximum(counted, 1)[:, :, None]
    return shift.astype(np.float32), known


def _bounded(shift: NDArray[np.float32], known: Mask) -> NDArray[np.float32]:
    """(rows, columns, 3) what is believed of the differences.

    Where a whole stretch of the ring is too far from the photo, as where the fill has another
    object, it counts less and then not at all: it would colour the fill as far inside as it is
    long. What a cell differs from its neighbours by fades within a few cells, and always counts.
    """
    side = (2 * _STRETCH + 1,) * 2
    count = cv2.boxFilter(known.astype(np.float32), -1, side, normalize=False)
    usual = cv2.boxFilter(shift, -1, side, normalize=False) / np.maximum(count, 1)[:, :, None]
    trust = np.clip(2 - np.abs(usual).max(axis=2, keepdims=True) / _BOUND, 0, 1)
    return np.where(known[:, :, None], shift - usual * (1 - trust), 0).astype(np.float32)
