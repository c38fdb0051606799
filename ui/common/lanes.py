"""Own, small pools of threads for work, so that files and what is quick always have one.

Whoever waits for a place holds no thread, and visitors have places in turn: forty clicks of one
wait for each other, and not the click of another one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from methods import Room, on_behalf_of

R = TypeVar("R")


class Lane:
    """So many calls at once."""

    def __init__(self, places: int) -> None:
        self.room = Room(places)
        self._threads: CapacityLimiter | None = None

    async def run(self, visitor: str, call: Callable[[], R]) -> R:
        """What `call` gives, in a thread, when the visitor's turn has come."""
        async with self.room.turn(1, visitor):
            if self._threads is None:  # on the loop alone
                self._threads = CapacityLimiter(self.room.most)
            return await to_thread.run_sync(partial(_called, visitor, call), limiter=self._threads)


def _called(visitor: str, call: Callable[[], R]) -> R:
    with on_behalf_of(visitor):
        return call()


class Lanes:
    """The program's. quick: what never waits for anything. clicks: answers to clicks. full: what
    may open pictures at their full size, which waits for room. pictures: tiles and views.
    detecting: what waits for a detector. bringing: what waits for other machines."""

    def __init__(self) -> None:
        self.quick = Lane(16)
        self.clicks = Lane(8)
        self.full = Lane(4)
        self.pictures = Lane(4)
        self.detecting = Lane(8)
        self.bringing = Lane(2)

    def all(self) -> dict[str, Lane]:
        """By their names."""
        return {name: lane for name, lane in vars(self).items() if isinstance(lane, Lane)}
