"""Looking closely: tiles of an open photo, and the original that a run's results are held against.

Both are pictures for `<img>`, so they come by routes and not as answers of the page's functions.
What must be decoded anew counts as opening a photo does.
"""

from __future__ import annotations

from pathlib import Path

from ui.common.limits import Rate, RateLimiter
from ui.stores.originals import Originals
from ui.stores.photos import VIEW_SIDE, PhotoStore
from ui.stores.runs import RunStore
from ui.stores.tiles import TileCache, tile_named

TILE_RATE = Rate(per_second=20, burst=160)
"""A stage asks for some dozen tiles when it is zoomed, and for a few with every pan."""

CROWD = 4
"""How many who look as fast as they may are served at once: a tile takes about 0.01 s."""


class Looking:
    """opens: the rate at which a visitor may open photos. caller: as in `Service`."""

    def __init__(self, photos: PhotoStore, runs: RunStore, opens: RateLimiter) -> None:
        self._photos = photos
        self._tiles = TileCache()
        self._originals = Originals(photos, runs)
        self._rate = RateLimiter(TILE_RATE, crowd=CROWD)
        self._opens = opens

    def tile(self, photo_id: str, name: str, caller: str = "") -> bytes | None:
        """A tile's file; None where the photo has none of this name.

        Raises UserError ("photo_gone", "too_fast", or what decoding raises).
        """
        self._rate.take(caller)
        record = self._photos.record(photo_id)
        tile = tile_named(name, (record.height, record.width), VIEW_SIDE)
        if tile is None:
            return None
        kept = self._tiles.find(record.key, tile)
        if kept is not None:
            return kept
        if not self._photos.in_memory(photo_id):
            self._opens.take(caller)
        return self._tiles.get(record.key, self._photos.load(photo_id), tile)

    def original(self, run_id: str, caller: str = "") -> Path:
        """The file of a run's photo at the results' own pixels.

        Raises UserError ("run_gone", "photo_gone", "too_fast", or what decoding raises), OSError.
        """
        found = self._originals.find(run_id)
        if found is not None:
            return found
        self._opens.take(caller)
        return self._originals.get(run_id)
