"""A job of this process that does nothing any more is given up, so that others have their turn.

    ERASER_LAB_STUCK_MINUTES=30    so long a job may show no step and no result; 0 = for ever

Whatever runs in Python is interrupted, wherever it is. Native code is not: nothing can end it but
the end of the process, so it goes on unseen, and keeps the device where it had it.
"""

from __future__ import annotations

import ctypes
import math
import os
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from methods._base import BadInput
from methods._system.threads import begin_thread

SETTING = "ERASER_LAB_STUCK_MINUTES"
USUAL_MINUTES = 30.0
"""On a processor, one step of the largest networks takes several."""

GRACE_SECONDS = 5.0
"""For what is interrupted to clear up behind it."""

_LOOK_SECONDS = 0.5

R = TypeVar("R")


def most_silent_seconds() -> float:
    """The host's choice. Raises BadInput for what is no number of minutes."""
    text = os.environ.get(SETTING, "").strip()
    try:
        minutes = float(text) if text else USUAL_MINUTES
    except ValueError:
        minutes = math.nan
    if not 0 <= minutes < math.inf:
        raise BadInput("bad_stuck_setting")
    return 60 * minutes or math.inf


class Stuck(BaseException):
    """Raised inside of a job that is given up; no error, so that no eraser takes it for one."""


class Life:
    """Signs of life of one job. It counts from the first on, and not after `rest`."""

    def __init__(self) -> None:
        self._last = math.inf
        self.given_up = False

    def sign(self) -> None:
        """It does something."""
        self._last = time.monotonic()

    def rest(self) -> None:
        """It waits for others, or is done: that is no silence."""
        self._last = math.inf

    @property
    def silent_seconds(self) -> float:
        """Since the last sign."""
        return max(0.0, time.monotonic() - self._last)


class Attempt(Generic[R]):
    """A job in a thread that somebody else waits for."""

    def __init__(self, action: Callable[[], R]) -> None:
        self._action = action
        self._lock = threading.Lock()
        self._thread = 0
        self.found: R | None = None

    def within(self, life: Life, most: float) -> R | None:
        """What the action gives; None where it has been given up and does not end."""
        work = begin_thread(self._carry_out, "eraser run", background=True)
        while work.is_alive():
            work.join(_LOOK_SECONDS)
            if life.silent_seconds > most and work.is_alive():
                life.given_up = True
                self._interrupt()
                work.join(GRACE_SECONDS)
                break
        return self.found

    def _carry_out(self) -> None:
        try:
            self._thread = threading.get_ident()
            try:
                self.found = self._action()
            finally:
                with self._lock:
                    _raise_in(self._thread, None)  # what has not arrived yet
                    self._thread = 0
        except Stuck:
            pass

    def _interrupt(self) -> None:
        with self._lock:
            if self._thread:
                _raise_in(self._thread, Stuck)


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Have it raised at the thread's next step in Python; None = not any more."""
    wanted = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), wanted)
