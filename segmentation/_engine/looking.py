"""The answers to one object, from memory where it was asked before, and by a tile where needed.

Each level is cleaned of the network's speckles and pinholes on its logits, where that costs a
fraction of a millisecond and comes out alike at every size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from methods import BoundedCache, Image
from segmentation._engine.closer import (
    REACH,
    Doubt,
    Mixed,
    doubt,
    extent_of,
    is_large,
    joined,
    reaches_edge,
    stands_out,
)
from segmentation._engine.embeddings import EmbeddingCache
from segmentation._masks.masks import SPECKLE, drop_speckles, fill_holes
from segmentation._prompts.prompts import Point, PromptedObject
from segmentation._prompts.tiles import Tile, tile_around
from segmentation._segmenter import Candidates, Embedding, Segmenter

Answers = Candidates | Mixed

Look = Literal["whole", "closer", "waiting"]
"""How an object was found: on the whole photo, on a tile, or on the whole photo because its tile
is still to be encoded."""

_Key = tuple[str, str, tuple[int, int], PromptedObject, bool]
_candidates: BoundedCache[_Key, Candidates] = BoundedCache(
    64 * 2**20, newest_always=True, kind="masks"
)


class Found(NamedTuple):
    """The answers to one object, and how they came about."""

    answers: Answers
    look: Look


class Tiles:
    """The tiles of one photo, for a segmenter.

    segmenter, cache: who encodes, and where embeddings are kept. image: (H, W, 3) uint8 RGB, or
    a function that gives it, called only when needed. key: of the photo's pixels.
    """

    def __init__(
        self,
        segmenter: Segmenter,
        cache: EmbeddingCache,
        image: Image | Callable[[], Image],
        key: str,
    ) -> None:
        self._segmenter, self._cache = segmenter, cache
        self._image, self._key = image, key

    def picture(self, tile: Tile) -> Image:
        """What a tile shows."""
        return tile.cut(self._image() if callable(self._image) else self._image)

    def known(self, tile: Tile) -> Embedding | None:
        """Its embedding, where there is one."""
        return self._cache.find(self._segmenter, self._name(tile))

    def encoded(self, tile: Tile) -> Embedding:
        """Its embedding, made where there is none."""
        return self._cache.get(self._segmenter, lambda: self.picture(tile), self._name(tile))

    def embedding(self, tile: Tile) -> Embedding | None:
        """What `select` asks: its embedding; None where it cannot be had now."""
        return self.encoded(tile)

    def _name(self, tile: Tile) -> str:
        return f"{self._key} {tile.name}"


@dataclass(frozen=True, slots=True)
class _Decided:
    """What was decided on an object. mixed: None = the whole photo's answer stays. waits: until
    its tile's embedding can be had."""

    mixed: Mixed | None
    waits: bool = False

    @property
    def nbytes(self) -> int:
        return 64 if self.mixed is None else self.mixed.nbytes


_decisions: BoundedCache[_Key, _Decided] = BoundedCache(
    48 * 2**20, newest_always=True, kind="masks"
)


def found(
    segmenter: Segmenter,
    embedding: Embedding,
    entry: PromptedObject,
    clean: bool,
    tiles: Tiles | None,
) -> Found:
    """The answers to one object that lies on the photo.

    clean: without speckles. tiles: None = only the whole photo is looked at.
    """
    asked, decided = entry.asked(), _Decided(None)
    if tiles is not None and is_large(embedding.size, segmenter.input_side):
        decided = _remembered(segmenter, embedding, asked, clean, tiles)
    if decided.mixed is not None:
        return Found(decided.mixed, "closer")
    whole = _answers(segmenter, embedding, _seen_whole(asked), clean)
    return Found(whole, "waiting" if decided.waits else "whole")


def _remembered(
    segmenter: Segmenter, embedding: Embedding, asked: PromptedObject, clean: bool, tiles: Tiles
) -> _Decided:
    """What is decided, from memory where it was before."""
    key = (embedding.model, embedding.key, embedding.size, asked, clean)
    decided = _decisions.find(key)
    if decided is None:
        decided = _decide(segmenter, embedding, asked, clean, tiles)
        if not decided.waits:
            _decisions.put(key, decided)
    return decided


def _seen_whole(asked: PromptedObject) -> PromptedObject:
    """The same where all of the photo was to be seen."""
    return asked.model_copy(update={"view": None})


def _decide(
    segmenter: Segmenter, embedding: Embedding, asked: PromptedObject, clean: bool, tiles: Tiles
) -> _Decided:
    """Whether a tile is asked, and whose answer counts.

    Whether one is asked hangs on what the object began with, so that a further click on it does
    not throw the selection back to the whole photo.
    """
    side = segmenter.input_side
    assert side is not None
    first = _beginning(asked)
    seen = _answers(segmenter, embedding, _seen_whole(first), False)
    why = doubt(seen, first, side)
    if why in (None, Doubt.ZOOMED) and reaches_edge(seen, first) and _is_blind(first, tiles):
        why = Doubt.BLIND
    if why is None:
        return _Decided(None)
    tile = tile_around(asked, embedding.size, extent_of(why, seen, first, side))
    if tile is None:
        return _Decided(None)
    near = tiles.embedding(tile)
    if near is None:
        return _Decided(None, waits=True)
    return _Decided(_mixed(segmenter, (embedding, near), tile, asked, clean, why))


def _mixed(
    segmenter: Segmenter,
    embeddings: tuple[Embedding, Embedding],
    tile: Tile,
    asked: PromptedObject,
    clean: bool,
    why: Doubt,
) -> Mixed | None:
    """embeddings: of the whole photo and of the tile."""
    side, size = segmenter.input_side, embeddings[0].size
    assert side is not None

    def answers(clean: bool) -> tuple[Candidates, Candidates]:
        near = _answers(segmenter, embeddings[1], tile.moved(asked), clean)
        whole = _answers(segmenter, embeddings[0], _seen_whole(asked), clean)
        return replace(near, size=size, tile=tile), whole

    near, whole = answers(False)  # speckles or not, the same level is chosen
    chosen = joined(near, whole, tile, why, asked, side)
    if chosen is None:
        return None
    levels, best = chosen
    near, whole = answers(clean)
    return Mixed(tuple((near if of_tile else whole).only(n) for of_tile, n in levels), best)


def _beginning(asked: PromptedObject) -> PromptedObject:
    """What the object began with: its box, or its first positive point."""
    points = () if asked.box is not None else asked.positive[:1]
    return asked.model_copy(update={"points": points})


def _is_blind(first: PromptedObject, tiles: Tiles) -> bool:
    x, y = (int(place) for place in (first.positive[0].x, first.positive[0].y))
    left, top = max(x - REACH, 0), max(y - REACH, 0)
    picture = tiles.picture(Tile(left, top, x + REACH + 1 - left, y + REACH + 1 - top))
    rows, columns = picture.shape[:2]
    return stands_out(picture, min(x - left, columns - 1), min(y - top, rows - 1))


def _answers(
    segmenter: Segmenter, embedding: Embedding, asked: PromptedObject, clean: bool
) -> Candidates:
    """The candidates for one object, from the cache where it was asked before."""

    def get(clean: bool) -> Candidates:
        key = (embedding.model, embedding.key, embedding.size, asked, clean)
        return _candidates.get(key, make_clean if clean else make)

    def make() -> Candidates:
        return segmenter.segment(embedding, asked)

    def make_clean() -> Candidates:
        return cleaned(get(False), asked)

    return get(clean)


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
