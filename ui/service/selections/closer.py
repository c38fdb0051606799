"""Closer looks at parts of a photo: how many one request, one visitor, all together may ask for.

Each costs an encode, as opening a photo does, and any click may need one. What is only shown gets
a few, and says what is still to come; what is kept or erased waits for all of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from methods import Image, Unavailable
from segmentation import Embedding, EmbeddingCache, Segmenter, Selected, Tile, Tiles
from ui.common.limits import Rate, RateLimiter
from ui.stores.views import PlainHint

MOST_LOOKS = 4
"""New ones of a request that is only shown: some seconds on a CPU."""

LOOK_RATE = Rate(per_second=1, burst=40)
LOOKS_AT_ONCE = 8
"""One at work and the others waiting, of all visitors."""

TILE_BYTES = 64 * 2**20
"""For the embeddings of tiles, which so drive out none of whole photos. MobileSAM's take 4 MB."""


class Looks:
    """Whose tiles may be encoded now."""

    def __init__(self) -> None:
        self._cache = EmbeddingCache(TILE_BYTES)
        self._rate = RateLimiter(LOOK_RATE)
        self._places = threading.BoundedSemaphore(LOOKS_AT_ONCE)

    def at(
        self,
        segmenter: Segmenter,
        pixels: Callable[[], Image],
        key: str,
        most: int | None,
        caller: str | None,
    ) -> Tiles:
        """The tiles of a photo for one request. pixels, key: as `segmentation.Tiles` takes them.

        most: new ones at most, and none where it would have to wait for its turn; None = all
        that are needed, however long. caller: whose rate it counts against; None = nobody's.
        """
        return _Counted(self, segmenter, self._cache, (pixels, key), most, caller)

    @contextmanager
    def turn(self, caller: str | None, *, wait: bool) -> Iterator[None]:
        """While a tile is encoded. Raises Unavailable: "too_fast", or "busy" instead of waiting."""
        if not self._places.acquire(blocking=wait):
            raise Unavailable("busy", waiting=LOOKS_AT_ONCE)
        try:
            if caller is not None:
                self._rate.take(caller)
            yield
        finally:
            self._places.release()


class _Counted(Tiles):
    """Gives what is there, and so many more."""

    def __init__(
        self,
        looks: Looks,
        segmenter: Segmenter,
        cache: EmbeddingCache,
        photo: tuple[Callable[[], Image], str],
        most: int | None,
        caller: str | None,
    ) -> None:
        super().__init__(segmenter, cache, *photo)
        self._looks, self._most, self._caller = looks, most, caller

    def embedding(self, tile: Tile) -> Embedding | None:
        known = self.known(tile)
        if known is not None:
            return known
        if self._most == 0:
            return None
        if callable(self._image):  # opening it waits for room, and must not keep a turn meanwhile
            self._image = self._image()
        if self._most is None:
            with self._looks.turn(self._caller, wait=True):
                return self.encoded(tile)
        self._most -= 1
        try:
            with self._looks.turn(self._caller, wait=False):
                return self.encoded(tile)
        except Unavailable as error:
            if error.code not in ("busy", "too_fast"):
                raise
            return None


def doubts(selection: Selected) -> list[PlainHint]:
    """What a person should know of how a selection was found, as hints for the page."""
    due = selection.looks.count("waiting")
    found = {
        "everything": float(selection.everything),
        "coarse": due / max(1, len(selection.looks)),
    }
    return [{"code": code, "strength": round(much, 3)} for code, much in found.items() if much]
