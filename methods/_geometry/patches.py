"""Which parts of the photo an eraser is given: one crop for each group of masked objects."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._base import Canvas, Mask
from methods._geometry.cells import Cells
from methods._geometry.masks import Box, bounding_box, cut_out, round_up

MAX_PATCHES = 8
_MAX_OBJECTS = 32  # beyond that they are first gathered by where they lie
_MAX_GROWTH = 1.5  # of a crop's longer side, when objects that see each other share one


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """One call of an eraser.

    crop: what it sees. box: the part of the photo, inside the crop, that holds all pixels which
    are pasted from it. owned: (box height, box width) bool, which pixels these are. goes_on: what
    earlier patches have filled is part of the photo to it.
    """

    crop: Box
    box: Box
    owned: Mask
    goes_on: bool = False


def plan_groups(mask: Mask, canvas: Canvas, most: int = MAX_PATCHES) -> tuple[Patch, ...]:
    """Cut the mask into at most `most` patches (1 or more); each True pixel is owned by one.

    mask: (H, W) with at least one True. Objects whose crops show each other share a patch
    unless its crop would be much larger, so that an eraser's canvas is spent on few objects;
    of too many patches those join that make the smallest one. Specks (a few pixels) belong to the
    crop that shows them; those that none shows share a patch.
    """
    everything = bounding_box(mask)
    parts = _Parts(mask, everything, canvas)
    groups = parts.groups(most)
    if len(groups) == 1:
        crop = with_ground(mask, groups[0].crop)
        return (Patch(crop, everything, cut_out(mask, everything)),)
    return tuple(Patch(with_ground(mask, group.crop), *parts.owned(group)) for group in groups)


def crop_around(box: Box, size: tuple[int, int], canvas: Canvas, most: int | None = None) -> Box:
    """The box with its context, grown to the canvas's own size where the photo allows.

    size: (H, W) of the photo. At the photo's border the crop is shifted, not cut. most: pixels of
    a side that the context does not exceed.
    """
    x0, y0, x1, y1 = box
    # At least one pixel, so that there is always something to fill from.
    margin = max(1, canvas.min_context, math.ceil(canvas.context * max(x1 - x0, y1 - y0)))
    width, height = x1 - x0 + 2 * margin, y1 - y0 + 2 * margin
    if most:
        width, height = max(min(width, most), x1 - x0 + 2), max(min(height, most), y1 - y0 + 2)
    if canvas.square:
        width = height = max(width, height, canvas.square)
    else:
        least = canvas.short_side or math.isqrt(canvas.area or 1)
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


def with_ground(mask: Mask, crop: Box) -> Box:
    """The crop; or the whole photo, where it shows masked pixels only: nothing to fill from."""
    height, width = mask.shape
    return (0, 0, width, height) if cut_out(mask, crop).all() else crop


@dataclass(frozen=True, slots=True)
class _Group:
    """Parts of the mask that share a crop. box: around the objects among them, in the photo."""

    box: Box
    crop: Box
    parts: NDArray[np.intp]

    def sees(self, other: _Group) -> bool:
        return _overlap(self.crop, other.box) or _overlap(other.crop, self.box)


class _Parts:
    """Connected parts of the mask, found on a grid of cells over its bounding box."""

    def __init__(self, mask: Mask, everything: Box, canvas: Canvas) -> None:
        self.mask, self.canvas = mask, canvas
        self.cells = Cells.of(mask, everything)
        self.labels, boxes, self.specks = _objects_and_specks(
            self.cells.grid,
            # Nearer than the least context, objects see each other in any case.
            reach=canvas.min_context // (2 * self.cells.cell),
            speck=max(4, max(mask.shape) // 400) // self.cells.cell,
        )
        self.boxes = self.cells.in_photo(boxes)

    def groups(self, most: int) -> list[_Group]:
        """Objects, largest first; then at most one group of specks that no object's crop shows."""
        specks = np.flatnonzero(self.specks)
        objects = self._joined(self._objects())
        objects, lonely = self._with_specks(objects, specks)
        limit = max(1, most - bool(len(lonely)))
        if len(objects) > limit:
            objects = self._fewer(objects, limit)
            objects, lonely = self._with_specks(objects, specks)
        objects.sort(key=lambda group: -_area(group.box))
        return [*objects, self._group(lonely)] if len(lonely) else objects

    def _objects(self) -> list[_Group]:
        """One group each; of very many, one for each of 5 x 5 fields of the mask."""
        numbers = np.flatnonzero(~self.specks)
        if len(numbers) <= _MAX_OBJECTS:
            return [self._group(numbers[i : i + 1]) for i in range(len(numbers))]
        centers = (self.boxes[numbers, :2] + self.boxes[numbers, 2:]) / 2
        low, high = centers.min(axis=0), centers.max(axis=0)
        fields = np.floor((centers - low) / np.maximum(high - low, 1) * 4.999).astype(int)
        field = fields[:, 0] * 5 + fields[:, 1]
        return [self._group(numbers[field == value]) for value in np.unique(field)]

    def _joined(self, groups: list[_Group]) -> list[_Group]:
        """Merge groups that see each other, as long as that does not cost much resolution."""
        waiting = list(groups)
        apart: list[_Group] = []
        while waiting:
            group = waiting.pop()
            merged = self._taken(group, apart) or self._taken(group, waiting)
            if merged is None:
                apart.append(group)
            else:
                waiting.append(merged)
        return apart

    def _taken(self, group: _Group, others: list[_Group]) -> _Group | None:
        """The group merged with the first that may share its crop, which leaves the others."""
        for index, other in enumerate(others):
            merged = self._shared(group, other)
            if merged is not None:
                del others[index]
                return merged
        return None

    def _shared(self, a: _Group, b: _Group) -> _Group | None:
        if not a.sees(b):
            return None
        merged = self._merge(a, b)
        grown = _side(merged.crop) <= _MAX_GROWTH * max(_side(a.crop), _side(b.crop))
        return merged if grown else None

    def _fewer(self, groups: list[_Group], limit: int) -> list[_Group]:
        while len(groups) > limit:
            a, b = min(combinations(groups, 2), key=lambda two: _side(_around(*two)))
            groups = [one for one in groups if one is not a and one is not b]
            groups.append(self._merge(a, b))
        return groups

    def _with_specks(
        self, groups: list[_Group], specks: NDArray[np.intp]
    ) -> tuple[list[_Group], NDArray[np.intp]]:
        """Give each speck to a crop that shows all of it; what is left over is lonely."""
        shown = []
        for group in groups:
            boxes, crop = self.boxes[specks], np.asarray(group.crop)
            inside = ((boxes[:, :2] >= crop[:2]) & (boxes[:, 2:] <= crop[2:])).all(axis=1)
            parts = np.concatenate((group.parts[~self.specks[group.parts]], specks[inside]))
            shown.append(_Group(group.box, group.crop, parts))
            specks = specks[~inside]
        return shown, specks

    def _group(self, parts: NDArray[np.intp]) -> _Group:
        boxes = self.boxes[parts]
        corners = (*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist())
        box: Box = corners[0], corners[1], corners[2], corners[3]
        height, width = self.mask.shape
        return _Group(box, crop_around(box, (height, width), self.canvas), parts)

    def _merge(self, a: _Group, b: _Group) -> _Group:
        parts = np.concatenate((a.parts, b.parts))
        return self._group(parts[~self.specks[parts]])

    def owned(self, group: _Group) -> tuple[Box, Mask]:
        """The group's tight box, and which pixels in it are the group's."""
        boxes = self.boxes[group.parts]
        (x0, y0), (x1, y1) = boxes[:, :2].min(axis=0).tolist(), boxes[:, 2:].max(axis=0).tolist()
        number_is_mine = np.zeros(len(self.boxes) + 1, bool)
        number_is_mine[group.parts + 1] = True
        owned = self.cells.on_pixels(number_is_mine[self.labels], (x0, y0, x1, y1))
        owned &= self.mask[y0:y1, x0:x1]
        return tightened((x0, y0, x1, y1), owned)


def tightened(box: Box, owned: Mask) -> tuple[Box, Mask]:
    """The smallest box around the True pixels of one, and their part of the mask."""
    left, top, right, bottom = bounding_box(owned)
    tight = (box[0] + left, box[1] + top, box[0] + right, box[1] + bottom)
    return tight, owned[top:bottom, left:right]


def _objects_and_specks(
    grid: Mask, reach: int, speck: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_]]:
    """Number all parts of the grid from 1: objects first, then specks.

    A speck is a connected part of at most `speck` cells in width and height; what else is at
    most 2 * reach empty cells apart is one object. Returns the number of each cell
    (0 = empty), (n, 4) boxes in cells, (n,) whether it is a speck.
    """
    parts, part_boxes = connected(grid, 0)
    small = np.concatenate(([False], (part_boxes[:, 2:] - part_boxes[:, :2]).max(axis=1) <= speck))
    labels, boxes = connected(grid & ~small[parts], reach)
    numbers = np.zeros(len(small), np.int32)
    numbers[small] = len(boxes) + 1 + np.arange(small.sum())
    specks = np.arange(len(boxes) + small.sum()) >= len(boxes)
    return labels + numbers[parts], np.concatenate((boxes, part_boxes[small[1:]])), specks


def connected(grid: Mask, reach: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
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


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _side(box: Box) -> int:
    return max(box[2] - box[0], box[3] - box[1])


def _around(a: _Group, b: _Group) -> Box:
    return (
        min(a.box[0], b.box[0]),
        min(a.box[1], b.box[1]),
        max(a.box[2], b.box[2]),
        max(a.box[3], b.box[3]),
    )
