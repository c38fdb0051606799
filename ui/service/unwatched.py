"""Runs that nobody looks at any more.

A reload or a lost connection must not end them, and on a shared host they must not go on for ever.

    ERASER_LAB_UNWATCHED_MINUTES=10    a run ends when nobody has looked for ten minutes; 0 = never
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from methods import BadInput

SPACE_MINUTES = 10.0
LOOK_SECONDS = 5.0
"""Between two looks at who is still watched."""


class Watchable(Protocol):
    """A run that goes on."""

    id: str

    def unwatched_seconds(self) -> float: ...


def most_unwatched_seconds() -> float:
    """The host's choice; on a Space ten minutes, elsewhere no end, where there is none.

    Raises BadInput for what is no number of minutes.
    """
    text = os.environ.get("ERASER_LAB_UNWATCHED_MINUTES", "").strip()
    if not text:
        return 60 * SPACE_MINUTES if os.environ.get("SPACE_ID") else math.inf
    try:
        minutes = float(text)
    except ValueError:
        minutes = math.nan
    if not 0 <= minutes < math.inf:
        raise BadInput("bad_unwatched_setting")
    return 60 * minutes or math.inf


class Watch:
    """When somebody last looked at a run. clock: seconds, monotonic."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._watchers = 0
        self._last = clock()

    def come(self) -> None:
        with self._lock:
            self._watchers += 1

    def leave(self) -> None:
        with self._lock:
            self._watchers -= 1
            self._last = self._clock()

    def look(self) -> None:
        """Somebody has asked once."""
        with self._lock:
            self._last = self._clock()

    def seconds(self) -> float:
        """Since nobody has looked; 0 while somebody does."""
        with self._lock:
            return 0.0 if self._watchers else self._clock() - self._last


class Watchman:
    """Stops runs that have been unwatched for longer than `most` seconds; without a limit idle.

    runs: those that go on. stop: asks the run of an id to end.
    """

    def __init__(
        self,
        most: float,
        runs: Callable[[], Iterable[Watchable]],
        stop: Callable[[str], object],
    ) -> None:
        self._most = most
        self._runs = runs
        self._stop = stop
        self._end = threading.Event()
        if math.isfinite(most):
            threading.Thread(target=self._go_round, name="watchman", daemon=True).start()

    def look(self) -> None:
        """Stop whatever is over its time now."""
        for run in self._runs():
            if run.unwatched_seconds() > self._most:
                self._stop(run.id)

    def close(self) -> None:
        self._end.set()

    def _go_round(self) -> None:
        while not self._end.wait(min(LOOK_SECONDS, self._most)):
            self.look()
