"""Two things that spoil an erasure and can be seen beforehand: a rim and a shadow.

Both are guesses for the eye of a user, not measurements; both rules are ours.

**Rim.** The mask ends too early, so a rim of the object stays in the picture and erasers
continue it. At points along the outline three colours are compared, each averaged along the
outline: inside near the edge (the object), just outside (the ring), and farther outside
(the background). Where object and background differ, the ring is placed between them (0 =
as the background, 1 = as the object); the hint is how much of the outline lies beyond one
half. Where the mask has been grown beyond the object, nothing of it can be left. Rims of
up to some 5/800 of the picture's longer side are found; a wider one is seen by anyone.

**Shadow.** Beside the mask lies a connected region that is darker than the ground but of
the same colour. Lab's a/(L + 16) and b/(L + 16) do not change when the light on a surface
is dimmed (CIE 1976: L + 16, a and b all go with the cube root of it), so a shadow has those
of the lit ground and a smaller ((L + 16) / (L of the ground + 16))^3, which is the share of
the light that is left. What counts for a region: how much of the mask's outline it
touches, how much of its own outline borders on lit ground, that it stays near the object
and inside the picture, and to a lesser degree that it lies low.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from methods import Image, Mask, reduce_mask
from segmentation._masks.masks import window_of

Colors = NDArray[np.float32]
"""(N, 3) or (H, W, 3); RGB 0 … 255 or CIE Lab."""


class Hint(NamedTuple):
    """What the mask probably leaves behind; strength 0 … 1."""

    code: Literal["rim", "shadow"]
    strength: float


LEAST = 0.35
"""Weaker suspicions are kept to oneself."""


def find_hints(picture: Image, mask: Mask, core: Mask | None = None) -> tuple[Hint, ...]:
    """The hints for a mask, strongest first; a few ms.

    picture: (h, w, 3) uint8, the photo reduced to some 1600 pixels. mask: of its size. core:
    the mask before it was loosened and grown (None: it was not), which shows where the
    object ends. Nothing is said of an empty mask or of one that covers the picture.
    """
    if not mask.any() or mask.all():
        return ()
    strengths = {
        "rim": rim_strength(picture, mask, mask if core is None else core),
        "shadow": shadow_strength(picture, mask),
    }
    found = [Hint(code, value) for code, value in strengths.items() if value >= LEAST]  # type: ignore[arg-type]
    return tuple(sorted(found, key=lambda hint: -hint.strength))


# --- the rim -----------------------------------------------------------------------------

_OUTLINE_POINTS = 1200
_RIM_UNIT = 800  # longer sides of the picture: one step outward is 1/800 of it, or a pixel
_INSIDE = (-2.0, -3.0, -4.0)  # steps along the outward normal
_RING = (1.5, 2.0)
_FAR = (5.0, 6.0, 7.0, 8.0)
_GROWN = 4.0  # steps beyond the object from which on nothing of it can be left
_ALONG = 6  # outline pixels to either side that are averaged
_CONTRAST = 12.0  # of CIE Lab, between object and background
_LEAST_SEEN = 0.25  # share of the outline that must have it
_RIM_RANGE = (0.25, 0.7)  # share of the outline with a rim, from no hint to a full one


def rim_strength(picture: Image, mask: Mask, core: Mask) -> float:
    """0 … 1: how likely a rim of the object lies just outside the mask."""
    step = max(1.0, max(mask.shape) / _RIM_UNIT)
    reach = math.ceil((max(_FAR) + 1) * step)
    window = window_of(mask, reach)
    if window is None:
        return 0.0
    picture, mask, core = picture[window], mask[window], core[window]
    grown = _beyond(core, mask, _GROWN * step)
    seen, rims, total = 0, 0, 0
    for outline, outward in _outlines(mask, step):
        rim, contrast = _rim_along(picture, mask, outline, outward, step)
        bare = grown[_at(outline, mask.shape)]
        seen += int((contrast | bare).sum())
        rims += int((rim & contrast & ~bare).sum())
        total += len(outline)
    if not seen or seen < _LEAST_SEEN * total:
        return 0.0
    return _between(rims / seen, *_RIM_RANGE)


def _beyond(core: Mask, mask: Mask, pixels: float) -> Mask:
    """(H, W) where the mask has been grown more than `pixels` beyond the core."""
    if core is mask or not core.any():
        return np.zeros_like(mask)
    near = cv2.distanceTransform((~core).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
    return near > pixels


def _outlines(mask: Mask, step: float) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """For each outer outline: (N, 2) some of its pixels x, y, and the outward normals there."""
    found, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    lines = [line[:, 0, :].astype(np.float32) for line in found if len(line) >= 8 * step]
    every = max(1, sum(map(len, lines)) // _OUTLINE_POINTS)
    result = []
    for line in lines:
        span = max(2, round(2 * step))
        smooth = sum(np.roll(line, shift, 0) for shift in range(-span, span + 1))
        along = np.roll(smooth, -span, 0) - np.roll(smooth, span, 0)
        # OpenCV walks around an object with the object on its left, as the eye sees it.
        normals = np.stack((-along[:, 1], along[:, 0]), axis=1)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
        result.append((line[::every], normals[::every]))
    return result


def _rim_along(
    picture: Image,
    mask: Mask,
    outline: NDArray[np.float32],
    outward: NDArray[np.float32],
    step: float,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each point: whether its ring looks like the object; whether that can be told."""

    def colors(steps: tuple[float, ...], inside: bool) -> tuple[Colors, NDArray[np.bool_]]:
        total = np.zeros((len(outline), 4), np.float32)
        for distance in steps:
            places = outline + outward * np.float32(distance * step)
            index = _at(places, mask.shape)
            valid = _within(places, mask.shape) & (mask[index] == inside)
            total[:, :3] += picture[index] * valid[:, None]
            total[:, 3] += valid
        total = _averaged(total, len(outline))
        return _lab(total[:, :3] / np.maximum(total[:, 3:], 1e-6)), total[:, 3] > 0

    (thing, has_thing), (ring, has_ring) = colors(_INSIDE, True), colors(_RING, False)
    ground, has_ground = colors(_FAR, False)
    difference = thing - ground
    squared = (difference**2).sum(axis=1)
    place = ((ring - ground) * difference).sum(axis=1) / np.maximum(squared, 1e-6)
    told = has_thing & has_ring & has_ground & (squared > _CONTRAST**2)
    return place > 0.5, told


def _averaged(values: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Summed over neighbours along a closed line."""
    reach = min(_ALONG, (count - 1) // 2)
    ring = np.concatenate((values[-reach:], values, values[:reach])) if reach else values
    sums = np.cumsum(np.concatenate((np.zeros_like(ring[:1]), ring)), axis=0, dtype=np.float64)
    return (sums[2 * reach + 1 :] - sums[: -2 * reach - 1]).astype(np.float32)


def _at(places: NDArray[np.float32], shape: tuple[int, ...]) -> tuple[NDArray, NDArray]:
    """(rows, columns) of the nearest pixels."""
    x, y = np.rint(places).astype(np.int64).T
    return y.clip(0, shape[0] - 1), x.clip(0, shape[1] - 1)


def _within(places: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    x, y = np.rint(places).T
    return (x >= 0) & (y >= 0) & (x < shape[1]) & (y < shape[0])


# --- the shadow --------------------------------------------------------------------------

_SHADOW_SIDE = 240  # the surroundings are looked at in this size
_SURROUNDINGS = 0.75  # of the object's longer side, around it
_LIGHT_LEFT = (0.03, 0.68)  # share of the light that a shadow leaves
_LIT = 0.75
_SAME_COLOR = (0.06, 0.45)  # allowed difference of a/(L+16), b/(L+16): absolute, and of their size
_GUARD = 2.0  # pixels beside the mask where object and ground mix
_TOUCH = 4.5
_LEAST_AREA = 0.02  # of the object's
_MOST_AREA = (1.2, 3.0)  # from here to there a region is less and less likely a shadow
_SHADOW_RANGE = (0.05, 0.2)


class _Scene(NamedTuple):
    """The surroundings of the mask, reduced. apart: distance to the mask. left: share of the
    ground's light; same: whether the colour is the ground's."""

    mask: Mask
    apart: NDArray[np.float32]
    left: NDArray[np.float32]
    same: Mask


def shadow_strength(picture: Image, mask: Mask) -> float:
    """0 … 1: how likely the object's shadow lies beside the mask."""
    scene = _scene(picture, mask)
    outside = scene.apart > _GUARD
    low, high = _LIGHT_LEFT
    dark = outside & scene.same & (scene.left > low) & (scene.left < high)
    dark_ = cv2.morphologyEx(dark.view(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(dark_, connectivity=8)
    ring = outside & (scene.apart <= _TOUCH)
    touching = np.bincount(labels[ring], minlength=len(stats))
    least = _LEAST_AREA * int(scene.mask.sum())
    regions = [k for k in np.flatnonzero(touching) if k and stats[k, cv2.CC_STAT_AREA] >= least]
    contacts = touching / max(int(ring.sum()), 1)
    evidence = sum(float(contacts[k]) * _likeness(scene, labels == k) for k in regions)
    return _between(evidence, *_SHADOW_RANGE)


def _scene(picture: Image, mask: Mask) -> _Scene:
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    margin = int(_SURROUNDINGS * max(width, height)) + 8
    window = (
        slice(max(y - margin, 0), y + height + margin),
        slice(max(x - margin, 0), x + width + margin),
    )
    rows, columns = mask[window].shape
    scale = min(1.0, _SHADOW_SIDE / max(rows, columns))
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    every = max(1, int(0.5 / scale))  # a quarter of the pixels, or less, tells as much
    sampled = np.ascontiguousarray(picture[window][::every, ::every])
    small = cv2.resize(sampled, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 1)
    covered = reduce_mask(mask[window], (size[1], size[0]))
    apart = cv2.distanceTransform((~covered).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    left, same = _against_ground(_lab(small), apart > _GUARD, math.sqrt(int(covered.sum())))
    return _Scene(covered, apart, left, same)


def _against_ground(
    lab: Colors, outside: Mask, reach: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The share of the ground's light at each pixel, and whether its colour is the ground's.

    The ground is the mean of those surroundings, within half of `reach`, that are no darker
    than the mean of all of them: of a shadow and what it falls on, the latter.
    """
    light = lab[..., 0] + 16
    red, yellow = lab[..., 1] / light, lab[..., 2] / light
    side = 2 * max(3, int(0.5 * reach)) + 1

    def mean(values: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
        total = cv2.blur(values * weight, (side, side), borderType=cv2.BORDER_CONSTANT)
        share = cv2.blur(weight, (side, side), borderType=cv2.BORDER_CONSTANT)
        return total / np.maximum(share, 1e-4)

    weight = outside.astype(np.float32)
    weight *= light >= mean(light, weight)
    ground_red, ground_yellow = mean(red, weight), mean(yellow, weight)
    left = np.asarray((light / np.maximum(mean(light, weight), 1e-3)) ** 3, np.float32)
    absolute, relative = _SAME_COLOR
    tolerance = absolute + relative * np.hypot(ground_red, ground_yellow)
    return left, np.asarray(np.hypot(red - ground_red, yellow - ground_yellow) < tolerance)


def _likeness(scene: _Scene, region: Mask) -> float:
    """0 … 1: how much a dark region beside the object is like a shadow."""
    area = int(region.sum())
    far = float((scene.apart[region] > math.sqrt(int(scene.mask.sum()))).mean())
    frame = np.concatenate((region[0], region[-1], region[:, 0], region[:, -1]))
    cut_off = min(1.0, int(frame.sum()) / math.sqrt(area))
    rows = np.flatnonzero(scene.mask.any(axis=1))
    low = float((np.nonzero(region)[0] > (rows[0] + rows[-1]) / 2).mean())
    size = 1 - _between(area / int(scene.mask.sum()), *_MOST_AREA)
    return _lit_around(scene, region) * (1 - far) * (1 - cut_off) * size * (0.7 + 0.3 * low)


def _lit_around(scene: _Scene, region: Mask) -> float:
    """The share of a region's outline, less that with the object, that borders on lit ground."""
    seed = region.view(np.uint8)
    wide, narrow = (cv2.dilate(seed, np.ones((k, k), np.uint8)) > 0 for k in (9, 5))
    border = wide & ~narrow & (scene.apart > _GUARD)
    lit = border & scene.same & (scene.left > _LIT)
    return int(lit.sum()) / max(int(border.sum()), 1)


# --- common ------------------------------------------------------------------------------


def _lab(rgb: NDArray) -> Colors:
    """CIE Lab (D65) of (N, 3) or (H, W, 3) sRGB, 0 … 255."""
    pixels = rgb.reshape(1, -1, 3) if rgb.ndim == 2 else rgb
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return np.asarray(lab.reshape(rgb.shape))


def _between(value: float, low: float, high: float) -> float:
    """0 at `low` and below, 1 at `high` and above."""
    return min(max((value - low) / (high - low), 0.0), 1.0)
