"""The download of a job's files as one event stream, however many come at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from methods._base import WeightFile
from methods._engine.events import Event, Fetching
from methods._weights.fetch_set import Observer
from methods._weights.progress import Notice, Progress

_TICK = 0.2
"""Seconds between two events: the page redraws no faster."""


class FetchReport:
    """Tells `Fetching` of the files of one job together, a few times a second.

    model: what to call several files.
    """

    def __init__(
        self, index: int, model: str, weights: Sequence[WeightFile], tell: Callable[[Event], None]
    ) -> None:
        self._index, self._tell = index, tell
        alone = len(weights) == 1
        self._name = weights[0].name if alone else f"{model} ({len(weights)})"
        self._done = {weight.name: 0 for weight in weights}
        self._total = {weight.name: weight.size for weight in weights}
        self._notices: dict[str, Notice] = {}
        self._lock = threading.Lock()
        self._told = 0.0
        self.observer = Observer(progress=self._progress, remark=self._remark)
        tell(self._event())

    def _event(self) -> Fetching:
        done, total = sum(self._done.values()), sum(self._total.values())
        notice = next(reversed(self._notices.values()), None)
        return Fetching(self._index, self._name, min(done, total), total, notice)

    def _progress(self, weight: WeightFile) -> Progress:
        def progress(done: int, total: int) -> None:
            with self._lock:
                self._done[weight.name], self._total[weight.name] = done, total
                self._notices.pop(weight.name, None)  # it goes on
                now = time.monotonic()
                if done < total and now - self._told < _TICK:
                    return
                self._told = now
                event = self._event()
            self._tell(event)

        return progress

    def _remark(self, weight: WeightFile, notice: Notice) -> None:
        with self._lock:
            self._notices[weight.name] = notice
            event = self._event()
        self._tell(event)
