"""Who waits for something, and who is next: visitors in turn, of each visitor what came first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

_MOST_REMEMBERED = 4096
"""Visitors of whom it is known when they were served last; of others, that it is long ago."""


class Line(Generic[T]):
    """Data alone: whoever uses it has a lock. A visitor with a hundred wishes comes no sooner to a
    second one than others to their first."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[T]] = {}
        self._served: dict[str, int] = {}
        self._services = 0

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def add(self, visitor: str, wish: T) -> None:
        """One more wish, behind the visitor's others."""
        self._waiting.setdefault(visitor, deque()).append(wish)

    def remove(self, visitor: str, wish: T) -> None:
        """It waits no longer. Raises ValueError where it does not wait."""
        line = self._waiting.get(visitor, deque())
        line.remove(wish)
        if not line:
            del self._waiting[visitor]

    def note_service(self, visitor: str) -> None:
        """The visitor has had a turn, and comes behind all others."""
        self._services += 1
        self._served.pop(visitor, None)
        self._served[visitor] = self._services
        if len(self._served) > _MOST_REMEMBERED:
            del self._served[next(iter(self._served))]

    def clear(self) -> None:
        """Nobody waits."""
        self._waiting.clear()

    def in_order(self) -> Iterator[T]:
        """All wishes, as they will be served if nobody comes."""
        visitors = sorted(self._waiting, key=lambda each: self._served.get(each, 0))
        rest = deque(iter(self._waiting[visitor]) for visitor in visitors)
        while rest:
            line = rest.popleft()
            for wish in line:
                yield wish
                rest.append(line)
                break
