"""Brush strokes: lines of some width that add to a mask or erase from it.

A stroke is kept as the line that was drawn, so that it can be undone, sent in a few bytes
and rasterised at any size. Its coordinates are continuous: pixel (column, row) covers
[column, column + 1) x [row, row + 1) of the photo, as a canvas in a browser has it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from methods import BadInput
from segmentation._prompts.prompts import Coordinate, Prompt, counted
from segmentation._segmenter import shown_size

MAX_STROKES = 1000
MAX_STROKE_POINTS = 9_999
"""Of all strokes together."""

MAX_WIDTH = 10_000.0
"""Pixels of the photo."""

MOST_COVER = 100.0
"""How often the strokes of one mask may cover the photo: bounds the time to draw them."""

FREE_INK = 2**26
"""Pixels that may be drawn however small the photo is."""

UNTOUCHED, ADDED, ERASED = 0, 1, 2

Line = NDArray[np.float32]


class Stroke(Prompt):
    """A line with round ends and joints.

    points: (x, y) in pixels of the photo; one point makes a dot. A stroke may run over the
    edge of the photo. width: in the same pixels. erase: takes away instead of adding.
    """

    points: tuple[tuple[Coordinate, Coordinate], ...] = Field(min_length=1)
    width: float = Field(gt=0, le=MAX_WIDTH, allow_inf_nan=False)
    erase: bool = Field(default=False, strict=True)


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """What the strokes did to a part of the mask.

    window: (rows, columns) of that part. verdict: uint8 of its size: UNTOUCHED, ADDED or
    ERASED, by the last stroke that passed over a pixel.
    """

    window: tuple[slice, slice]
    verdict: NDArray[np.uint8]


def check_strokes(strokes: Sequence[Stroke]) -> None:
    """Raise BadInput for more strokes, or more points in them, than one mask may have."""
    check_stroke_count(len(strokes))
    points = sum(len(stroke.points) for stroke in strokes)
    if points > MAX_STROKE_POINTS:
        raise BadInput(
            f"The brush strokes have {points} points; the limit is {MAX_STROKE_POINTS}."
            " Undo some, or use shorter strokes.",
            "too_many_stroke_points",
            count=points,
            limit=MAX_STROKE_POINTS,
        )


def check_stroke_count(count: int) -> None:
    """Raise BadInput for more than MAX_STROKES strokes."""
    if count > MAX_STROKES:
        raise BadInput(
            f"{count} brush strokes are too many; the limit is {MAX_STROKES}. Undo some.",
            "too_many_strokes",
            count=count,
            limit=MAX_STROKES,
        )


def _checked(strokes: tuple[Stroke, ...]) -> tuple[Stroke, ...]:
    check_strokes(strokes)
    return strokes


Strokes = Annotated[tuple[Stroke, ...], counted(check_stroke_count), AfterValidator(_checked)]
"""A field of a model: any number of strokes within the limits, also none."""


def paint(
    strokes: Sequence[Stroke], size: tuple[int, int], longest_side: int | None = None
) -> Painted | None:
    """Rasterise strokes in their order on a photo of size (H, W), or on one reduced to
    `longest_side`; None where they all miss it.

    A pixel belongs to a stroke when its centre is nearer to the line than half the width,
    to within 0.6 pixels; no stroke is thinner than a pixel. Only the box around the strokes
    is touched. Raises BadInput for too many strokes, or for strokes so wide and many
    that they cover the photo more than MOST_COVER times.
    """
    check_strokes(strokes)
    height, width = shown_size(size, longest_side)
    lines = [_line(stroke, (width / size[1], height / size[0])) for stroke in strokes]
    scale = max(height, width) / max(size)
    radii = [max(stroke.width * scale / 2, 0.5) for stroke in strokes]
    _check_cover(lines, radii, (height, width), scale)
    window = _window(lines, radii, (height, width))
    if window is None:
        return None
    rows, columns = window
    sheet = np.zeros(
        (rows.stop - rows.start + 2 * _RIM, columns.stop - columns.start + 2 * _RIM), np.uint8
    )
    for stroke, line, radius in zip(strokes, lines, radii, strict=True):
        shifted = line - np.array((columns.start - _RIM, rows.start - _RIM), np.float32)
        _draw(sheet, shifted, radius, ERASED if stroke.erase else ADDED)
    return Painted(window, np.ascontiguousarray(sheet[_RIM:-_RIM, _RIM:-_RIM]))


def _line(stroke: Stroke, scale: tuple[float, float]) -> Line:
    """(N, 2) in pixels of the mask, counted at their centres, without idle points.

    A hand moves in small steps; points that move the outline by less than a tenth of a pixel,
    or by a hundredth of the width, cost time and are not seen.
    """
    points = np.asarray(stroke.points, np.float32) * np.array(scale, np.float32) - 0.5
    if len(points) < 3:
        return points
    tolerance = max(0.1, 0.01 * stroke.width * max(scale))
    ring = bool((points[0] == points[-1]).all())  # which OpenCV gives back without its last point
    line = cv2.approxPolyDP(points, tolerance, closed=ring).reshape(-1, 2)
    return np.concatenate((line, line[:1])) if ring else line


def _check_cover(
    lines: Sequence[Line], radii: Sequence[float], shown: tuple[int, int], scale: float
) -> None:
    """Judged in the photo's own pixels, so that what can be shown can be erased as well."""
    ink = sum(_ink(line, radius, shown) for line, radius in zip(lines, radii, strict=True))
    area = shown[0] * shown[1]
    if ink > MOST_COVER * area and ink > FREE_INK * scale**2:
        raise BadInput(
            "The brush strokes cover the whole photo too many times. Undo some of the widest.",
            "strokes_cover_too_much",
            limit=int(MOST_COVER),
        )


def _ink(line: Line, radius: float, shown: tuple[int, int]) -> float:
    """Pixels that are drawn, those outside the photo left out: a box around every segment."""
    ends = line[1:] if len(line) > 1 else line
    low = np.clip(np.minimum(line[: len(ends)], ends) - radius, 0, shown[::-1])
    high = np.clip(np.maximum(line[: len(ends)], ends) + radius, 0, shown[::-1])
    lengths = np.hypot(*(ends - line[: len(ends)]).T) + 2 * radius
    return float(np.minimum((high - low).prod(axis=1), 2 * radius * lengths).sum())


def _window(
    lines: Sequence[Line], radii: Sequence[float], shown: tuple[int, int]
) -> tuple[slice, slice] | None:
    """The part of the mask that the strokes can reach."""
    if not lines:
        return None
    low = np.min([line.min(axis=0) - r for line, r in zip(lines, radii, strict=True)], axis=0)
    high = np.max([line.max(axis=0) + r for line, r in zip(lines, radii, strict=True)], axis=0)
    left, top = (max(math.floor(value), 0) for value in low)
    right = min(math.ceil(high[0]) + 1, shown[1])
    bottom = min(math.ceil(high[1]) + 1, shown[0])
    if right <= left or bottom <= top:
        return None
    return slice(top, bottom), slice(left, right)


_FRACTION_BITS = 6  # OpenCV takes coordinates in fractions of a pixel; here in 64ths

_RIM = 2
"""Pixels drawn on all sides of the window and thrown away. OpenCV loses pixels of what crosses
the edge of its picture, so that nothing does: it ends in the rim."""


def _draw(target: NDArray[np.uint8], line: Line, radius: float, value: int) -> None:
    """A disc at every joint and a bar along every segment, in place.

    OpenCV also fills the pixels that an outline only grazes, half a pixel too far out, so
    that half a pixel is taken off beforehand. Its own thick lines have whole widths only, and
    its small circles corners.
    """
    reach = radius - 0.5
    along = np.diff(line, axis=0)
    lengths = np.hypot(along[:, 0], along[:, 1])
    across = np.stack((-along[:, 1], along[:, 0]), axis=1)
    across *= (reach / np.maximum(lengths, 1e-6))[:, None]
    starts, ends = line[:-1], line[1:]
    bars = np.stack((starts + across, ends + across, ends - across, starts - across), axis=1)
    discs = line[:, None, :] + reach * _circle(reach)
    for polygons in (bars[lengths > 0], discs):
        for polygon in _within(polygons, target.shape):
            corners = np.rint(polygon * (1 << _FRACTION_BITS)).astype(np.int32)
            cv2.fillConvexPoly(target, corners, value, cv2.LINE_8, _FRACTION_BITS)


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


def _circle(radius: float) -> Line:
    """(N, 2) corners on the unit circle, so many that they are a tenth of a pixel off at most."""
    count = max(16, math.ceil(math.pi * math.sqrt(radius / 0.2)))
    angles = np.arange(count) * (2 * math.pi / count)
    return np.stack((np.cos(angles), np.sin(angles)), axis=1).astype(np.float32)
