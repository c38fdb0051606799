"""Who watches a download: the caller's progress callback and the caller's Stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from methods._base import Stopped

TELL_SECONDS = 0.1  # a fast disk would otherwise call back ten thousand times a file

Progress = Callable[[int, int], None]


@dataclass
class Watch:
    """Passes (done, total) in bytes to `progress` and asks `should_stop`.

    done and total are always the newest values, also between two calls of `progress`.
    """

    total: int
    progress: Progress | None = None
    should_stop: Callable[[], bool] | None = None
    done: int = 0
    _told: float = 0.0

    def tell(self, done: int) -> None:
        """Note that `done` bytes are here; calls `progress` at most ten times a second."""
        self.done = done
        now = time.monotonic()
        if self.progress and (done >= self.total or now - self._told >= TELL_SECONDS):
            self._told = now
            self.progress(done, self.total)

    def check(self) -> None:
        """Raise Stopped when the caller wants no more of it."""
        if self.should_stop is not None and self.should_stop():
            raise Stopped
