"""What the filled surface is like: as sharp as its surroundings, repeated, or left as it was."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._metrics.scene import Gray, Scene, reduced, smoothed

_FLOOR = 1.0  # variance of luma (levels²) that nobody sees; keeps flat skies from being judged
_LEAST_PIXELS = 64
_CELL = 16  # pixels of a side of the cells that are looked at for what is left
_SAME = 0.8  # correlation from which a cell counts as unchanged
_VISIBLE = 9.0  # variance of the detail (levels²) from which a cell shows anything
_SIDE = 256  # of the hole's box when repetitions are looked for
_FINEST = 6  # pixels of the reduced picture; shorter periods are the photo's own grain


def sharpness(scene: Scene) -> float | None:
    """Amplitude of the fine detail inside against the surroundings; 0 and more, 1 = the same.

    sqrt(max(f_in / f_ring, (f_in / c_in) / (f_ring / c_ring))); f and c: variance of what a
    Gaussian of 2 pixels takes away, and of what lies between 4 and 16 pixels, each plus a
    floor. The first tells blur from detail; the second excuses a smooth part of the photo, in
    which coarser detail is missing as well.
    """
    if min(np.count_nonzero(scene.inside), np.count_nonzero(scene.ring)) < _LEAST_PIXELS:
        return None
    fine, coarse = _bands(scene.light)
    of_fine = _variance(fine[scene.inside]) / _variance(fine[scene.ring])
    of_coarse = _variance(coarse[scene.inside]) / _variance(coarse[scene.ring])
    return float(np.sqrt(max(of_fine, of_fine / of_coarse)))


def _bands(light: Gray) -> tuple[Gray, Gray]:
    return light - smoothed(light, 2.0), smoothed(light, 4.0) - smoothed(light, 16.0)


def _variance(detail: Gray) -> float:
    return float(np.mean(detail**2)) + _FLOOR


# --- what is left of the object ------------------------------------------------------------


def leftover(scene: Scene) -> float | None:
    """Share of what was to be seen inside that is unchanged; 0 … 1.

    Cells of 16 pixels whose detail correlates with the photo's by 0.8 or more, among the cells
    that show anything in the photo.
    """
    before, after = (_detail(light) for light in (scene.light_before, scene.light))
    inside = scene.inside.astype(np.float32)
    share = cv2.blur(inside, (_CELL, _CELL))
    products = [before * before, after * after, before * after]
    power, other, common = (cv2.blur(p * inside, (_CELL, _CELL)) for p in products)
    shows = scene.inside & (power > _VISIBLE * share)
    if np.count_nonzero(shows) < _LEAST_PIXELS:
        return None
    alike = common >= _SAME * np.sqrt(power * other + 1e-6)
    close = other > power / 4
    return float((alike & close)[shows].mean())


def _detail(light: Gray) -> Gray:
    return light - smoothed(light, 4.0)


# --- repetition ----------------------------------------------------------------------------


def repetition(scene: Scene) -> float | None:
    """How far the fill repeats itself where its surroundings do not; 0 … 1.

    The highest correlation of the fill's detail with itself when it is shifted, over all shifts
    beyond its own grain that leave a third of it in place; less the same of the surroundings
    (a fence repeats itself everywhere).
    """
    light, inside, ring = _small(scene)
    if min(np.count_nonzero(inside), np.count_nonzero(ring)) < 4 * _LEAST_PIXELS:
        return None
    own = _shifted(light, inside)
    if own is None:
        return None
    usual = _shifted(light, ring)
    return float(np.clip(own - max(0.0, usual or 0.0), 0, 1))


def _small(scene: Scene) -> tuple[Gray, NDArray[np.bool_], NDArray[np.bool_]]:
    rows, columns = np.nonzero(scene.hole)
    side = max(np.ptp(rows), np.ptp(columns)) + 1
    factor = max(1.0, side / _SIDE)
    height, width = scene.hole.shape
    size = (max(1, round(height / factor)), max(1, round(width / factor)))
    planes = (scene.inside, scene.ring)
    inside, ring = (reduced(p.astype(np.uint8) * 255, size) == 255 for p in planes)
    light = scene.light if factor == 1 else reduced(scene.light, size)  # type: ignore[arg-type]
    return light.astype(np.float32), inside, ring


def _shifted(light: Gray, area: NDArray[np.bool_]) -> float | None:
    """The highest correlation of the area's detail with itself, over all shifts that count.

    None where there is no detail. (Padfield, "Masked object registration in the Fourier domain",
    IEEE TIP 2012, with a mean of zero.)
    """
    detail = np.where(area, light - smoothed(light, 1.5), 0).astype(np.float32)
    if np.mean(detail[area] ** 2) < _FLOOR:
        return None
    shape = tuple(cv2.getOptimalDFTSize(2 * side) for side in area.shape)
    values, squares, ones = (
        np.fft.rfft2(p, shape) for p in (detail, detail**2, area.astype(np.float32))
    )
    common = np.fft.irfft2(values * values.conj(), shape)
    power = np.fft.irfft2(squares * ones.conj(), shape)
    other = np.fft.irfft2(ones * squares.conj(), shape)
    overlap = np.fft.irfft2(ones * ones.conj(), shape)
    found = common / np.sqrt(np.maximum(power * other, 1e-3))
    found[overlap < np.count_nonzero(area) / 3] = -1
    return float(_without_grain(found).max())


def _without_grain(found: NDArray[np.float64]) -> NDArray[np.float64]:
    rows, columns = (np.minimum(np.arange(n), n - np.arange(n)) for n in found.shape)
    distance = np.hypot(rows[:, None], columns[None, :])
    radius = float(_FINEST)
    while radius < 48 and found[(distance >= radius - 1) & (distance < radius)].max() > 0.4:
        radius += 1
    return np.where(distance < radius, -1, found)
