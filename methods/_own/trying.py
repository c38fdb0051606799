"""How a call ends that does not end well: stopped, out of time, with files that are no pictures.

For whoever checks an eraser of their own; what all others see is the last event of a job.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from methods._base import Eraser, Image, Mask, Settings, Stopped, Unavailable, UserError
from methods._own.command import OwnCommand
from methods._own.pictures import written

STOPPED_AFTER = 0.2
"""Seconds from the beginning of a call until Stop is pressed."""

TINY_LIMIT = 0.01
"""Seconds in which hardly anything erases."""

_GONE_SECONDS = 0.5
"""The kernel needs a moment to clear up behind a process."""

NO_PICTURE = b"This is no picture."


@dataclass(frozen=True, slots=True)
class Trial:
    """How a call ended. error: what it raised, None = it was done; seconds: from when it was to end
    until it had; left: how many of the processes that it had begun were there still."""

    error: UserError | Stopped | None
    seconds: float
    left: int


@dataclass(slots=True)
class _Watch:
    """A `progress` that presses Stop, and knows which processes were begun meanwhile.

    after: seconds; None = it is never pressed.
    """

    after: float | None
    begun: float = field(default_factory=time.monotonic)
    last: float = field(default_factory=time.monotonic)
    before: set[psutil.Process] = field(default_factory=lambda: _descendants())
    seen: set[psutil.Process] = field(default_factory=set)

    def __call__(self, step: int, total: int) -> None:
        self.seen |= _descendants() - self.before
        self.last = time.monotonic()
        if self.after is not None and self.last > self.begun + self.after:
            raise Stopped

    def trial(self, call: Callable[[], object], due: float | None = None) -> Trial:
        """due: seconds after the beginning at which it is to end; None = when it is last asked."""
        error: UserError | Stopped | None = None
        try:
            call()
        except (UserError, Stopped) as found:
            error = found
        ended = time.monotonic()
        wanted = self.last if due is None else self.begun + due
        return Trial(error, max(0.0, ended - wanted), self._left())

    def _left(self) -> int:
        until = time.monotonic() + _GONE_SECONDS
        while any(map(_lives, self.seen)) and time.monotonic() < until:
            time.sleep(0.02)
        return sum(map(_lives, self.seen))


def try_stop(eraser: Eraser, image: Image, mask: Mask, settings: Settings) -> Trial:
    """Stop is pressed a moment after a call has begun. One that is kept running may stay."""
    watch = _Watch(STOPPED_AFTER)
    return watch.trial(lambda: eraser.erase(image, mask, settings, 1, watch), STOPPED_AFTER)


def try_late(eraser: Eraser, image: Image, mask: Mask, settings: Settings) -> Trial | None:
    """Hardly any time is given to a call. None = it has no limit of its own."""
    if not isinstance(eraser, OwnCommand):
        return None
    usual, watch = eraser.seconds, _Watch(None)
    watch.before -= {each for each in watch.before if each.pid in eraser.processes}
    eraser.seconds = TINY_LIMIT
    try:
        return watch.trial(lambda: eraser.erase(image, mask, settings, 1, watch))
    finally:
        eraser.seconds = usual


def try_no_pictures(eraser: Eraser, image: Image, mask: Mask, settings: Settings) -> Trial | None:
    """It is given files that are none; error: how it said so, None = it gave a picture all the
    same. None = it is given no files."""
    if not isinstance(eraser, OwnCommand):
        return None
    watch = _Watch(None)
    with written(image, mask, eraser.manifest.pictures) as files:
        for file in (files.image, files.mask):
            file.write_bytes(NO_PICTURE)
        trial = watch.trial(lambda: eraser.work_on(files, settings, 1, watch))
        if trial.error is not None or files.output.is_file():
            return trial
    silent = Unavailable("own_result.none", title=eraser.spec.name)
    return Trial(silent, trial.seconds, trial.left)


def _descendants() -> set[psutil.Process]:
    with suppress(psutil.Error):
        return set(psutil.Process().children(recursive=True))
    return set()


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
