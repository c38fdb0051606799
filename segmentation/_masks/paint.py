"""Strokes of a brush as pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from methods import BadInput
from segmentation._prompts.prompts import shown_size
from segmentation._prompts.strokes import _RIM, Line, Stroke, _within, check_strokes

MOST_COVER = 100.0
"""How often the strokes of one mask may cover the photo: bounds the time to draw them."""

FREE_INK = 2**26
"""Pixels that may be drawn however small the photo is."""

UNTOUCHED, ADDED, ERASED = 0, 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """What the strokes did to a part of the mask.

    window: (rows, columns) of that part. verdict: uint8 of its size: UNTOUCHED, ADDED or
    ERASED, by the last stroke that passed over a pixel.
    """

    window: tuple[slice, slice]
    verdict: NDArray[np.uint8]


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
        raise BadInput("strokes_cover_too_much", limit=int(MOST_COVER))


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


def _circle(radius: float) -> Line:
    """(N, 2) corners on the unit circle, so many that they are a tenth of a pixel off at most."""
    count = max(16, math.ceil(math.pi * math.sqrt(radius / 0.2)))
    angles = np.arange(count) * (2 * math.pi / count)
    return np.stack((np.cos(angles), np.sin(angles)), axis=1).astype(np.float32)
