"""What is thin or scattered is cut into pieces that the canvas shows at the photo's own pixels.

A wire across a photo, or dust all over it, has a large box and little in it. In one crop it would
be reduced to the canvas and filled with a blur. So it is covered with windows, each about as large
as the canvas, that overlap by their context; one after the other is filled, and each goes on from
the photo and from what those before it have filled in, which leaves no seams. Compact objects
keep a crop each: an eraser must see all of an object to fill it sensibly.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._base import Canvas, Mask
from methods._geometry.cells import Cells
from methods._geometry.masks import Box, bounding_box, cut_out, round_up
from methods._geometry.patches import (
    MAX_PATCHES,
    Patch,
    connected,
    crop_around,
    plan_groups,
    tightened,
    with_ground,
)
from methods._geometry.sizes import own_side, reduced_by

_REDUCED = 2.0  # patches that are reduced by more are looked at
_GAIN = 1.25  # times finer at least, or it is not worth the calls
_GAIN_OF_REST = 1.5  # the same of a compact object, when what is thin is taken off it
_CORE = 0.75  # of a window's side: what is filled from it; the rest is context
_STEP = 1.1  # by which windows grow until there are few enough


def plan_patches(mask: Mask, canvas: Canvas, whole_picture: bool = False) -> tuple[Patch, ...]:
    """Cut the mask into patches; each True pixel is owned by exactly one.

    mask: (H, W) with at least one True. Compact objects first, in at most `MAX_PATCHES`
    (see `plan_groups`); then what is thin or scattered and would be reduced by more than 2, in at
    most `canvas.pieces`. whole_picture: a single patch that sees everything.
    """
    if whole_picture:
        box, (height, width) = bounding_box(mask), mask.shape
        return (Patch((0, 0, width, height), box, cut_out(mask, box)),)
    groups = plan_groups(mask, canvas)
    side = own_side(canvas)
    if side is None or canvas.pieces == 1:
        return groups
    return _with_pieces(mask, canvas, side, groups) or groups


def _with_pieces(
    mask: Mask, canvas: Canvas, side: int, groups: tuple[Patch, ...]
) -> tuple[Patch, ...] | None:
    """The plan with pieces; None where these would not be much finer than the groups."""
    found = [(group, _thin_part(mask, group, canvas, side)) for group in groups]
    thin_parts = [(group, thin) for group, thin in found if thin is not None]
    while thin_parts:
        pieces = _pieces(_together(mask.shape, thin_parts), canvas, side)
        needed = _GAIN * _most_reduced(pieces, canvas)
        gaining = [one for one in thin_parts if reduced_by(one[0].crop, canvas) >= needed]
        if len(gaining) == len(thin_parts):
            return (*_kept(mask, canvas, groups, thin_parts), *pieces)
        thin_parts = gaining
    return None


def _kept(
    mask: Mask,
    canvas: Canvas,
    groups: tuple[Patch, ...],
    thin_parts: list[tuple[Patch, Mask]],
) -> tuple[Patch, ...]:
    """The groups that are not cut, and what is compact in those that are."""
    cut = {id(patch) for patch, _ in thin_parts}
    whole = tuple(group for group in groups if id(group) not in cut)
    rest = _together(mask.shape, [(patch, patch.owned & ~thin) for patch, thin in thin_parts])
    if not rest.any():
        return whole
    return (*whole, *plan_groups(rest, canvas, MAX_PATCHES - len(whole)))


def _together(size: tuple[int, ...], parts: list[tuple[Patch, Mask]]) -> Mask:
    """All these parts of patches as one mask of the photo."""
    mask = np.zeros(size, np.bool_)
    for patch, part in parts:
        cut_out(mask, patch.box)[...] |= part
    return mask


def _most_reduced(patches: tuple[Patch, ...], canvas: Canvas) -> float:
    return max(reduced_by(patch.crop, canvas) for patch in patches)


# --- what is thin ------------------------------------------------------------------------


def _thin_part(mask: Mask, patch: Patch, canvas: Canvas, side: int) -> Mask | None:
    """(box height, box width) bool: which of the patch's pixels are better filled in pieces."""
    reduced = reduced_by(patch.crop, canvas)
    if reduced <= _REDUCED:
        return None
    # No thicker than a quarter of a window, so that it shows enough to fill from.
    thickness = min(side // 4, max(patch.owned.shape) // 8, min(mask.shape) // 4)
    thin = patch.owned & ~_thick(patch.owned, thickness, side)
    rest = patch.owned & ~thin
    if not thin.any() or not rest.any():
        return thin if thin.any() else None
    others = plan_groups(_together(mask.shape, [(patch, rest)]), canvas)
    return thin if _GAIN_OF_REST * _most_reduced(others, canvas) <= reduced else None


def _thick(owned: Mask, thickness: int, side: int) -> Mask:
    """Which pixels are of something that holds a square this thick, or near it, or its limbs."""
    box = (0, 0, owned.shape[1], owned.shape[0])
    cells = Cells.of(owned, box)
    full = Cells.of(owned, box, "half").grid
    reach = thickness // (2 * cells.cell)
    square = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    cores = cv2.erode(full.view(np.uint8), square, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    # Back to the squares, and on over what their growth has cut off at corners and curves.
    near = cv2.dilate(cores, np.ones((6 * reach + 3, 6 * reach + 3), np.uint8)).view(np.bool_)
    thick = near & cells.grid
    if thick.any():
        thick |= _limbs(cells.grid & ~near, thick, side // cells.cell)
    return cells.on_pixels(thick, box)


def _limbs(thin: Mask, thick: Mask, longest: int) -> Mask:
    """Which thin cells hang on something thick and reach no further than one canvas."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(thin.view(np.uint8), connectivity=8)
    around = cv2.dilate(thick.view(np.uint8), np.ones((3, 3), np.uint8)).view(np.bool_)
    hanging = np.zeros(len(stats), np.bool_)
    hanging[labels[around & thin]] = True
    hanging &= stats[:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_HEIGHT + 1].max(axis=1) <= longest
    hanging[0] = False
    return np.asarray(hanging[labels])


# --- windows -----------------------------------------------------------------------------


def _pieces(thin: Mask, canvas: Canvas, side: int) -> tuple[Patch, ...]:
    """Windows of one canvas's size, or of the least size at which there are few enough."""
    cells = Cells.of(thin, bounding_box(thin))
    parts = _Parts(cells.grid)
    windows = None
    most = canvas.pieces
    while (windows := parts.windows(max(1, int(_CORE * side) // cells.cell), most)) is None:
        side = round_up(int(_STEP * side) + 1, canvas.multiple_of)
    number_of, boxes = windows
    window = _with_side(canvas, side)
    return tuple(
        _piece(thin, cells.on_pixels(number_of == number, box), box, window, side)
        for number, box in enumerate(map(tuple, cells.in_photo(boxes).tolist()), 1)
    )


class _Parts:
    """What is True of a grid, in connected parts."""

    def __init__(self, grid: Mask) -> None:
        self.grid = grid
        labels, boxes = connected(grid, 0)
        self.labels = labels
        self.boxes = np.concatenate((np.zeros((1, 4), boxes.dtype), boxes))  # by label

    def windows(self, side: int, most: int) -> tuple[NDArray[np.int32], NDArray[np.int64]] | None:
        """Squares of so many cells over all parts; None where more than `most` are needed.

        Returns each cell's window from 1 (0 = empty) and (n, 4) boxes in cells. Always the
        leftmost open cell is covered, by a square that covers many others with it. A part that
        fits into a window has one to itself: only larger ones are cut.
        """
        number_of, left = np.zeros(self.grid.shape, np.int32), self.grid.copy()
        found: list[Box] = []
        whole = (self.boxes[:, 2:] - self.boxes[:, :2]).max(axis=1) <= side
        while (columns := left.any(axis=0)).any():
            if len(found) == most:
                return None
            x = int(np.argmax(columns))
            y = self._row(left, x, side, whole)
            found.append((x, y, min(x + side, left.shape[1]), min(y + side, left.shape[0])))
            window = slice(y, y + side), slice(x, x + side)
            owned = left[window] & self._may_share(found[-1], whole)[self.labels[window]]
            number_of[window][owned] = len(found)
            left[window] &= ~owned
        return number_of, np.array(found, np.int64)

    def _may_share(self, window: Box, whole: Mask) -> Mask:
        """(parts + 1,) which parts a window takes of: those inside, and those that are cut."""
        boxes, corners = self.boxes, np.array(window)
        inside = (boxes[:, :2] >= corners[:2]) & (boxes[:, 2:] <= corners[2:])
        return np.asarray(~whole | inside.all(axis=1))

    def _row(self, left: Mask, x: int, side: int, whole: Mask) -> int:
        """Where a window starts that has the topmost open cell of its first column, with its
        whole part if that fits, and the most cells besides."""
        strip = left[:, x : x + side]
        must = int(np.argmax(strip[:, 0]))
        top, bottom = must, must + 1
        part = self.labels[must, x]
        if whole[part]:
            top, bottom = int(self.boxes[part, 1]), int(self.boxes[part, 3])
        sums = np.concatenate(([0], np.cumsum(strip.sum(axis=1))))
        starts = np.arange(max(0, bottom - side), top + 1)
        counts = sums[np.minimum(starts + side, len(strip))] - sums[starts]
        return int(starts[np.argmax(counts)])


def _with_side(canvas: Canvas, side: int) -> Canvas:
    """The canvas for crops of this side, which it may show reduced."""
    return replace(
        canvas,
        square=canvas.square and side,
        longest_side=canvas.longest_side and side,
        short_side=canvas.short_side and side,
        area=canvas.area and side * side,
    )


def _piece(thin: Mask, mine: Mask, box: Box, window: Canvas, side: int) -> Patch:
    """mine: (box's height, width) bool, which pixels are of the piece's cells."""
    box, owned = tightened(box, mine & cut_out(thin, box))
    height, width = thin.shape
    crop = crop_around(box, (height, width), window, most=side)
    # What is not thin has been filled by then.
    return Patch(with_ground(thin, crop), box, owned, goes_on=True)
