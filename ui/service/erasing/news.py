"""Something has happened: told by any thread to one who waits on an event loop."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class News:
    """Made by the one who waits, on its loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._there = asyncio.Event()

    def tell(self) -> None:
        """May be called in any thread, and when nobody waits any more."""
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._there.set)

    async def wait(self, seconds: float) -> None:
        """Until there is news, or so long."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._there.wait(), seconds)
        self._there.clear()
