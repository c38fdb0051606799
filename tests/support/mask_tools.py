"""What the tests of masks share: shapes to make them of, and how alike two are."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from methods import Mask
from segmentation import Stroke

small_masks = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=14))


def disc(size: tuple[int, int], x: float, y: float, radius: float) -> Mask:
    """Pixels whose centres lie in a disc; (x, y) continuous, as strokes have it."""
    rows, columns = np.indices(size)
    return np.asarray(np.hypot(columns + 0.5 - x, rows + 0.5 - y) <= radius)


def rectangle(size: tuple[int, int], x0: int, y0: int, x1: int, y1: int) -> Mask:
    mask = np.zeros(size, np.bool_)
    mask[y0:y1, x0:x1] = True
    return mask


def iou(first: Mask, second: Mask) -> float:
    union = int((first | second).sum())
    return int((first & second).sum()) / union if union else 1.0


def distance_to_line(
    size: tuple[int, int], points: list[tuple[float, float]]
) -> NDArray[np.float64]:
    """(H, W) distance from every pixel's centre to a line through `points`, by trying all."""
    rows, columns = np.indices(size) + 0.5
    nearest = np.full(size, np.inf)
    for (ax, ay), (bx, by) in zip(points, [*points[1:], points[-1]], strict=True):
        dx, dy = bx - ax, by - ay
        along = ((columns - ax) * dx + (rows - ay) * dy) / max(dx * dx + dy * dy, 1e-12)
        along = along.clip(0, 1)
        nearest = np.minimum(nearest, np.hypot(columns - ax - along * dx, rows - ay - along * dy))
    return nearest


def line(*points: tuple[float, float], width: float = 10, erase: bool = False) -> Stroke:
    return Stroke(points=points, width=width, erase=erase)


@st.composite
def strokes(draw: st.DrawFn, size: tuple[int, int], widest: float = 40) -> Stroke:
    """A stroke on or near a photo of size (H, W)."""
    across, down = st.floats(-20, size[1] + 20), st.floats(-20, size[0] + 20)
    points = draw(st.lists(st.tuples(across, down), min_size=1, max_size=6))
    return Stroke(points=tuple(points), width=draw(st.floats(1, widest)), erase=draw(st.booleans()))
