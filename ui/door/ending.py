"""The program's end: Ctrl-C and SIGTERM do the same, and what is at work gets a moment.

SIGTERM is what a service manager, a container or `kill` sends.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

SIGNALS = (signal.SIGINT, signal.SIGTERM)
GRACE = "ERASER_LAB_GRACE"
GRACE_SECONDS = 10.0
STREAM_SECONDS = 1
"""For answers that are under way once all runs have ended."""


class Closing(Protocol):
    """What is closed at the end: a Service."""

    ending: threading.Event

    def close(self, grace: float) -> None: ...


def grace() -> float:
    """Seconds that runs may still take, by ERASER_LAB_GRACE. Raises ValueError for nonsense."""
    text = os.environ.get(GRACE, "").strip()
    try:
        seconds = float(text) if text else GRACE_SECONDS
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise ValueError(f"{GRACE} must be a number of seconds from 0 to 3600, such as 10.")
    return seconds


@contextmanager
def signals(hurry: Callable[[], None]) -> Iterator[threading.Event]:
    """An event that the first signal sets; a second one calls `hurry`, which does not come back."""
    ended = threading.Event()

    def told(number: int, frame: object) -> None:
        if ended.is_set():
            hurry()
        ended.set()

    before = {each: signal.signal(each, told) for each in SIGNALS}
    try:
        yield ended
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def end(page: Any, service: Closing, seconds: float) -> None:
    """Begin nothing new, let what is at work end, then the page.

    page: a gr.Blocks; it goes on answering, and says what happens, until the runs have ended.
    """
    service.ending.set()
    service.close(seconds)
    server = getattr(page, "server", None)
    if server is not None:  # the server waits for streams that browsers leave open
        page.app.stop_event.set()
        server.config.timeout_graceful_shutdown = STREAM_SECONDS
    page.close(verbose=False)
