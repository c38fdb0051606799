"""Where an object plausibly stands in a photo that it does not come from.

After the composition rules of Syn4Removal (see `compositing`): a fitting size, no place where it
would be cut off (their R2), none where it would hide what matters (their R1), then one of the
places by chance. Their sizes come from other objects of the same class; without classes, the
object keeps the share of the picture's height that it has at home, and its foot stands about
as far down as it did there, for what stands further down is nearer and larger.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from examples.compose.compositing import Placing, Shadow
from methods import BadInput, Mask

TRIES = 200
SIZES = (0.8, 1.25)
"""Least and most of the size at home."""

FOOT_SLACK = 0.08
"""How far the foot may move up or down, as a share of the picture's height."""

AREAS = (0.003, 0.4)
"""Least and most of the picture that the object covers."""

MOST_HIDDEN = 0.1
"""Of the object's box, how much may lie over what is to stay visible."""

SOFT = Shadow(strength=0.6, shift=(0.01, 0.03), ground=0.35, blur=0.02)
"""Under a thing that stands in diffuse light."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where the object stands in its own photo: the photo's (H, W), and the object's mask box."""

    size: tuple[int, int]
    box: tuple[int, int, int, int]

    @classmethod
    def of(cls, mask: Mask) -> Home:
        """Raises BadInput ("mask_empty")."""
        rows, columns = np.nonzero(mask)
        if not rows.size:
            raise BadInput("mask_empty.object")
        box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        x0, y0, x1, y1 = (int(value) for value in box)
        return cls((mask.shape[0], mask.shape[1]), (x0, y0, x1, y1))


def choose(
    home: Home,
    background: tuple[int, int],
    seed: int,
    *,
    keep_off: Mask | None = None,
    at: tuple[float, float] | None = None,
    scale: float | None = None,
    flip: bool | None = None,
) -> Placing:
    """A place on a background of (H, W) pixels; the same for the same seed.

    keep_off: (H, W) what must stay visible. at, scale, flip: what is settled already.
    Raises BadInput ("no_place").
    """
    chance = np.random.default_rng(seed)
    for _ in range(TRIES):
        placing = _tried(home, background, chance, at, scale, flip)
        if _fits(home, background, placing, keep_off):
            return placing
    raise BadInput("no_place")


def _tried(
    home: Home,
    background: tuple[int, int],
    chance: np.random.Generator,
    at: tuple[float, float] | None,
    scale: float | None,
    flip: bool | None,
) -> Placing:
    # All dice are thrown in every case, so that settling one thing moves no other.
    size = chance.uniform(*SIZES)
    foot, across, turned = chance.random(3)
    height, width = background
    scale = scale or size * height / home.size[0]
    half = (home.box[2] - home.box[0]) * scale / 2
    x = half + across * max(0.0, width - 2 * half)
    y = (home.box[3] / home.size[0] + (2 * foot - 1) * FOOT_SLACK) * height
    return Placing(
        at=at or (round(x, 1), round(min(y, height - 2), 1)),
        scale=round(scale, 4),
        flip=turned < 0.5 if flip is None else flip,
        shadow=SOFT,
    )


def _fits(home: Home, background: tuple[int, int], placing: Placing, keep_off: Mask | None) -> bool:
    height, width = background
    wide = (home.box[2] - home.box[0]) * placing.scale
    high = (home.box[3] - home.box[1]) * placing.scale
    x, y = placing.at
    x0, x1, y0, y1 = x - wide / 2, x + wide / 2, y - high, y
    if x0 < 0 or y0 < 0 or x1 > width or y1 > height:
        return False
    if not AREAS[0] <= wide * high / (width * height) <= AREAS[1]:
        return False
    if keep_off is None:
        return True
    hidden = keep_off[int(y0) : int(y1) + 1, int(x0) : int(x1) + 1]
    return bool(hidden.mean() <= MOST_HIDDEN)
