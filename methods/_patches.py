"""Which parts of the photo an eraser is given: one crop for each group of masked objects."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._base import Canvas, Mask

Box: TypeAlias = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels; right and bottom exclusive."""

MAX_PATCHES = 8
_GRID = 1024  # objects are told apart on a mask reduced to this many cells, for speed
_MAX_PIECES = 64


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """One call of an eraser.

    crop: what it sees. box: the part of the photo, inside the crop, that holds all pixels which
    are pasted from it. owned: (box height, box width) bool, which pixels these are.
    """

    crop: Box
    box: Box
    owned: Mask


def plan_patches(mask: Mask, canvas: Canvas, whole_picture: bool = False) -> tuple[Patch, ...]:
    """Cut the mask into at most `MAX_PATCHES` patches; each True pixel is owned by exactly one.

    mask: (H, W) with at least one True. Objects whose crops would show each other share
    one, so that each crop sees only its own objects; beyond `MAX_PATCHES` the nearest ones
    join. Specks (a few pixels, far from everything) share one patch among them.
    whole_picture: a single patch that sees everything.
    """
    everything = bounding_box(mask)
    height, width = mask.shape
    if whole_picture:
        return (Patch((0, 0, width, height), everything, _inside(mask, everything)),)
    pieces = _Pieces(mask, everything, canvas)
    groups = pieces.groups()
    if len(groups) == 1:
        crop = _crop_with_ground(mask, everything, canvas)
        return (Patch(crop, everything, _inside(mask, everything)),)
    patches = []
    for group in groups:
        box, owned = pieces.owned(group)
        patches.append(Patch(_crop_with_ground(mask, box, canvas), box, owned))
    return tuple(patches)


def crop_around(box: Box, size: tuple[int, int], canvas: Canvas) -> Box:
    """The box with its context, grown to the canvas's own size where the photo allows.

    size: (H, W) of the photo. At the photo's border the crop is shifted, not cut.
    """
    x0, y0, x1, y1 = box
    # At least one pixel, so that there is always something to fill from.
    margin = max(1, canvas.min_context, math.ceil(canvas.context * max(x1 - x0, y1 - y0)))
    width, height = x1 - x0 + 2 * margin, y1 - y0 + 2 * margin
    if canvas.square:
        width = height = max(width, height, canvas.square)
    else:
        least = canvas.short_side or 1
        width = round_up(max(width, least), canvas.multiple_of)
        height = round_up(max(height, least), canvas.multiple_of)
    left, right = _span(x0, x1, width, size[1])
    top, bottom = _span(y0, y1, height, size[0])
    return left, top, right, bottom


def _span(start: int, end: int, length: int, available: int) -> tuple[int, int]:
    length = min(length, available)
    first = start - (length - (end - start)) // 2
    first = min(max(first, 0), available - length)
    return first, first + length


def round_up(value: int, multiple: int) -> int:
    """The least multiple that is not below the value."""
    return -(-value // multiple) * multiple


def bounding_box(mask: Mask) -> Box:
    """The smallest box around all True pixels; there must be one."""
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    return x, y, x + width, y + height


def reduce_mask(mask: Mask, size: tuple[int, int]) -> Mask:
    """The mask at another (H, W): a cell is True where it touches any True pixel.

    Cell j of n covers [j * N/n, (j + 1) * N/n) of N pixels, so no pixel is ever lost.
    Works for enlargement as well.
    """
    rows = _any_per_cell(mask, size[0])
    return np.ascontiguousarray(_any_per_cell(np.ascontiguousarray(rows.T), size[1]).T)


def _any_per_cell(mask: Mask, cells: int) -> Mask:
    """Along the first axis. As many gathers of whole rows as a cell has: memory speed."""
    index = np.arange(cells, dtype=np.int64)
    first = index * len(mask) // cells
    last = -(-(index + 1) * len(mask) // cells) - 1
    touched = mask[first]
    for step in range(1, int((last - first).max()) + 1):
        touched |= mask[np.minimum(first + step, last)]
    return touched


def _inside(mask: Mask, box: Box) -> Mask:
    return mask[box[1] : box[3], box[0] : box[2]]


def _crop_with_ground(mask: Mask, box: Box, canvas: Canvas) -> Box:
    """The box's crop; the whole photo where the crop would show masked pixels only."""
    height, width = mask.shape
    crop = crop_around(box, (height, width), canvas)
    return (0, 0, width, height) if _inside(mask, crop).all() else crop


@dataclass(frozen=True, slots=True)
class _Group:
    """Pieces that share a crop. box, crop: in the photo; pieces: their numbers."""

    box: Box
    crop: Box
    pieces: tuple[int, ...]

    def sees(self, other: _Group) -> bool:
        return _overlap(self.crop, other.box) or _overlap(other.crop, self.box)


class _Pieces:
    """Connected parts of the mask, found on a grid of cells over its bounding box."""

    def __init__(self, mask: Mask, everything: Box, canvas: Canvas) -> None:
        self.mask, self.everything, self.canvas = mask, everything, canvas
        part = _inside(mask, everything)
        self.cell = max(1, math.ceil(max(part.shape) / _GRID))  # pixels
        self.grid = reduce_mask(
            part, (-(-part.shape[0] // self.cell), -(-part.shape[1] // self.cell))
        )
        # Nearer than the least context, objects see each other in any case.
        reach = canvas.min_context // (2 * self.cell)
        self.labels, self.boxes = _connected(self.grid, reach)
        while self._number_of_objects() > _MAX_PIECES:
            reach = 2 * reach + 1
            self.labels, self.boxes = _connected(self.grid, reach)

    def _specks(self) -> NDArray[np.bool_]:
        """(pieces,) which are so small that they do not deserve a call of their own."""
        least = max(4, max(self.mask.shape) // 400)
        return (self.boxes[:, 2:] - self.boxes[:, :2]).max(axis=1) * self.cell <= least

    def _number_of_objects(self) -> int:
        return int((~self._specks()).sum())

    def groups(self) -> list[_Group]:
        """Objects, largest first; then at most one group of specks that no object sees."""
        specks = self._specks()
        objects = _joined([self._group([int(n)]) for n in np.flatnonzero(~specks)], self._merge)
        lonely = []
        for number in np.flatnonzero(specks):
            speck = self._group([int(number)])
            near = next((i for i, other in enumerate(objects) if speck.sees(other)), None)
            if near is None:
                lonely.append(int(number))
            else:
                objects[near] = self._merge(objects[near], speck)
        limit = MAX_PATCHES - bool(lonely)
        objects = _joined(objects, self._merge)
        while len(objects) > limit:
            a, b = _nearest_pair(objects)
            rest = [group for group in objects if group is not a and group is not b]
            objects = _joined([*rest, self._merge(a, b)], self._merge)
        objects.sort(key=lambda group: -_area(group.box))
        return [*objects, self._group(lonely)] if lonely else objects

    def _group(self, pieces: Iterable[int]) -> _Group:
        numbers = tuple(pieces)
        cells = self.boxes[list(numbers)]
        corners = (*cells[:, :2].min(axis=0), *cells[:, 2:].max(axis=0))
        x0, y0, x1, y1 = (int(corner) for corner in corners)
        ex0, ey0, ex1, ey1 = self.everything
        rows, columns = self.grid.shape
        box = (
            ex0 + x0 * (ex1 - ex0) // columns,
            ey0 + y0 * (ey1 - ey0) // rows,
            ex0 - (-x1 * (ex1 - ex0) // columns),
            ey0 - (-y1 * (ey1 - ey0) // rows),
        )
        height, width = self.mask.shape
        return _Group(box, crop_around(box, (height, width), self.canvas), numbers)

    def _merge(self, a: _Group, b: _Group) -> _Group:
        return self._group((*a.pieces, *b.pieces))

    def owned(self, group: _Group) -> tuple[Box, Mask]:
        """The group's tight box, and which pixels in it are the group's."""
        x0, y0, x1, y1 = group.box
        ex0, ey0, ex1, ey1 = self.everything
        rows, columns = self.grid.shape
        mine = np.isin(self.labels, np.asarray(group.pieces) + 1)
        row = (np.arange(y0, y1) - ey0) * rows // (ey1 - ey0)
        column = (np.arange(x0, x1) - ex0) * columns // (ex1 - ex0)
        owned = np.take(mine[row], column, axis=1)
        owned &= _inside(self.mask, group.box)
        left, top, right, bottom = bounding_box(owned)
        tight = (x0 + left, y0 + top, x0 + right, y0 + bottom)
        return tight, owned[top:bottom, left:right]


def _connected(grid: Mask, reach: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Parts of the grid at most 2 * reach empty cells apart, also diagonally.

    Returns the part's number from 1 of each cell (0 = empty) and (n, 4) boxes in cells.
    """
    padded = cv2.copyMakeBorder(
        grid.view(np.uint8), reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0
    )
    side = 2 * reach + 1
    grown = cv2.dilate(padded, np.ones((side, side), np.uint8)) if reach else padded
    _, labels, stats, _ = cv2.connectedComponentsWithStats(grown, connectivity=8)
    height, width = grid.shape
    labels = np.where(grid, labels[reach : reach + height, reach : reach + width], 0)
    left, top, wide, high = stats[1:, :4].T
    boxes = np.stack((left, top, left + wide - 2 * reach, top + high - 2 * reach), axis=1)
    return labels, boxes


def _joined(groups: list[_Group], merge: Callable[[_Group, _Group], _Group]) -> list[_Group]:
    """Merge groups that see each other until none does."""
    waiting = list(groups)
    apart: list[_Group] = []
    while waiting:
        group = waiting.pop()
        for others in (apart, waiting):
            seen = next((other for other in others if group.sees(other)), None)
            if seen is not None:
                others.remove(seen)
                waiting.append(merge(group, seen))
                break
        else:
            apart.append(group)
    return apart


def _nearest_pair(groups: list[_Group]) -> tuple[_Group, _Group]:
    return min(combinations(groups, 2), key=lambda pair: _gap(pair[0].box, pair[1].box))


def _gap(a: Box, b: Box) -> int:
    return max(a[0] - b[2], b[0] - a[2], a[1] - b[3], b[1] - a[3])


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])
