"""Who watches a download: the caller's progress callback, the caller's Stop, and remarks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from methods._base import Stopped, Text

TELL_SECONDS = 0.1  # a fast disk would otherwise call back ten thousand times a file
_TICK = 0.1

Progress = Callable[[int, int], None]


class Notice:
    """What is to be said while a download goes on; `code`, `details` and `sentence` are made as
    those of a UserError."""

    def __init__(self, code: str, /, **details: str | int | float) -> None:
        self.code, self.details = code, details
        self.sentence = Text(f"error.{code}", **details)

    def __str__(self) -> str:
        return str(self.sentence)


def sleep(seconds: float, check: Callable[[], None]) -> None:
    """Wait; `check` is called now and then and may raise Stopped."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        check()
        time.sleep(min(_TICK, left))


@dataclass
class Watch:
    """Passes (done, total) in bytes to `progress`, remarks to `remark`, and asks `should_stop`.

    done and total are always the newest values, also between two calls of `progress`.
    notice: the newest remark that still holds.
    """

    total: int
    progress: Progress | None = None
    should_stop: Callable[[], bool] | None = None
    done: int = 0
    remark: Callable[[Notice], None] | None = None
    notice: Notice | None = None
    _told: float = 0.0

    def tell(self, done: int) -> None:
        """Note that `done` bytes are here; calls `progress` at most ten times a second."""
        self.done = done
        now = time.monotonic()
        if self.progress and (done >= self.total or now - self._told >= TELL_SECONDS):
            self._told = now
            self.progress(done, self.total)

    def say(self, notice: Notice) -> None:
        """Have something said; it holds until something else is."""
        self.notice = notice
        if self.remark is not None:
            self.remark(notice)

    def pause(self, seconds: float, notice: Notice) -> None:
        """Say why, wait, and take back what was said. Raises Stopped."""
        before = self.notice
        self.say(notice)
        sleep(seconds, self.check)
        self.notice = before

    def check(self) -> None:
        """Raise Stopped when the caller wants no more of it."""
        if self.should_stop is not None and self.should_stop():
            raise Stopped
