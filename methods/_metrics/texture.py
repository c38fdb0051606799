"""What the filled surface is like: as sharp as its surroundings, or left as it was."""

from __future__ import annotations

import cv2
import numpy as np

from methods._metrics.scene import Gray, Scene, smoothed

_FLOOR = 1.0  # variance of luma (levels²) that nobody sees; keeps flat skies from being judged
_LEAST_PIXELS = 64
_CELL = 16  # pixels of a side of the cells that are looked at for what is left
_SAME = 0.8  # correlation from which a cell counts as unchanged
_VISIBLE = 9.0  # variance of the detail (levels²) from which a cell shows anything


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
