"""All that is held in memory to be at hand again, under one bound.

Each kind (photos, masks, embeddings, results, …) is a `BoundedCache` with a bound of its own, so
that none drives all others out. Together they may hold less than the sum of these: what was used
longest ago leaves, of whatever kind, and is made again when it is asked for.
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from typing import Protocol
from weakref import WeakSet


class Shelf(Protocol):
    """One kind of what is held. Its sizes are bytes."""

    kind: str

    @property
    def size(self) -> int:
        """Bytes."""

    def oldest(self) -> int | None:
        """When what was used longest ago was used last, as `tick` counts; None = nothing may go."""

    def drop_oldest(self) -> None:
        """Let go of that."""


_ticks = itertools.count(1)


def tick() -> int:
    """A number that is larger than all before it."""
    return next(_ticks)


class Held:
    """The shelves of this process. most: bytes. Safe between threads."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._shelves: WeakSet[Shelf] = WeakSet()
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes of all of them."""
        return sum(shelf.size for shelf in self._all())

    def sizes(self) -> dict[str, int]:
        """Bytes by kind."""
        found: Counter[str] = Counter()
        for shelf in self._all():
            found[shelf.kind] += shelf.size
        return dict(found)

    def join(self, shelf: Shelf) -> None:
        """One more, for as long as somebody has it."""
        with self._lock:
            self._shelves.add(shelf)

    def settle(self) -> None:
        """Something has been added: what was used longest ago leaves. No shelf's lock is held."""
        while self.size > self.most:
            ages = [(age, shelf) for shelf in self._all() if (age := shelf.oldest()) is not None]
            if not ages:
                return
            min(ages, key=lambda each: each[0])[1].drop_oldest()

    def _all(self) -> list[Shelf]:
        with self._lock:
            return list(self._shelves)
