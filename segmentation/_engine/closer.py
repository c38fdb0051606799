"""When a photo's tile is asked as well as the whole photo, and whose answer counts.

A SAM reduces a photo to some 1024 pixels. On a photo of 5000, a bird of 10 pixels is 2 pixels
then, and a click on it selects the sky. So the first answer is doubted where it is

- tiny: less than 16 pixels across, as the encoder saw the photo;
- everything: one click has selected more than nine tenths of the photo;
- unsure: by SAM's own estimate of its quality;
- divided: a click has selected what reaches the photo's edge, and SAM's smallest answer, a tiny
  one, is likely as well;
- blind: a click on what stands out from its surroundings has selected these as well, up to the
  photo's edge (all that the whole photo's embedding knows of a bird of 6 pixels);
- or the user had zoomed in: what is meant is what was looked at.

The tile's answer counts where it does not go on beyond the tile and is about as good by SAM's
own estimate. Of several such masks that are nearly as good, where the whole photo has seen
something small there, one that is about as large as that is taken: both scales agree on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, auto

import cv2
import numpy as np
from numpy.typing import NDArray

from methods import Image, Mask
from segmentation._masks.masks import window_of
from segmentation._prompts.prompts import PromptedObject
from segmentation._prompts.tiles import Tile
from segmentation._sam.levels import qualities
from segmentation._segmenter import Candidates

EVERYTHING = 0.9
"""A larger share of the photo is nearly all of it."""

_LARGE = 1.5  # photos less large, in sides of the encoder's input, are seen well as they are
_TINY = 16.0  # pixels across, of the encoder's input
_SMALL = 32.0
_UNSURE = 0.8
_SOUND = 0.75
_LIKELY = 0.6
_WORSE = 0.15  # that a closer answer may have been judged worse: estimates differ by scale
_NEARLY_AS_GOOD = 0.1
_AGREES = 0.5  # of the best agreement in size
_MOST_OF_TILE = 0.6
_CLEARLY_LARGER = 1.5
_LEVELS = 3


class Doubt(Enum):
    """Why the whole photo's answer may not be what is meant."""

    TINY = auto()
    EVERYTHING = auto()
    UNSURE = auto()
    DIVIDED = auto()
    BLIND = auto()
    ZOOMED = auto()


@dataclass(frozen=True, slots=True, eq=False)
class Mixed:
    """Masks of a tile and of the whole photo as the answers to one prompt; for the rest like
    `Candidates`, of which each part is one with a single level. Smallest first."""

    parts: tuple[Candidates, ...]
    best: int

    @property
    def scores(self) -> NDArray[np.float32]:
        return np.concatenate([part.scores for part in self.parts])

    @property
    def areas(self) -> tuple[float, ...]:
        return tuple(part.areas[0] for part in self.parts)

    @property
    def nbytes(self) -> int:
        return sum(part.nbytes for part in self.parts)

    def mask(self, level: int | None = None, longest_side: int | None = None) -> Mask:
        """See `Candidates.mask`."""
        return self.parts[self.best if level is None else level].mask(0, longest_side)


def is_large(size: tuple[int, int], input_side: int | None) -> bool:
    """Whether a photo of (H, W) loses so much before it is looked at that a tile may tell more."""
    return input_side is not None and max(size) > _LARGE * input_side


# --- whether to look closer ----------------------------------------------------------------


def doubt(whole: Candidates, first: PromptedObject, input_side: int) -> Doubt | None:
    """What speaks against the whole photo's answer, as far as the answer itself tells."""
    best, clicked = whole.best, first.box is None
    tiny = _across(_TINY, whole, input_side) ** 2 / math.prod(whole.size)
    if whole.areas[best] <= tiny:
        return Doubt.TINY
    if clicked and whole.areas[best] > EVERYTHING:
        return Doubt.EVERYTHING
    if _qualities(whole)[best] < _UNSURE:
        return Doubt.UNSURE
    small = [n for n, area in enumerate(whole.areas) if 0 < area <= tiny]
    if reaches_edge(whole, first) and any(whole.scores[n] >= _LIKELY for n in small):
        return Doubt.DIVIDED
    return Doubt.ZOOMED if first.view is not None else None


def reaches_edge(whole: Candidates, first: PromptedObject) -> bool:
    """Whether a click has selected what goes on to the photo's edge, as a background does."""
    mask = whole.frame.shown(whole.logits)[whole.best] > 0
    edges = (mask[0], mask[-1], mask[:, 0], mask[:, -1])
    return first.box is None and any(bool(edge.any()) for edge in edges)


def extent_of(why: Doubt, whole: Candidates, first: PromptedObject, side: int) -> float:
    """The longer side, in pixels of the photo, of what the tile is to show."""
    if why is Doubt.ZOOMED:
        return (first.view or 0.0) / 3  # what was to be seen, and no room around it
    if why not in (Doubt.TINY, Doubt.UNSURE):
        return 0.0
    shown = whole.frame.shown(whole.logits)[whole.best] > 0
    window = window_of(shown)
    if window is None:
        return 0.0
    rows, columns = window
    height = (rows.stop - rows.start) * whole.size[0] / shown.shape[0]
    width = (columns.stop - columns.start) * whole.size[1] / shown.shape[1]
    return float(max(height, width))


# --- what stands out -----------------------------------------------------------------------

REACH = 48
"""Pixels of the photo around a click that `stands_out` looks at."""

_RING = 24  # beyond, the surroundings
_LEAST_CONTRAST = 5.0  # of CIE Lab
_CONTRAST = 3.5  # in spreads of the surroundings; one in a hundred places of a photo has it


def stands_out(picture: Image, x: int, y: int) -> bool:
    """Whether a small thing of another colour lies at (x, y), and ends within the picture.

    picture: (h, w, 3) RGB, the photo's pixels up to REACH around the click.
    """
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    colour = lab[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].mean(axis=(0, 1))
    rows, columns = np.indices(lab.shape[:2])
    around = lab[np.hypot(rows - y, columns - x) > _RING]
    if not len(around):
        return False
    ground = np.median(around, axis=0)
    spread = float(np.median(np.linalg.norm(around - ground, axis=1)))
    contrast = float(np.linalg.norm(colour - ground))
    if contrast < max(_LEAST_CONTRAST, _CONTRAST * spread):
        return False
    alike = (np.linalg.norm(lab - colour, axis=2) < contrast / 2).view(np.uint8)
    _, labels = cv2.connectedComponents(alike, connectivity=8)
    thing = labels == labels[y, x]
    frame = (thing[0], thing[-1], thing[:, 0], thing[:, -1])
    return bool(alike[y, x]) and not any(bool(edge.any()) for edge in frame)


# --- whose answer counts -------------------------------------------------------------------


def joined(
    near: Candidates, whole: Candidates, tile: Tile, why: Doubt, asked: PromptedObject, side: int
) -> tuple[tuple[tuple[bool, int], ...], int] | None:
    """Which levels make the answer: (of the tile?, level) by size, and the place of the best.

    near: the tile's candidates, of the photo's size. None: the whole photo's answer stays.
    """
    good = _qualities(near)
    shown = near.frame.shown(near.logits) > 0
    inside = [n for n in range(len(shown)) if _is_inside(shown[n], tile, whole.size)]
    least = max(_SOUND, _qualities(whole)[whole.best] - _WORSE)
    sound = [n for n in inside if good[n] >= least]
    if not sound:
        return None
    best = near.best if near.best in sound else max(sound, key=lambda n: good[n])
    if asked.box is None:
        rivals = [n for n in sound if good[n] >= good[best] - _NEARLY_AS_GOOD]
        best = _agreeing(best, rivals, near, _small_areas(whole, side))
    inside.sort(key=lambda n: near.areas[n])
    levels = [(True, n) for n in inside]
    larger = _larger_level(whole, why, near.areas[inside[-1]], len(inside) < len(shown))
    if larger is not None:
        levels.append((False, larger))
    while len(levels) > _LEVELS:
        levels.pop(0 if levels[0] != (True, best) else 1)
    return tuple(levels), levels.index((True, best))


def _is_inside(mask: Mask, tile: Tile, photo: tuple[int, int]) -> bool:
    covered = float(mask.mean())
    return 0 < covered <= _MOST_OF_TILE and not tile.cuts(mask, photo)


def _small_areas(whole: Candidates, input_side: int) -> list[float]:
    """Of what the whole photo shows that is small and likely; shares of the photo."""
    most = _across(_SMALL, whole, input_side) ** 2 / math.prod(whole.size)
    rated = zip(whole.areas, whole.scores, strict=True)
    return [area for area, score in rated if 0 < area <= most and score >= _LIKELY]


def _agreeing(best: int, rivals: list[int], near: Candidates, areas: list[float]) -> int:
    """The best, unless another one is much closer in size to what the whole photo has seen."""
    if not areas:
        return best

    def agreement(level: int) -> float:
        own = near.areas[level]
        return max(min(own, area) / max(own, area) for area in areas)

    most = max(rivals, key=agreement)
    return best if agreement(best) >= _AGREES * agreement(most) else most


def _larger_level(whole: Candidates, why: Doubt, largest: float, cut: bool) -> int | None:
    """The level of the whole photo's that stays on offer: what it would have chosen, unless that
    is the same tiny thing, seen worse; then the largest, where the tile has cut one off."""
    if why is not Doubt.TINY:
        level = whole.best
    elif cut:
        level = int(np.argmax(whole.areas))
    else:
        return None
    return level if whole.areas[level] > _CLEARLY_LARGER * largest else None


def _qualities(candidates: Candidates) -> list[float]:
    return qualities(candidates.frame.shown(candidates.logits), candidates.scores)


def _across(pixels: float, whole: Candidates, input_side: int) -> float:
    """So many pixels of the encoder's input in pixels of the photo."""
    return pixels * max(whole.size) / input_side
