"""Brush strokes: lines of some width that add to a mask or erase from it.

A stroke is kept as the line that was drawn, so that it can be undone, sent in a few bytes
and rasterised at any size. Its coordinates are continuous: pixel (column, row) covers
[column, column + 1) x [row, row + 1) of the photo, as a canvas in a browser has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from methods import BadInput
from segmentation._prompts.prompts import Coordinate, Prompt, counted

MAX_STROKES = 1000
MAX_STROKE_POINTS = 9_999
"""Of all strokes together."""

MAX_WIDTH = 10_000.0
"""Pixels of the photo."""


Line = NDArray[np.float32]


class Stroke(Prompt):
    """A line with round ends and joints.

    points: (x, y) in pixels of the photo; one point makes a dot. A stroke may run over the
    edge of the photo. width: in the same pixels. erase: takes away instead of adding.
    """

    points: tuple[tuple[Coordinate, Coordinate], ...] = Field(min_length=1)
    width: float = Field(gt=0, le=MAX_WIDTH, allow_inf_nan=False)
    erase: bool = Field(default=False, strict=True)


def check_strokes(strokes: Sequence[Stroke]) -> None:
    """Raise BadInput for more strokes, or more points in them, than one mask may have."""
    check_stroke_count(len(strokes))
    points = sum(len(stroke.points) for stroke in strokes)
    if points > MAX_STROKE_POINTS:
        raise BadInput("too_many_stroke_points", count=points, limit=MAX_STROKE_POINTS)


def check_stroke_count(count: int) -> None:
    """Raise BadInput for more than MAX_STROKES strokes."""
    if count > MAX_STROKES:
        raise BadInput("too_many_strokes", count=count, limit=MAX_STROKES)


def _checked(strokes: tuple[Stroke, ...]) -> tuple[Stroke, ...]:
    check_strokes(strokes)
    return strokes


Strokes = Annotated[tuple[Stroke, ...], counted(check_stroke_count), AfterValidator(_checked)]
"""A field of a model: any number of strokes within the limits, also none."""


_RIM = 2
"""Pixels drawn on all sides of the window and thrown away. OpenCV loses pixels of what crosses
the edge of its picture, so that nothing does: it ends in the rim."""


def _within(polygons: Line, shape: tuple[int, ...]) -> Iterator[Line]:
    """What of convex polygons, (M, N, 2), lies within a picture of that shape."""
    edges = np.array((shape[1] - 1, shape[0] - 1), np.float64)
    outside = (polygons < 0) | (polygons > edges)
    for polygon, crosses in zip(polygons, np.any(outside, axis=(1, 2)).tolist(), strict=True):
        part = polygon
        for axis in (0, 1) if crosses else ():
            part = _cut(_cut(part, axis, 0.0, -1), axis, edges[axis], 1)
        if len(part):
            yield part


def _cut(polygon: Line, axis: int, limit: float, sign: int) -> Line:
    """What of a convex polygon does not lie beyond a limit, above it or (sign -1) below it."""
    beyond = sign * (polygon[:, axis] - np.float64(limit))
    after = np.roll(beyond, -1)
    crosses = (beyond > 0) != (after > 0)
    share = np.divide(beyond, beyond - after, out=np.zeros_like(beyond), where=crosses)[:, None]
    met = (1 - share) * polygon + share * np.roll(polygon, -1, axis=0)
    corners = np.stack((polygon, met), axis=1)  # a corner, then where the side after it is cut
    return corners[np.stack((beyond <= 0, crosses), axis=1)]
