"""Time that is left, and bytes that move: what `gpu_bench` watches while it measures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from _gpu_rows import Job, Moved, Row

DEVICE = "cuda"
Clock = Callable[[], float]

RESERVE = 8.0
"""Seconds kept for deleting the models and writing the tables."""

MARGIN = 1.5
"""A row is begun where this many times its expected seconds are left."""


class TimeUp(Exception):
    """The time that was given is over."""


@dataclass
class Rate:
    """Seconds a unit of work, from all that was measured. It begins with a guess, which counts as
    one unit and so for less with each row."""

    seconds: float
    units: float = 1.0

    def add(self, seconds: float, units: float) -> None:
        """Another row."""
        self.seconds += seconds
        self.units += units

    def of(self, units: float) -> float:
        """Expected seconds."""
        return self.seconds / self.units * units


class Budget:
    """The minutes that were given, and what a row will take of them.

    Writing and loading go by the gigabytes of a row's files; painting in steps by those times
    steps and rounds, since a step reads all weights once or twice; clicks, and networks of one
    pass, whose first call takes longer than all others together, by the gigabytes alone.
    """

    def __init__(self, minutes: float, clock: Clock, rounds: int) -> None:
        self._clock, self._rounds = clock, rounds
        self._start = clock()
        self._end = self._start + 60 * minutes - RESERVE
        self._loading = Rate(5.0)
        self._working = {"steps": Rate(0.03), "one pass": Rate(2.0), "clicks": Rate(10.0)}

    def now(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._start

    def left(self) -> float:
        """Seconds."""
        return self._end - self._clock()

    def check(self) -> None:
        """Raises TimeUp."""
        if self.left() <= 0:
            raise TimeUp

    def fits(self, job: Job) -> bool:
        """Whether the row can be expected to end in time."""
        return MARGIN * self.expected(job) <= self.left()

    def expected(self, job: Job) -> float:
        """Seconds for the whole row."""
        kind, units = self._work(job)
        return self._loading.of(job.gigabytes) + self._working[kind].of(units)

    def learn(self, row: Row) -> None:
        """Take a measured row into account."""
        if row.figures is None:
            return
        kind, units = self._work(row.job)
        loading = row.write_seconds + row.figures.load_seconds
        self._loading.add(loading, row.job.gigabytes)
        self._working[kind].add(row.wall_seconds - loading, units)

    def _work(self, job: Job) -> tuple[str, float]:
        """Its kind, and how much there is to do, the round that does not count included."""
        if job.kind == "clicks":
            return "clicks", job.gigabytes
        if not job.steps:
            return "one pass", job.gigabytes
        return "steps", job.gigabytes * job.steps * (self._rounds + 1)


class Moving(TorchFunctionMode):
    """Counts the bytes that calls from Python move between main memory and the device."""

    def __init__(self) -> None:
        super().__init__()
        self.up = self.down = 0

    def __torch_function__(
        self,
        func: Any,
        types: Iterable[Any],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Note where the tensor was, make the call, and see where it is."""
        if func not in _MOVERS:
            return func(*args, **(kwargs or {}))
        source = args[1] if func is torch.Tensor.copy_ else args[0]
        before = source.device.type
        result = func(*args, **(kwargs or {}))
        self._note(before, result.device.type, source.numel() * result.element_size())
        return result

    def _note(self, before: str, after: str, nbytes: int) -> None:
        if (before, after) == ("cpu", DEVICE):
            self.up += nbytes
        elif (before, after) == (DEVICE, "cpu"):
            self.down += nbytes

    @property
    def moved(self) -> Moved:
        """So far."""
        return Moved(self.up, self.down)


_MOVERS = {torch.Tensor.to, torch.Tensor.cuda, torch.Tensor.cpu, torch.Tensor.copy_}
