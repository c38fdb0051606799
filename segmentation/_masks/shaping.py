"""The shape of a mask: what a user may do to it after everything has been selected.

Every function takes a bool (H, W) mask and returns a new one. Lengths are pixels of the
mask that is given; whoever works on a reduced mask scales them first (`Shape.scaled`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from methods import Mask
from segmentation._masks.masks import SPECKLE, dilate, distance_to, window_of

MOST_WORK = 4.0
"""Areas of the photo that are spent on treating objects one by one; bounds the time."""

FREE_WORK = 2**20
"""Pixels that may be spent however small the photo is."""

_GAUSSIAN_LIMIT = 2.0


class Pieces(NamedTuple):
    """The connected pieces (8 neighbours) of a mask.

    window: (rows, columns) of the mask that holds all of them. labels: int32 of that size,
    0 = none. boxes: (N, 4) int32 x, y, width, height in the window, piece k + 1 in row k.
    areas: (N,) int32.
    """

    window: tuple[slice, slice]
    labels: NDArray[np.int32]
    boxes: NDArray[np.int32]
    areas: NDArray[np.int32]

    def alone(self, index: int, margin: int = 0) -> tuple[Mask, tuple[slice, slice]]:
        """One piece in its box with a margin, and where that lies in the window."""
        x, y, width, height = self.boxes[index].tolist()
        place = (
            slice(max(y - margin, 0), y + height + margin),
            slice(max(x - margin, 0), x + width + margin),
        )
        return self.labels[place] == index + 1, place

    def one_by_one(self, most: float, margin: float = 0.0) -> Iterator[int]:
        """Indices from the largest piece down, while `most` pixels of boxes last.

        margin: around each box, in square roots of the piece's area.
        """
        for index in np.argsort(-self.areas, kind="stable").tolist():
            _, _, width, height = self.boxes[index].tolist()
            around = 2 * margin * math.sqrt(self.areas[index])
            most -= (width + around) * (height + around) + _CALL_COST
            if most < 0:
                return
            yield index


_CALL_COST = 1000  # pixels that could be treated in the time that one call takes


def _work(mask: Mask) -> float:
    return max(MOST_WORK * mask.size, FREE_WORK)


def pieces_of(mask: Mask, margin: int = 0) -> Pieces | None:
    """The connected pieces; None for an empty mask. margin: of the window."""
    window = window_of(mask, margin)
    if window is None:
        return None
    part = np.ascontiguousarray(mask[window])
    _, labels, stats, _ = cv2.connectedComponentsWithStats(part.view(np.uint8), connectivity=8)
    return Pieces(window, labels, stats[1:, :4], stats[1:, cv2.CC_STAT_AREA])


def drop_crumbs(mask: Mask, before: Mask, kept: Mask | None = None) -> Mask:
    """Without the crumbs that were left when `before` was cut down to `mask`, a part of it.

    A crumb is a piece smaller than SPECKLE of the piece of `before` that it was cut from;
    so nothing that has not been cut is ever dropped, however small it is. A piece that holds
    a pixel of `kept` stays: the user has painted it, or pointed at it. The rule is ours.
    """
    window = window_of(before)
    if window is None:
        return mask.copy()
    part = np.ascontiguousarray(mask[window])
    labels, areas = _labelled(part)
    origins, whole_areas = _labelled(np.ascontiguousarray(before[window]))
    origin = np.zeros(len(areas), np.int32)
    origin[labels[part]] = origins[part]  # all pixels of a piece come from one and the same
    wanted = areas >= SPECKLE * whole_areas[origin]
    if kept is not None:
        wanted[labels[kept[window]]] = True
    wanted[0] = False  # label 0 is what is outside
    result = np.zeros_like(mask)
    result[window] = wanted[labels]
    return result


def _labelled(part: Mask) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """(H, W) the number of each pixel's piece, 0 = none, and the areas by number."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(part.view(np.uint8), connectivity=8)
    return labels, stats[:, cv2.CC_STAT_AREA]


def smooth(mask: Mask, radius: float) -> Mask:
    """With a smoother outline: what a blurred mask has above one half.

    radius: the blur's standard deviation, pixels; details smaller than that go. The edge of
    the photo is no outline. Up to 2 pixels the blur is Gaussian; beyond, three box filters
    stand for it (Kovesi, "Fast almost-Gaussian filtering", 2010), whose time does not grow.
    """
    window = window_of(mask, margin=math.ceil(3 * radius) + 3)
    if window is None or radius <= 0:
        return mask.copy()
    soft = mask[window].astype(np.float32)
    if radius <= _GAUSSIAN_LIMIT:
        soft = cv2.GaussianBlur(soft, (0, 0), radius, borderType=cv2.BORDER_REPLICATE)
    else:
        for side in _box_sides(radius):
            soft = cv2.blur(soft, (side, side), borderType=cv2.BORDER_REPLICATE)
    result = np.zeros_like(mask)
    result[window] = soft > 0.5
    return result


def _box_sides(radius: float) -> tuple[int, int, int]:
    """Three odd sides whose boxes have together the variance 3 (side^2 - 1) / 12 = radius^2."""
    ideal = math.sqrt(4 * radius**2 + 1)
    lower = max(1, math.floor(ideal) - (1 - math.floor(ideal) % 2))
    few = round((12 * radius**2 - 3 * lower**2 - 12 * lower - 9) / (-4 * lower - 4))
    sides = [lower if place < few else lower + 2 for place in range(3)]
    return sides[0], sides[1], sides[2]


def loosen(mask: Mask, precision: float) -> Mask:
    """A mask of graded precision: from the exact outline (0) through a loose one to the box (1).

    The idea of graded masks, from the instance's own to its bounding box, is that of Xie et
    al., "SmartBrush: Text and Shape Guided Object Inpainting with Diffusion Model", CVPR
    2023, who train with them so that a mask need not be exact; erasers too leave less of an
    object behind when it does not follow the outline. The formula is ours: for each
    connected piece with its bounding box B, let d(x) be the distance from x to the piece and
    D the largest d in B; then the result is all x in B with d(x) <= precision * D. It grows
    with `precision` everywhere, is the piece at 0 and B at 1, and looks alike at every
    size of the mask. Of very many pieces the smallest stay exact below 0.5 and become boxes
    from there on, which bounds the time.
    """
    pieces = None if precision <= 0 else pieces_of(mask)
    if pieces is None:
        return mask.copy()
    part = mask[pieces.window].copy()
    if precision >= 1:
        part |= _boxes_filled(pieces.boxes, part.shape)
    else:
        treated = np.zeros(len(pieces.areas), np.bool_)
        for index in pieces.one_by_one(_work(mask)):
            piece, place = pieces.alone(index)
            part[place] |= _within(piece, precision)
            treated[index] = True
        if precision >= 0.5 and not treated.all():
            part |= _boxes_filled(pieces.boxes[~treated], part.shape)
    result = np.zeros_like(mask)
    result[pieces.window] = part
    return result


def _within(piece: Mask, precision: float) -> Mask:
    distances = distance_to(piece)
    return distances <= precision * distances.max()


def _boxes_filled(boxes: NDArray[np.int32], shape: tuple[int, ...]) -> Mask:
    """(H, W) True in any of the boxes; a million of them cost no more than one."""
    edges = np.zeros((shape[0] + 1, shape[1] + 1), np.int32)
    x, y, width, height = boxes.T
    for rows, columns, sign in (
        (y, x, 1),
        (y + height, x + width, 1),
        (y + height, x, -1),
        (y, x + width, -1),
    ):
        np.add.at(edges, (rows, columns), sign)
    return edges.cumsum(axis=0).cumsum(axis=1)[:-1, :-1] > 0


def dilate_percent(mask: Mask, percent: float) -> Mask:
    """Grow or shrink each connected piece by a share of its own size, the root of its area.

    Of very many pieces the smallest grow together, by the share of their mean size.
    """
    if percent == 0:
        return mask.copy()
    return _grown(mask, percent / 100) if percent > 0 else _shrunk(mask, -percent / 100)


def _shrunk(mask: Mask, share: float) -> Mask:
    """The distance to the outside is compared with each piece's own radius."""
    pieces = pieces_of(mask, margin=1)
    result = np.zeros_like(mask)
    if pieces is None:
        return result
    part = mask[pieces.window]
    if part.all():
        return mask.copy()  # the whole photo: there is no outside
    radii = np.concatenate(([np.inf], share * np.sqrt(pieces.areas)))
    result[pieces.window] = distance_to(~part) > radii[pieces.labels]
    return result


def _grown(mask: Mask, share: float) -> Mask:
    largest = pieces_of(mask)
    if largest is None:
        return mask.copy()
    reach = math.ceil(share * math.sqrt(int(largest.areas.max()))) + 1
    pieces = pieces_of(mask, margin=reach)
    assert pieces is not None
    part = mask[pieces.window].copy()
    left = np.ones(len(pieces.areas) + 1, np.bool_)
    left[0] = False
    for index in pieces.one_by_one(_work(mask), share):
        radius = share * math.sqrt(int(pieces.areas[index]))
        piece, place = pieces.alone(index, math.ceil(radius) + 1)
        part[place] |= distance_to(piece) <= radius
        left[index + 1] = False
    if left.any():
        mean = float(pieces.areas[left[1:]].mean())
        part |= dilate(left[pieces.labels], share * math.sqrt(mean))
    result = np.zeros_like(mask)
    result[pieces.window] = part
    return result
