"""Which of SAM's three masks is meant: a part, the object, or the whole.

SAM answers every prompt with three nested masks and its guess of each one's quality. The
highest guess is often the wrong level for erasing: the face instead of the person, the sky
instead of the kite. The rule here, tried on clicks and boxes over a dozen objects:

1. A mask that contradicts a point is out, as long as another remains. Where one looks like
   background (more than half of the photo, touching three of its edges), sound smaller
   ones are preferred.
2. quality = predicted IoU - 0.15 (1 - stability). Stability is that of SAM's own automatic
   mask generator: how little the mask changes when the threshold moves by one.
3. Several points leave no doubt: the best quality wins. One click is ambiguous: of the
   masks nearly as good as the best, the largest wins, because a whole object is what one
   erases. A box tells the extent: of those masks, the one that fits it best wins.

The user may always choose another level (`PromptedObject.level`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from methods import Mask
from segmentation._masks.masks import window_of
from segmentation._prompts.prompts import Box, Point, PromptedObject

_UNSTABLE_COST = 0.15
_NEARLY_AS_GOOD = 0.03
_FITS_AS_WELL = 0.05
_BACKGROUND_AREA = 0.5
_SOUND = 0.85


def choose_level(
    logits: NDArray[np.float32],
    scores: NDArray[np.float32],
    size: tuple[int, int],
    prompted: PromptedObject,
) -> int:
    """The level meant by a prompt.

    logits: (N, h, w), the part that shows the photo only; scores: (N,) predicted IoU;
    size: (H, W) of the photo, in whose pixels `prompted` is given.
    """
    masks = logits > 0
    scale = (masks.shape[1] / size[0], masks.shape[2] / size[1])
    quality = qualities(logits, scores)

    levels = list(range(len(masks)))
    levels = _narrow(levels, lambda n: _obeys(masks[n], prompted.points, scale))
    if any(_is_background(masks[n]) for n in levels):
        levels = _narrow(levels, lambda n: quality[n] >= _SOUND and _is_small(masks[n]))
    best = max(levels, key=lambda n: quality[n])
    good = [n for n in levels if quality[n] >= quality[best] - _NEARLY_AS_GOOD]
    if prompted.box is not None:
        fits = {n: _fit(masks[n], prompted.box, scale) for n in good}
        good = [n for n in good if fits[n] >= max(fits.values()) - _FITS_AS_WELL]
        return max(good, key=lambda n: quality[n])
    if len(prompted.points) > 1:
        return best
    return max(good, key=lambda n: int(masks[n].sum()))


def qualities(logits: NDArray[np.float32], scores: NDArray[np.float32]) -> list[float]:
    """Each mask's predicted IoU less what its instability costs; arguments as above."""
    return [float(score) - _instability(part) for score, part in zip(scores, logits, strict=True)]


def _narrow(levels: list[int], wanted: Callable[[int], bool]) -> list[int]:
    """The levels that are wanted, or all of them where none is."""
    return [level for level in levels if wanted(level)] or levels


def _instability(logits: NDArray[np.float32]) -> float:
    loose = int((logits > -1).sum())
    stability = int((logits > 1).sum()) / loose if loose else 0.0
    return _UNSTABLE_COST * (1 - stability)


def _obeys(mask: Mask, points: tuple[Point, ...], scale: tuple[float, float]) -> bool:
    rows, columns = mask.shape
    return all(
        bool(mask[min(int(p.y * scale[0]), rows - 1), min(int(p.x * scale[1]), columns - 1)])
        == bool(p.label)
        for p in points
    )


def _is_background(mask: Mask) -> bool:
    edges = (mask[0], mask[-1], mask[:, 0], mask[:, -1])
    return not _is_small(mask) and sum(bool(edge.any()) for edge in edges) >= 3


def _is_small(mask: Mask) -> bool:
    return bool(mask.mean() <= _BACKGROUND_AREA)


def _fit(mask: Mask, box: Box, scale: tuple[float, float]) -> float:
    """Intersection over union of the box around the mask with the user's box."""
    window = window_of(mask)
    if window is None:
        return 0.0
    rows, columns = window
    top, bottom = box.y0 * scale[0], box.y1 * scale[0]
    left, right = box.x0 * scale[1], box.x1 * scale[1]
    height = max(0.0, min(rows.stop, bottom) - max(rows.start, top))
    width = max(0.0, min(columns.stop, right) - max(columns.start, left))
    both = height * width
    of_mask = (rows.stop - rows.start) * (columns.stop - columns.start)
    return both / (of_mask + (bottom - top) * (right - left) - both)
