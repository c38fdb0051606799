"""SIGHUP: the owner wishes that the page look at their erasers again."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from methods import wish_reload

log = logging.getLogger(__name__)


@contextmanager
def reloading() -> Iterator[None]:
    """While the block lasts; where the system has no such signal, nothing."""
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is None:
        yield
        return
    before = signal.signal(hangup, lambda *_: _wished())
    try:
        yield
    finally:
        signal.signal(hangup, before)


def _wished() -> None:
    try:
        wish_reload()
    except OSError as error:
        log.error("The owner's erasers cannot be looked at again: %s", error.strerror)
