"""How much one visitor may have at once: requests at work, places in the queue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from starlette.types import Scope

from methods import Unavailable
from ui.common.caller import caller_of
from ui.door.refusals import Refusal


class Turns:
    """So many requests of each visitor are at work; further ones wait here, and hold no thread.

    seconds: how long one may wait.
    """

    def __init__(self, at_once: int, seconds: float) -> None:
        self._at_once = at_once
        self._seconds = seconds
        self._lines: dict[str, tuple[asyncio.Semaphore, int]] = {}

    @asynccontextmanager
    async def turn(self, visitor: str) -> AsyncIterator[None]:
        """Raises Refusal ("places_taken")."""
        line, waiting = self._lines.get(visitor, (asyncio.Semaphore(self._at_once), 0))
        self._lines[visitor] = (line, waiting + 1)
        try:
            await self._wait(line)
            try:
                yield
            finally:
                line.release()
        finally:
            line, waiting = self._lines.pop(visitor)
            if waiting > 1:
                self._lines[visitor] = (line, waiting - 1)

    async def _wait(self, line: asyncio.Semaphore) -> None:
        try:
            await asyncio.wait_for(line.acquire(), self._seconds)
        except TimeoutError:
            error = Unavailable("places_taken", places=self._at_once)
            raise Refusal(429, error, ends=True) from None


class Places:
    """A visitor's places in Gradio's queue, waiting and at work; those on their way there count."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._joining: dict[str, int] = {}

    @contextmanager
    def joining(self, visitor: str, scope: Scope) -> Iterator[None]:
        """Raises Refusal ("places_taken")."""
        joining = self._joining.get(visitor, 0)
        if _held(visitor, scope) + joining >= self._most:
            raise Refusal(429, Unavailable("places_taken", places=self._most))
        self._joining[visitor] = joining + 1
        try:
            yield
        finally:
            left = self._joining.pop(visitor) - 1
            if left:
                self._joining[visitor] = left


def _held(visitor: str, scope: Scope) -> int:
    """Gradio keeps an event for as long as it waits or is at work, with the request of its own."""
    events = getattr(queue_of(scope.get("app")), "event_ids_to_events", {})
    return sum(caller_of(event.request) == visitor for event in list(events.values()))


def queue_of(app: object) -> object:
    """Gradio's queue, where the app is Gradio's."""
    return getattr(blocks_of(app), "_queue", None)


def blocks_of(app: object) -> object:
    """Gradio's blocks; None where the app is not Gradio's."""
    found = getattr(app, "get_blocks", None)
    return found() if callable(found) else None
