"""What has happened since the start, in numbers: nothing of whose it was."""

from __future__ import annotations

import threading
from collections import Counter


class Tally:
    """Counts; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._erased: Counter[str] = Counter()
        self._seconds: dict[str, float] = {}
        self._failed: Counter[tuple[str, str]] = Counter()
        self._refused: Counter[str] = Counter()

    def erased(self, eraser: str, seconds: float) -> None:
        """A result that was computed, not one remembered. seconds: of erasing."""
        with self._lock:
            self._erased[eraser] += 1
            self._seconds[eraser] = self._seconds.get(eraser, 0.0) + seconds

    def failed(self, eraser: str, code: str) -> None:
        with self._lock:
            self._failed[eraser, code] += 1

    def refused(self, code: str) -> None:
        """A request that the door has sent away."""
        with self._lock:
            self._refused[code] += 1

    def results(self) -> dict[str, tuple[int, float]]:
        """By eraser: how many, and the seconds of all together."""
        with self._lock:
            return {each: (count, self._seconds[each]) for each, count in self._erased.items()}

    def failures(self) -> dict[tuple[str, str], int]:
        """By eraser and code."""
        with self._lock:
            return dict(self._failed)

    def refusals(self) -> dict[str, int]:
        """By code."""
        with self._lock:
            return dict(self._refused)
