"""Whether a fill repeats itself where its surroundings do not.

Two places are the same where their detail agrees in the small, not where a correlation over the
whole is high: two large leaves that happen to lie alike are no repetition.
"""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._geometry.masks import bounding_box
from methods._metrics.scene import Gray, Scene, reduced, smoothed

Area = NDArray[np.bool_]
Value = TypeVar("Value", bound=np.generic)

_SIDE = 256  # of the hole's box when repetitions are looked for
_DETAIL = 4.0  # pixels of the Gaussian whose rest is detail
_WINDOW = 17  # pixels of a side of the windows that are compared
_HALF = _WINDOW * _WINDOW / 2  # pixels of a window that must lie in the area
_SAME = 0.9  # correlation of two windows that show the same
_VISIBLE = 9.0  # variance of a window's detail (levels²) from which it shows anything
_CORNERS = 0.12  # least share of the second direction: a straight edge is like itself all along
_SHIFTS = 24  # the most promising ones are looked at
_NEAREST = 8.0  # pixels; nearer shifts are the grain's
_LEAST_PIXELS = 256


def repetition(scene: Scene) -> float | None:
    """Share of the fill's detail that is there again, the same, at one distance; less that of the
    surroundings (a fence repeats itself everywhere); 0 … 1.

    Detail weighs by its variance: a bottle that is there twice is seen at once, leaves of a bush
    are not. None where too little of the fill shows anything that could be told again.
    """
    light, inside, ring = _small(scene)
    own = _recurring(light, inside)
    if own is None:
        return None
    usual = _recurring(light, ring)
    return float(np.clip(own - (usual or 0.0), 0, 1))


def _small(scene: Scene) -> tuple[Gray, Area, Area]:
    rows, columns = np.nonzero(scene.hole)
    side = max(np.ptp(rows), np.ptp(columns)) + 1
    factor = max(1.0, side / _SIDE)
    height, width = scene.hole.shape
    size = (max(1, round(height / factor)), max(1, round(width / factor)))
    planes = (scene.inside, scene.ring)
    inside, ring = (reduced(p.astype(np.uint8) * 255, size) == 255 for p in planes)
    light = scene.light if factor == 1 else reduced(scene.light, size)  # type: ignore[arg-type]
    return light.astype(np.float32), inside, ring


def _recurring(light: Gray, area: Area) -> float | None:
    """The largest share, over all shifts, of what the area shows that is there twice."""
    detail = light - smoothed(light, _DETAIL)
    telling = _telling(detail, area)
    if np.count_nonzero(telling) < _LEAST_PIXELS:
        return None
    x0, y0, x1, y1 = bounding_box(area)
    area, telling = area[y0:y1, x0:x1], telling[y0:y1, x0:x1]
    own = np.where(area, detail[y0:y1, x0:x1], 0).astype(np.float32)
    weight = _sums(own**2) / np.maximum(_sums(area), 1) * telling
    shares = (weight[_twice(own, area, shift)].sum() for shift in _shifts(own, area))
    return float(max(shares, default=0.0) / weight.sum())


def _telling(detail: Gray, area: Area) -> Area:
    """Where a window shows enough that its like can be told: detail, in more than one direction."""
    slopes = cv2.Sobel(detail, cv2.CV_32F, 1, 0), cv2.Sobel(detail, cv2.CV_32F, 0, 1)
    across, down, mixed = (
        _sums(first * second * area)
        for first, second in ((slopes[0],) * 2, (slopes[1],) * 2, slopes)
    )
    spread = np.sqrt((across - down) ** 2 + 4 * mixed**2)
    cornered = across + down - spread > _CORNERS * (across + down + spread)
    return np.asarray(area & cornered & _shows(detail, area))


def _shows(detail: Gray, area: Area) -> Area:
    pixels = _sums(area)
    return np.asarray((pixels >= _HALF) & (_sums(detail**2 * area) > _VISIBLE * pixels))


def _sums(plane: NDArray[np.generic]) -> Gray:
    """Over the window around each pixel; nothing lies beyond the border."""
    values = plane.astype(np.float32)
    return cv2.boxFilter(
        values, -1, (_WINDOW, _WINDOW), normalize=False, borderType=cv2.BORDER_CONSTANT
    )


# --- shifts ----------------------------------------------------------------------------------


def _shifts(detail: Gray, area: Area) -> list[tuple[int, int]]:
    """Rows and columns of the shifts at which the detail has most in common with itself."""
    shape = tuple(cv2.getOptimalDFTSize(2 * side) for side in area.shape)
    common, overlap = (_with_itself(p, shape) for p in (detail, area.astype(np.float32)))
    middle = np.array(shape) // 2
    rows, columns = (np.arange(side) - half for side, half in zip(shape, middle, strict=True))
    counts = (np.hypot(rows[:, None], columns) >= _NEAREST) & (overlap >= _HALF)
    counts[: middle[0]] = False  # the other half says the same
    common = np.where(counts, common, 0)
    peaks = np.argwhere((common > 0) & (common >= cv2.dilate(common, np.ones((5, 5)))))
    best = np.argsort(-common[tuple(peaks.T)])[:_SHIFTS]
    return [(row, column) for row, column in (peaks[best] - middle).tolist()]


def _with_itself(plane: Gray, shape: tuple[int, ...]) -> Gray:
    """The products with every shift of it, summed up; no shift in the middle."""
    spectrum = np.fft.rfft2(plane, shape)
    return np.fft.fftshift(np.fft.irfft2(np.abs(spectrum) ** 2, shape)).astype(np.float32)


def _twice(detail: Gray, area: Area, shift: tuple[int, int]) -> Area:
    """What is the same at the other end of the shift, at both ends."""
    other, there = _moved(detail, shift), area & _moved(area, shift)
    shared, pixels = _sums(detail * other * there), _sums(there)
    powers = [np.maximum(_sums(plane**2 * there), 0) for plane in (detail, other)]
    alike = shared >= _SAME * np.sqrt(powers[0] * powers[1])
    shown = np.minimum(*powers) > _VISIBLE * pixels
    same = there & (pixels >= _HALF) & alike & shown
    return np.asarray(same | _moved(same, (-shift[0], -shift[1])))


def _moved(plane: NDArray[Value], shift: tuple[int, int]) -> NDArray[Value]:
    """At each pixel what lies a shift further; nothing beyond the border."""
    moved = np.zeros_like(plane)
    ends = [
        (slice(max(0, -by), side - max(0, by)), slice(max(0, by), side - max(0, -by)))
        for by, side in zip(shift, plane.shape, strict=True)
    ]
    moved[ends[0][0], ends[1][0]] = plane[ends[0][1], ends[1][1]]
    return moved
