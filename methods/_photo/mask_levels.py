"""What the levels of a mask file mean: which of them are erased, and in which words that is said.

A mask is white where something is to be erased; but people also have brush layers of 50 %, label
maps, palettes of classes, grey tones. Nothing here guesses silently: every way of reading has its
sentence, and where two are plausible there are two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._base import Mask, Text
from methods._photo.color import to_srgb
from methods._photo.decode import Decoded, Plane
from methods._photo.white import Numbers, white_of

MOST_LABELS = 16
"""Levels of a label map; a soft mask has more."""

MOST_ALTERNATIVES = 3
NEARLY_BLACK = 1 / 16
"""Share of white up to which a level is the noise of a lossy format, or the foot of a soft edge."""

NOTICED = 0.05
"""Share of what is not black whose loss is worth a remark."""

HALF_OF_IT = 0.5
_LOSSY = {"JPEG", "WEBP", "HEIC", "AVIF"}
_COLORED = 32  # between the channels, in levels of 8 bits

WHITE = Text("note.mask.white")
BLACK = Text("note.mask.black")
COLOR = Text("note.mask.color")
OPAQUE = Text("note.mask.opaque")
TRANSPARENT = Text("note.mask.transparent")
OPAQUE_WHITE = Text("note.mask.opaque_white")
NOT_BLACK = Text("note.mask.not_black")


@dataclass(frozen=True, slots=True, eq=False)
class MaskReading:
    """One way to understand a mask file. mask: bool (H, W), True = erase. said: what is erased."""

    mask: Mask
    said: Text


@dataclass(frozen=True, slots=True, eq=False)
class Meant:
    """A file's readings, the one that is taken first, and what else should be known. plain: it is
    black and white, and nothing need be said. brightest: the highest level, and what white is."""

    readings: tuple[MaskReading, ...]
    notes: tuple[Text, ...]
    plain: bool
    brightest: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class _Levels:
    """values: (H, W), 0 = black. white: the value of white. colored: paint rather than grey.
    lossy: a level may be off by the format's noise."""

    values: Numbers
    white: float
    colored: bool = False
    lossy: bool = False


def meaning_of(decoded: Decoded) -> Meant:
    """The readings of a decoded file, as it lies in it (not yet upright)."""
    levels, alpha = _levels_of(decoded), decoded.alpha
    if alpha is None or _constant(alpha):
        clear = alpha is not None and not alpha.any()
        return _read(replace(levels, values=np.zeros_like(levels.values)) if clear else levels)
    seen = alpha >= 128
    if _black_and_white(levels, seen):
        both = MaskReading(seen & (levels.values >= levels.white / 2), OPAQUE_WHITE)
        return Meant((both,), (), False, (levels.white, levels.white))
    return _read(_Levels(alpha, 255.0), opaque=True)


def _levels_of(decoded: Decoded) -> _Levels:
    lossy = decoded.header.format in _LOSSY
    if decoded.numbers is not None:
        return _Levels(decoded.numbers, white_of(decoded.numbers), lossy=lossy)
    picture, _ = to_srgb(decoded.picture, None)
    red, green, blue = cv2.split(picture)
    brightest = cv2.max(cv2.max(red, green), blue)
    spread = cv2.subtract(brightest, cv2.min(cv2.min(red, green), blue))
    return _Levels(brightest, 255.0, int(spread.max()) > _COLORED, lossy)


def _constant(plane: Plane) -> bool:
    return bool(plane.min() == plane.max())


def _black_and_white(levels: _Levels, seen: Mask) -> bool:
    """Whether the opaque pixels are a mask themselves: black and white, and both of them."""
    values = levels.values[seen]
    black = int((values <= levels.white / 8).sum())
    white = int((values >= 7 * levels.white / 8).sum())
    return black > 0 and white > 0 and black + white > 0.95 * values.size


# --- one channel -------------------------------------------------------------------------


def _read(levels: _Levels, *, opaque: bool = False) -> Meant:
    """opaque: the levels are those of the alpha channel."""
    kinds = _kinds(levels.values)
    mask, said, plain = _cut(levels, kinds)
    notes = [] if plain or not opaque else [said] if said.values else []
    said = OPAQUE if opaque else said
    others = [*_labels(levels, kinds, said), *_fainter(levels, mask, notes)]
    if HALF_OF_IT < (share := float(mask.mean())) < 1 and _frames(mask):
        others.insert(0, MaskReading(~mask, TRANSPARENT if opaque else BLACK))
        notes.append(Text("note.mask.large", percent=round(100 * share)))
    readings = (MaskReading(mask, said), *others[:MOST_ALTERNATIVES])
    brightest = float(kinds[-1]), levels.white
    return Meant(readings, tuple(notes), plain and not opaque, brightest)


def _frames(mask: Mask) -> bool:
    """Whether most of the picture's edge is marked, as where a mask is inverted."""
    edge = np.concatenate((mask[0], mask[-1], mask[:, 0], mask[:, -1]))
    return float(edge.mean()) > HALF_OF_IT


def _kinds(values: Numbers) -> NDArray[np.integer | np.floating]:
    """The distinct values, ascending."""
    if values.dtype == np.uint8:
        return np.flatnonzero(np.bincount(values.ravel(), minlength=256))
    return np.unique(values)


def _cut(levels: _Levels, kinds: Sequence[float] | Numbers) -> tuple[Mask, Text, bool]:
    """What is marked, how that is said, and whether it goes without saying."""
    values, white, half = levels.values, levels.white, levels.white / 2
    low, high = float(kinds[0]), float(kinds[-1])
    if len(kinds) == 1 or (levels.lossy and high < white / 8):
        return values >= half, WHITE, high in (0, white)
    if len(kinds) == 2 and low < half:
        return values == kinds[-1], *_two(levels, low, high)
    if len(kinds) <= MOST_LABELS and low == 0 and (high < half or levels.colored):
        return values > 0, COLOR if levels.colored else _labels_said(kinds), False
    threshold = half if high >= half else high / 2
    return values >= threshold, *_from(levels, threshold)


def _two(levels: _Levels, low: float, high: float) -> tuple[Text, bool]:
    if levels.colored:
        return COLOR, False
    plain = low == 0 and high == levels.white
    words = Text("note.mask.two_levels", low=_number(low), high=_number(high))
    return (WHITE, True) if plain else (words, False)


def _from(levels: _Levels, threshold: float) -> tuple[Text, bool]:
    if levels.colored and threshold == levels.white / 2:
        return COLOR, False
    white = _number(levels.white)
    return Text("note.mask.threshold", threshold=_number(threshold), white=white), False


def _labels_said(kinds: Sequence[float] | Numbers) -> Text:
    return Text("note.mask.labels", labels=", ".join(_number(kind) for kind in kinds[1:]))


def _labels(levels: _Levels, kinds: Sequence[float] | Numbers, said: Text) -> list[MaskReading]:
    """Each label alone, where the file is a map of a few."""
    if said.id != "note.mask.labels" or len(kinds) - 1 > MOST_ALTERNATIVES:
        return []
    return [
        MaskReading(levels.values == kind, Text("note.mask.label", label=_number(kind)))
        for kind in kinds[1:]
    ]


def _fainter(levels: _Levels, mask: Mask, notes: list[Text]) -> list[MaskReading]:
    """All that is not black, where the threshold leaves much of it out; which is said."""
    drawn = levels.values > levels.white * NEARLY_BLACK
    some = int(np.count_nonzero(drawn))
    lost = int(np.count_nonzero(drawn & ~mask))
    if not mask.any() or lost <= NOTICED * some:
        return []
    notes.append(Text("note.mask.faint", percent=round(100 * lost / some)))
    return [MaskReading(drawn, NOT_BLACK)]


def _number(value: float) -> str:
    """Whole numbers as they are, fractions with three digits."""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.3g}"
