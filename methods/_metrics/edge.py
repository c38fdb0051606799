"""What shows along the mask's edge: a rim, a seam, and a shift of colour.

All look at profiles: the result's colours on lines that cross the edge at right angles, one
for each pixel of the edge, in CIE L*a*b* where a distance of 2 is just visible.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._metrics.scene import Scene, smoothed

REACH = 20
"""Pixels of a profile on either side of the edge."""

_MOST_PROFILES = 4000
_ALONG = 15  # pixels along the edge over which colours are averaged: a seam stays, texture goes
_RIM = 3  # pixels from the middle of a line to where it ends
_AT_EDGE = 4  # pixels on both sides of the edge that belong to it
_AWAY = 13  # pixels from the edge to the middle of what is usual
_LEAST = 5.0  # ΔE
_TIMES_USUAL = 2.0
_LEAST_PROFILES = 12
_SELDOM = 0.2  # share of the edge that may step less


@dataclass(frozen=True, slots=True)
class Profiles:
    """colors: (n, 2 * REACH, 3) L*a*b*; valid: (n, 2 * REACH) whether the place lies on its
    side of the edge and on the picture. The columns are at -19.5, -18.5, … +19.5 pixels from
    the edge, outside first; neighbours in n are neighbours along the edge."""

    colors: NDArray[np.float32]
    valid: NDArray[np.bool_]


def profiles_of(scene: Scene) -> Profiles | None:
    """The profiles of the result; None where the edge is too short to tell anything."""
    points = _edge_points(scene)
    if len(points) < _LEAST_PROFILES:
        return None
    places = _places(scene, points)
    x, y = places[..., 0], places[..., 1]
    depth = cv2.remap(scene.depth, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    height, width = scene.hole.shape
    on_picture = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
    valid = on_picture & (np.sign(depth) == np.sign(OFFSETS)) & (abs(depth) > 0.6 * abs(OFFSETS))
    colors = cv2.remap(scene.after, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    lab = cv2.cvtColor(colors.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return Profiles(np.asarray(lab), np.asarray(valid))


OFFSETS = (np.arange(2 * REACH, dtype=np.float32) - REACH + 0.5).astype(np.float32)


def _edge_points(scene: Scene) -> NDArray[np.float32]:
    """(n, 2) x, y of the hole's outermost pixels, in order along each contour."""
    hole = scene.hole.view(np.uint8)
    contours, _ = cv2.findContours(hole, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    points = np.concatenate([contour[:, 0] for contour in contours]).astype(np.float32)
    return points[:: max(1, len(points) // _MOST_PROFILES)]


def _places(scene: Scene, points: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 2 * REACH, 2) x, y of the profiles' pixels."""
    even = smoothed(scene.depth, 2.0)
    inward = np.stack([cv2.Sobel(even, cv2.CV_32F, 1, 0), cv2.Sobel(even, cv2.CV_32F, 0, 1)], -1)
    columns, rows = points.astype(np.intp).T
    normals = inward[rows, columns]
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    # The outermost pixels lie half a pixel inside the edge.
    away = (OFFSETS - 0.5)[None, :, None] * normals[:, None, :]
    return np.ascontiguousarray(points[:, None, :] + away, dtype=np.float32)


# --- a rim, and a seam ---------------------------------------------------------------------


def rim(profiles: Profiles) -> float | None:
    """Share of the edge along which a line of another colour runs; 0 … 1.

    r(s) = a · b / max(|a|, |b|) where that is positive, a = C(s) - C(s - 3) and b = C(s) -
    C(s + 3): how far the colour at s pixels from the edge differs from both its sides in the
    same direction. No structure of a photo does that along a mask's edge: an outline of the
    object, left inside or outside the mask, does.
    """
    colors, known = _pairs(profiles)
    middle, outer, inner = (slice(start, end) for start, end in _sides(colors, _RIM))
    first, second = (colors[:, middle] - colors[:, side] for side in (outer, inner))
    longer = np.maximum(np.linalg.norm(first, axis=2), np.linalg.norm(second, axis=2))
    ridges = np.maximum((first * second).sum(axis=2), 0) / np.maximum(longer, 1e-3)
    there = known[:, middle] & known[:, outer] & known[:, inner]
    return _standing_out(ridges.astype(np.float32), there)


def seam(profiles: Profiles) -> float | None:
    """Share of the edge along which colour steps; 0 … 1.

    The step at s pixels from the edge: |C(s - 1) - C(s + 1)|. Where the mask ends at something's
    outline, a faultless fill has a step there as well.
    """
    colors, known = _pairs(profiles)
    _, outer, inner = (slice(start, end) for start, end in _sides(colors, 1))
    steps = np.linalg.norm(colors[:, outer] - colors[:, inner], axis=2).astype(np.float32)
    return _standing_out(steps, known[:, outer] & known[:, inner])


def _pairs(profiles: Profiles) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """(n, m, 3) means of two neighbours, and over some of the edge; the middle column is at it."""
    colors, valid = _along(profiles.colors), profiles.valid
    pairs = (colors[:, 1:] + colors[:, :-1]) / 2
    return pairs.astype(np.float32), valid[:, 1:] & valid[:, :-1]


def _sides(colors: NDArray[np.float32], distance: int) -> tuple[tuple[int, int], ...]:
    """Columns, the same `distance` further out, and as much further in."""
    count = colors.shape[1] - 2 * distance
    return tuple((start, start + count) for start in (distance, 0, 2 * distance))


def _standing_out(values: NDArray[np.float32], known: NDArray[np.bool_]) -> float | None:
    """Share of the edge where the largest value within 4 pixels of it stands out: it is at least
    ΔE 5, and twice the usual largest one of as many pixels further out and further in."""
    middle = values.shape[1] // 2
    near = _most(values, known, middle)
    away = min(_AWAY, middle - _AT_EDGE)
    usual = np.fmax(_usual(values, known, middle - away), _usual(values, known, middle + away))
    judged = np.isfinite(near) & np.isfinite(usual)
    if judged.sum() < _LEAST_PROFILES:
        return None
    stands_out = (near >= _LEAST) & (near >= _TIMES_USUAL * usual)
    return float(stands_out[judged].mean())


def _along(colors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean over neighbours along the edge."""
    n, m, _ = colors.shape
    flat = cv2.blur(colors.reshape(n, m * 3), (1, min(_ALONG, n)), borderType=cv2.BORDER_REFLECT)
    return np.asarray(flat).reshape(n, m, 3)


def _most(
    values: NDArray[np.float32], known: NDArray[np.bool_], center: int
) -> NDArray[np.float32]:
    """(n,) the largest of 9 values around the column; NaN where most of them are unknown."""
    span = slice(center - _AT_EDGE, center + _AT_EDGE + 1)
    part, there = values[:, span], known[:, span]
    most = np.where(there, part, -1).max(axis=1)
    return np.where(there.sum(axis=1) * 2 > there.shape[1], most, np.nan)


def _usual(
    values: NDArray[np.float32], known: NDArray[np.bool_], center: int
) -> NDArray[np.float32]:
    """The largest value there, as it usually is in this neighbourhood along the edge."""
    most = _most(values, known, center)
    there = np.isfinite(most).astype(np.float32)[:, None]
    size = (1, 4 * _ALONG + 1)
    total = cv2.blur(np.nan_to_num(most)[:, None], size, borderType=cv2.BORDER_REFLECT)
    share = cv2.blur(there, size, borderType=cv2.BORDER_REFLECT)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(share > 0.2, total / share, np.nan)[:, 0]


# --- a shift of colour ---------------------------------------------------------------------


def color_shift(profiles: Profiles) -> float | None:
    """ΔE of the median difference between the two sides of the edge, with its sign; 0 and more.

    Each side counts from 3 to 10 pixels off the edge. Structures of the photo that the edge
    crosses differ here and there and in all directions; a patch of another tone differs
    everywhere in the same one.
    """
    steps = _steps_across(profiles)
    return None if steps is None else float(np.linalg.norm(np.median(steps, axis=0)))


def steady_step(profiles: Profiles) -> float | None:
    """ΔE by which four fifths of the edge step at least, all in the direction that the median has;
    0 and more. An outline of something real steps here and there, or not as much everywhere."""
    steps = _steps_across(profiles)
    if steps is None:
        return None
    usual = np.median(steps, axis=0)
    along = steps @ (usual / max(float(np.linalg.norm(usual)), 1e-6))
    return max(0.0, float(np.quantile(along, _SELDOM)))


def _steps_across(profiles: Profiles) -> NDArray[np.float32] | None:
    """(n, 3) colour inside less that outside, where both are known; None where that is seldom."""
    near, inner = (np.abs(OFFSETS) > 3) & (np.abs(OFFSETS) < 10), OFFSETS > 0
    difference = _mean(profiles, near & inner) - _mean(profiles, near & ~inner)
    known = np.isfinite(difference[:, 0])
    return None if known.sum() < _LEAST_PROFILES else difference[known]


def _mean(profiles: Profiles, columns: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(n, 3) mean colour over the valid ones among the columns; NaN where there are few."""
    valid = profiles.valid[:, columns]
    total = (profiles.colors[:, columns] * valid[..., None]).sum(axis=1)
    count = valid.sum(axis=1)
    few = count * 4 < columns.sum()
    return np.where(few[:, None], np.nan, total / np.maximum(count, 1)[:, None])
