"""How often and how much one visitor may ask, so that one cannot stop the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from methods import BoundedCache
from ui.common.errors import busy, crowded, run_in_progress, too_fast

MOST_CALLERS = 4096
"""Buckets kept; the longest unused go first (a full bucket is the same as none)."""


LOOK_SECONDS = 0.1
"""Between two looks at whether work that waits is still wanted."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: `burst` at once, then `per_second` on and on."""

    per_second: float
    burst: int


class RateLimiter:
    """One token bucket per caller, and one for all callers together.

    The one for all bounds what a crowd can ask; it is `crowd` times as large. Its second half is
    kept for those who have asked for little lately, so that the heaviest wait and not the newest.
    clock: seconds, monotonic.
    """

    def __init__(
        self, rate: Rate, *, crowd: int = 10, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._crowd = Rate(rate.per_second * crowd, rate.burst * crowd)
        self._clock = clock
        self._lock = threading.Lock()
        self._levels: BoundedCache[str, tuple[float, float]] = BoundedCache(
            MOST_CALLERS, lambda level: 1
        )
        self._everyone = (float(self._crowd.burst), clock())

    def take(self, caller: str) -> None:
        """Take one token. Raises Unavailable: "too_fast" when there is none of the caller's own,
        "crowded" when others have taken those for all."""
        with self._lock:
            now = self._clock()
            own = _filled(self._levels.find(caller), self._rate, now)
            everyone = _filled(self._everyone, self._crowd, now)
            kept = 0.0 if own > self._rate.burst / 2 else self._crowd.burst / 2
            own_wait = (1 - own) / self._rate.per_second
            wait = (1 + kept - everyone) / self._crowd.per_second
            spent = 1 if max(own_wait, wait) <= 0 else 0
            self._levels.put(caller, (own - spent, now))
            self._everyone = (everyone - spent, now)
        if own_wait > 0:
            raise too_fast(own_wait)
        if wait > 0:
            raise crowded(wait)

    def give_back(self, caller: str) -> None:
        """One token that was taken for nothing."""
        with self._lock:
            now = self._clock()
            own = _filled(self._levels.find(caller), self._rate, now)
            self._levels.put(caller, (min(own + 1, float(self._rate.burst)), now))
            everyone = _filled(self._everyone, self._crowd, now)
            self._everyone = (min(everyone + 1, float(self._crowd.burst)), now)


def _filled(level: tuple[float, float] | None, rate: Rate, now: float) -> float:
    if level is None:
        return float(rate.burst)
    tokens, then = level
    return min(float(rate.burst), tokens + (now - then) * rate.per_second)


class Quiet:
    """Tells work that can wait when nobody is being kept waiting by it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._at_work: set[str] = set()

    def begin(self, run_id: str) -> None:
        with self._changed:
            self._at_work.add(run_id)

    def end(self, run_id: str) -> None:
        with self._changed:
            self._at_work.discard(run_id)
            self._changed.notify_all()

    def wait(self, until: float, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Return as soon as no run is at work, when it is `until` (as time.monotonic has it), or
        when nobody wants it any more."""
        with self._changed:
            while self._at_work and not should_stop() and (rest := until - time.monotonic()) > 0:
                self._changed.wait(min(rest, LOOK_SECONDS))


class RunSlots:
    """Who may run: one run per session, and so many in all, waiting ones included. most: asked
    each time, since machines that join have room for more."""

    def __init__(self, most: Callable[[], int]) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._sessions: dict[str, str | None] = {}

    def take(self, run_id: str, session: str | None) -> None:
        """Raises Unavailable: "run_in_progress" for this session, or "busy" for all."""
        most = self._most()
        with self._lock:
            if session is not None and session in self._sessions.values():
                raise run_in_progress()
            if len(self._sessions) >= most:
                raise busy(len(self._sessions))
            self._sessions[run_id] = session

    def set_free(self, run_id: str) -> None:
        """Let the session start another run: this one is stopped and only winding down."""
        with self._lock:
            if run_id in self._sessions:
                self._sessions[run_id] = None

    def give_back(self, run_id: str) -> None:
        with self._lock:
            self._sessions.pop(run_id, None)
