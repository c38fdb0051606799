"""From the objects that a user points at to one mask.

Each object's level is cleaned of the network's speckles and pinholes on its logits, where
that costs a fraction of a millisecond and comes out alike at every size; then the objects
are united, and the union grows or shrinks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from methods import Mask
from segmentation.cache import SharedCache
from segmentation.masks import SPECKLE, check_dilate, dilate, drop_speckles, fill_holes
from segmentation.prompts import Point, PromptedObject, check_count
from segmentation.segmenter import Candidates, Embedding, Segmenter, shown_size

_Key = tuple[str, str, tuple[int, int], PromptedObject]
_candidates: SharedCache[_Key, Candidates] = SharedCache(64 * 2**20)


class Level(NamedTuple):
    """One candidate: the segmenter's own estimate of its quality, and its share of the photo."""

    score: float
    area: float


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """A mask and how it came about.

    mask: bool, of the photo's size or smaller; may be empty where it was shrunk away.
    levels: for each object its candidates, smallest first. chosen: for each object which
    of them is in the mask. area: share of the photo that the mask covers, 0 … 1.
    """

    mask: Mask
    levels: tuple[tuple[Level, ...], ...]
    chosen: tuple[int, ...]
    area: float


def select(
    segmenter: Segmenter,
    embedding: Embedding,
    objects: Sequence[PromptedObject],
    *,
    dilate: int = 0,
    longest_side: int | None = None,
) -> Selection:
    """The union of the objects, cleaned, then grown by `dilate` pixels of the photo.

    dilate: -64 … 256, negative shrinks; a round brush, exact. longest_side: the mask's
    longer side for showing; None = the photo's own size, for erasing. The same objects
    with another level, dilate or size run no network. Raises BadInput for no objects, too
    many, a prompt outside the photo or a dilate out of range.
    """
    check_count(len(objects))
    check_dilate(dilate)
    found = [_found(segmenter, embedding, entry) for entry in objects]
    chosen = tuple(
        candidates.best if entry.level is None else min(entry.level, len(candidates.scores) - 1)
        for entry, candidates in zip(objects, found, strict=True)
    )
    mask = np.zeros(shown_size(embedding.size, longest_side), np.bool_)
    for candidates, level in zip(found, chosen, strict=True):
        mask |= candidates.mask(level, longest_side)
    mask = _grown(mask, dilate * max(mask.shape) / max(embedding.size))
    levels = tuple(
        tuple(Level(float(s), a) for s, a in zip(each.scores, each.areas, strict=True))
        for each in found
    )
    return Selection(mask, levels, chosen, float(mask.mean()))


_grown = dilate  # `select` has an argument of that name


def _found(segmenter: Segmenter, embedding: Embedding, entry: PromptedObject) -> Candidates:
    """The cleaned candidates for one object, from the cache where it was asked before."""
    asked = entry.model_copy(update={"level": None})
    key = (embedding.model, embedding.key, embedding.size, asked)
    return _candidates.get(key, lambda: cleaned(segmenter.segment(embedding, asked), asked))


def cleaned(candidates: Candidates, entry: PromptedObject) -> Candidates:
    """Without speckles and pinholes, except where the user has clicked into one.

    Logits of a speckle change their sign: enlarged by interpolation they stay negative,
    so the speckle is gone at every size of the mask.
    """
    frame, (height, width) = candidates.frame, candidates.size
    logits = candidates.logits.copy()
    shown = frame.shown(logits)  # a view
    down, right = shown.shape[1] / height, shown.shape[2] / width

    def moved(points: tuple[Point, ...]) -> list[tuple[float, float]]:
        return [(point.x * right, point.y * down) for point in points]

    for part in shown:
        mask = part > 0
        clean = drop_speckles(mask, SPECKLE, moved(entry.positive))
        clean = fill_holes(clean, SPECKLE, moved(entry.negative))
        part[mask != clean] *= -1
    return replace(candidates, logits=logits)
