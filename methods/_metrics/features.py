"""What a network sees in the fill: what was there before, something new, or more of the same.

The features are those of a Segment Anything encoder (or of any network with a grid of features);
they tell objects and materials apart, however their pixels differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._base import Image, Mask
from methods._geometry.masks import bounding_box
from methods._metrics.scene import Scene

Features: TypeAlias = Callable[[Image], NDArray[np.float32]]
"""(H, W, 3) uint8 to (h, w, C): a network's features on a grid that covers the picture."""

Grid: TypeAlias = NDArray[np.float32]

_SAME = 0.8  # cosine from which a cell still shows what it showed
_LEAST_CELLS = 4
_NEIGHBOURS = 3  # cells around one that are no proof that it is usual
_SAMPLE = 400  # cells of the surroundings that are looked at for how usual they are
_REMOVE_MARGIN = 16  # pixels around the square, as in the authors' code


def of_features(
    scene: Scene, mask: Mask, result: Image, features: Features
) -> Iterator[tuple[str, float]]:
    """Each number and its value; the picture is looked at three times."""
    before, after = _units(features(scene.before)), _units(features(scene.after))
    inside, ring = _cells(scene.hole, (before.shape[0], before.shape[1]))
    if min(np.count_nonzero(inside), np.count_nonzero(ring)) >= _LEAST_CELLS:
        yield "leftover_features", still_there(before, after, inside)
        yield "inserted", novelty(after, inside, ring)
    score = remove(mask, result, features)
    if score is not None:
        yield "remove", score


def still_there(before: Grid, after: Grid, inside: Mask) -> float:
    """Share of the cells inside whose features are those of the photo (cosine 0.8 and more)."""
    alike = (before[inside] * after[inside]).sum(axis=1)
    return float(np.mean(alike >= _SAME))


def novelty(after: Grid, inside: Mask, ring: Mask) -> float:
    """How much less usual the cells inside are than the surroundings themselves; 0 … 2.

    A cell's strangeness is 1 - its highest cosine with any cell of the surroundings; one of the
    surroundings' own does not count its neighbours. The mean inside less the mean outside.
    """
    strange = 1 - (after[inside] @ after[ring].T).max(axis=1)
    return float(max(0.0, strange.mean() - _usual_strangeness(after, ring)))


def _usual_strangeness(after: Grid, ring: Mask) -> float:
    places = np.argwhere(ring)
    every = after[ring]
    some = np.linspace(0, len(every) - 1, min(_SAMPLE, len(every))).astype(np.intp)
    alike = every[some] @ every.T
    apart = np.abs(places[some][:, None] - places[None]).max(axis=2)
    alike[apart <= _NEIGHBOURS] = -1
    return float((1 - alike.max(axis=1)).mean())


def _cells(hole: Mask, grid: tuple[int, int]) -> tuple[Mask, Mask]:
    """The cells wholly inside the hole, less its outermost ones where enough remain; and those
    wholly outside."""
    share = _share(hole, grid)
    inside = share > 0.95
    core = cv2.erode(inside.view(np.uint8), np.ones((3, 3), np.uint8), borderValue=1) > 0
    if np.count_nonzero(core) >= 2 * _LEAST_CELLS:
        inside = core
    elif np.count_nonzero(inside) < _LEAST_CELLS:
        inside = share > 0.5
    return inside, share == 0


def _share(hole: Mask, grid: tuple[int, int]) -> Grid:
    """(h, w) the share of each cell that the hole covers."""
    whole = hole.astype(np.float32)
    return np.asarray(cv2.resize(whole, grid[::-1], interpolation=cv2.INTER_AREA))


def _units(features: Grid) -> Grid:
    """The features at length one."""
    length = np.linalg.norm(features, axis=2, keepdims=True)
    return np.asarray(features / np.maximum(length, 1e-9), dtype=np.float32)


# --- ReMOVE ----------------------------------------------------------------------------------


def remove(mask: Mask, result: Image, features: Features) -> float | None:
    """ReMOVE: cosine of the mean features inside and outside the mask, on a square around it.

    Chandrasekar et al., "ReMOVE: A Reference-free Metric for Object Erasure", CVPR workshops
    2024. Inside are the cells that the mask covers wholly, outside all others. None for a
    mask that covers no cell or all of them.
    """
    view = remove_square(mask)
    found = features(np.ascontiguousarray(result[view]))
    inside = _share(mask[view], (found.shape[0], found.shape[1])) > 0.999
    if not inside.any() or inside.all():
        return None
    first, second = found[inside].mean(axis=0), found[~inside].mean(axis=0)
    length = max(float(np.linalg.norm(first) * np.linalg.norm(second)), 1e-9)
    return float(first @ second) / length


def remove_square(mask: Mask) -> tuple[slice, slice]:
    """Rows and columns of the square: as wide as the mask's longer side and 16 pixels more on
    every side, fewer where the photo ends; it begins at the mask's left upper corner."""
    x0, y0, x1, y1 = bounding_box(mask)
    height, width = mask.shape
    margin = min(_REMOVE_MARGIN, x0, y0, width - x1, height - y1)
    size = max(x1 - x0, y1 - y0) + 2 * margin
    top, left = y0 - margin, x0 - margin
    return slice(top, min(height, top + size)), slice(left, min(width, left + size))
