"""Erasers that need no device to themselves work beside those that do, some at once.

They load nothing, so there is nothing to keep and nothing to share: each job has an instance of its
own, and a long fill by one visitor keeps nobody's network waiting, nor is kept by one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from methods._base import Eraser, EraserSpec, Settings
from methods._engine.residency import Held, too_little_memory, with_device_room
from methods._system.container import cores
from methods._system.lock import DeviceLock, StopToken

Result = TypeVar("Result")


class Beside:
    """Holds erasers for a job as `Residency` does. lock: for how many at once."""

    def __init__(self, lock: DeviceLock | None = None) -> None:
        self._lock = lock or DeviceLock(max(2, cores()), lets_go=True)

    @contextmanager
    def hold(
        self,
        eraser: type[Eraser],
        *,
        weights: Mapping[str, str] | None = None,
        settings: Settings | None = None,
        token: StopToken | None = None,
        on_wait: Callable[[int], None] | None = None,
        on_load: Callable[[], None] | None = None,
        visitor: str = "",
    ) -> Iterator[Held]:
        """As `Residency.hold`; on_load is not called, because nothing takes time that is loaded."""
        with self._lock.hold(token, on_wait, visitor):
            start = time.perf_counter()
            instance = eraser()
            instance.load("cpu", None)
            instance.prepare(settings or eraser.Settings())
            seconds = time.perf_counter() - start
            try:
                yield Held(instance, "cpu", 0, seconds, dict(weights or {}), {})
            finally:
                instance.unload()

    def with_room(self, spec: EraserSpec, action: Callable[[], Result]) -> Result:
        """`action()`; where memory runs out, once more with all loaded erasers unloaded."""
        return with_device_room(action, lambda: too_little_memory(spec))

    def add_memory(self, spec: EraserSpec, nbytes: int) -> None:
        """Nothing is kept."""


beside = Beside()
"""The one that the program uses."""
