"""Waiting for a server: Stop is heard meanwhile, and the time-out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, TypeVar

from methods._own.servers.call import Call
from methods._own.servers.web import TICK

T = TypeVar("T")

FAREWELL_SECONDS: Final = 0.7
"""For a server to hear of a Stop, before we go."""

_MOST_STEPS = 10**6


def tick(call: Call, at: tuple[int, int] | None = None) -> None:
    """Tell the step, the last one where none is given. Raises what `call.progress` raises, and
    ServerError where the time is over."""
    call.web.at = at or call.web.at
    call.web.tick()


def waited(call: Call, work: Callable[[], T]) -> T:
    """What `work` returns or raises; it goes on in a thread of its own where Stop is pressed."""
    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="server's answer", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(TICK)
        tick(call)
    if failed:
        raise failed[0]
    return done[0]


def farewell(work: Callable[[], object]) -> None:
    """Tell the server that no more is wanted. It gets a moment for that, and nobody hears of an
    error: what is told to those who wait is why we go."""

    def run() -> None:
        try:
            work()
        except Exception:
            return

    thread = threading.Thread(target=run, name="server's farewell", daemon=True)
    thread.start()
    thread.join(FAREWELL_SECONDS)


def step(told: object, total: object, before: tuple[int, int]) -> tuple[int, int]:
    """A server's progress, where it makes sense; else what was told before."""
    if not isinstance(told, int | float) or not isinstance(total, int | float):
        return before
    if not 0 <= told <= total <= _MOST_STEPS or total < 1:
        return before
    return int(told), int(total)
