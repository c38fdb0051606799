"""From all that a user has pointed at, painted and set to one mask.

The order, the same at every size of the mask:

    objects (each less its negative boxes) + uploaded mask, then the strokes as they were drawn
    -> drop speckles -> fill holes -> smooth -> precision -> dilate
    -> what the user has taken away is taken away again -> invert
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from methods import Mask
from segmentation._masks.masks import Window, dilate, fill_holes
from segmentation._masks.paint import ADDED, ERASED, Painted, paint
from segmentation._masks.shaping import dilate_percent, drop_crumbs, loosen, smooth
from segmentation._prompts.prompts import Box, shown_size
from segmentation._prompts.shape import Shape
from segmentation._prompts.strokes import Stroke

Spots = Sequence[tuple[float, float]]
_Part = tuple[Window, Mask]


@dataclass(frozen=True, slots=True, eq=False)
class Composed:
    """mask: what is to be erased. core: what was selected, before it was loosened, grown
    and inverted. Both bool (H, W); they may be the same array."""

    mask: Mask
    core: Mask


def compose(
    size: tuple[int, int],
    objects: Iterable[tuple[Mask, Sequence[Box]]] = (),
    *,
    upload: Mask | None = None,
    strokes: Sequence[Stroke] = (),
    shape: Shape | None = None,
    wanted: Spots = (),
    unwanted: Spots = (),
    longest_side: int | None = None,
) -> Composed:
    """One mask for a photo of `size` = (H, W), or for one reduced to `longest_side`.

    objects: each one's mask, of the mask's final size, and its negative boxes in pixels of
    the photo. upload: a mask of the final size. strokes, shape: in pixels of the photo.
    wanted, unwanted: (x, y) pixels of the photo that were clicked as object or as none:
    no speckle is dropped that holds the first, no hole filled that holds the second.
    What is taken away by an eraser stroke, or by a negative box where nothing else covers
    it, stays out whatever the shape does. A pure function; modifies no argument. Raises
    BadInput for strokes beyond their limits.
    """
    shape = shape or Shape()
    shown = shown_size(size, longest_side)
    scale = max(shown) / max(size)
    union, cut = _united(shown, scale, objects, upload)
    painted = paint(strokes, size, longest_side)
    mask, removed, added = _painted_over(union, cut, painted)
    if shape.drop_speckles and removed is not None:
        kept = _kept(shown, added, [(x * scale, y * scale) for x, y in wanted])
        mask = drop_crumbs(mask, mask | removed, kept)
    shape = shape.scaled(scale)
    core = _cleaned(mask, shape, [(x * scale, y * scale) for x, y in unwanted])
    grown = _grown(core, shape)
    if removed is not None:
        core, grown = core & ~removed, grown & ~removed
    return Composed(~grown if shape.invert else grown, core)


def box_pixels(box: Box, scale: float) -> Window:
    """(rows, columns) of the pixels of a mask reduced by `scale` whose centres are in the box."""
    x0, y0, x1, y1 = (max(round(v * scale), 0) for v in (box.x0, box.y0, box.x1, box.y1))
    return slice(y0, y1), slice(x0, x1)


def _united(
    shown: tuple[int, int],
    scale: float,
    objects: Iterable[tuple[Mask, Sequence[Box]]],
    upload: Mask | None,
) -> tuple[Mask, Mask | None]:
    """The union, and what negative boxes have cut off and nothing else covers (None: nothing)."""
    union = np.zeros(shown, np.bool_)
    if upload is not None:
        union |= upload
    cut: Mask | None = None
    for mask, boxes in objects:
        if boxes:
            mask, cut = mask.copy(), np.zeros(shown, np.bool_) if cut is None else cut
            for place in (box_pixels(box, scale) for box in boxes):
                cut[place] |= mask[place]
                mask[place] = False
        union |= mask
    return union, None if cut is None else cut & ~union


def _painted_over(
    union: Mask, cut: Mask | None, painted: Painted | None
) -> tuple[Mask, Mask | None, _Part | None]:
    """The mask after the strokes, all that has been taken away, and what has been added.

    `union` is given away; with what has been taken away it holds the mask before."""
    if painted is None:
        return union, cut, None
    window = painted.window
    added, erased = painted.verdict == ADDED, painted.verdict == ERASED
    union[window] |= added
    if cut is not None or erased.any():
        cut = np.zeros_like(union) if cut is None else cut
        cut[window] = (cut[window] & ~added) | erased
        union[window] &= ~erased
    return union, cut, (window, added)


def _kept(shown: tuple[int, int], added: _Part | None, wanted: Spots) -> Mask:
    """The pixels whose pieces are never crumbs."""
    kept = np.zeros(shown, np.bool_)
    if added is not None:
        kept[added[0]] = added[1]
    for x, y in wanted:
        kept[min(int(y), shown[0] - 1), min(int(x), shown[1] - 1)] = True
    return kept


def _cleaned(mask: Mask, shape: Shape, unwanted: Spots) -> Mask:
    if shape.fill_holes:
        mask = fill_holes(mask, math.inf, keep=unwanted)
    return smooth(mask, shape.smooth) if shape.smooth else mask


def _grown(mask: Mask, shape: Shape) -> Mask:
    if shape.precision:
        mask = loosen(mask, shape.precision)
    if not shape.dilate:
        return mask
    percent = shape.dilate_unit == "%"
    return dilate_percent(mask, shape.dilate) if percent else dilate(mask, shape.dilate)
