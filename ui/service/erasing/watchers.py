"""Those who watch a run: each is told of what is new, and of progress not too often."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator

from ui.common.grid import Grid
from ui.service.erasing.news import News
from ui.service.unwatched import Watch

STEP_SECONDS = 0.2
"""Between two grids that differ in progress only; a new state is told at once."""

HEARTBEAT_SECONDS = 5.0
"""A grid is sent at least this often, since Gradio notices a closed tab only then."""


class Watchers:
    """copy: the grid's value now, asked for while `changed` is held; whoever changes the grid holds
    it too, and calls `tell`."""

    def __init__(self, copy: Callable[[], Grid]) -> None:
        self.changed = threading.Condition()
        self._copy = copy
        self._version = 0  # of the grid
        self._urgent = 0  # the last version that must not wait
        self._complete = False
        self._news: set[News] = set()
        self._watch = Watch()

    def unwatched_seconds(self) -> float:
        """How long nobody has looked; 0 while somebody does."""
        return self._watch.seconds()

    def note_look(self) -> None:
        """Somebody asks once."""
        self._watch.look()

    def tell(self, *, urgent: bool) -> None:
        """The grid is another one, which must not wait where it is urgent. `changed` is held."""
        self._version += 1
        if urgent:
            self._urgent = self._version
        self.changed.notify_all()
        for news in self._news:
            news.tell()

    def end(self) -> None:
        """It will not change any more. `changed` is held."""
        self._complete = True
        self.tell(urgent=True)

    def values(self) -> Iterator[Grid]:
        """The grid's value: at once, after every change, and a last time at the end."""
        self._watch.come()
        seen, last = -1, 0.0
        try:
            while True:
                with self.changed:
                    self._await_news(seen, last)
                    seen, last = self._version, time.monotonic()
                    grid, complete = self._copy(), self._complete
                yield grid
                if complete:
                    return
        finally:
            self._watch.leave()

    async def follow(self) -> AsyncGenerator[Grid, None]:
        """The same, on an event loop: what waits holds no thread."""
        self._watch.come()
        news = News()
        seen, last = -1, 0.0
        try:
            with self.changed:
                self._news.add(news)
            while True:
                with self.changed:
                    pause = self._pause(seen, time.monotonic() - last)
                    if pause <= 0:
                        seen, last = self._version, time.monotonic()
                        grid, complete = self._copy(), self._complete
                if pause > 0:
                    await news.wait(pause)
                    continue
                yield grid
                if complete:
                    return
        finally:
            with self.changed:
                self._news.discard(news)
            self._watch.leave()

    def _await_news(self, seen: int, last: float) -> None:
        while (pause := self._pause(seen, time.monotonic() - last)) > 0:
            self.changed.wait(pause)

    def _pause(self, seen: int, age: float) -> float:
        """Seconds for which whoever has seen a version so long ago is told nothing."""
        if self._urgent > seen or self._complete:
            return 0.0
        return (STEP_SECONDS if self._version > seen else HEARTBEAT_SECONDS) - age
