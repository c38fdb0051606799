"""What a run tells those who watch it, and the channel through which it does.

`index` is the place of the job in the list that was given to `run`.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from methods._base import DeviceName, Image, Text
from methods._engine.job import SettingValue
from methods._metrics.base import Reading
from methods._weights.progress import Notice


@dataclass(frozen=True, slots=True)
class Waiting:
    """The device is busy; `ahead` jobs of this or other runs come first (at least 1).

    seconds: how long that will take, an estimate; None = nobody knows."""

    index: int
    ahead: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Borrowing:
    """A GPU is waited for, which is lent for this job. seconds: for how long it is asked for."""

    index: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Fetching:
    """Weights are on their way: `done` of `total` bytes. name: a file's, or a model's with the
    number of its files; notice: what is to be said of it now."""

    index: int
    name: str
    done: int
    total: int
    notice: Notice | None = None


@dataclass(frozen=True, slots=True)
class Loading:
    """The eraser is being brought onto the device."""

    index: int


@dataclass(frozen=True, slots=True)
class Started:
    """The eraser works on the first of `patches` parts of the photo."""

    index: int
    patches: int


@dataclass(frozen=True, slots=True)
class Stepped:
    """`step` of `total` steps are done, counted over all patches; starts again at 1 when
    the job is repeated because memory ran out."""

    index: int
    step: int
    total: int


@dataclass(frozen=True, slots=True)
class Stopping:
    """Stop was pressed while this job was in a call that cannot be interrupted at once."""

    index: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finished:
    """The result, with what is needed to judge and to repeat it.

    image: the whole photo, (H, W, 3) uint8, equal to the input wherever the mask is False.
    alpha: (H, W) uint8, the same of the photo's transparency; None where it has none.
    load_seconds: bringing the eraser onto the device (0 when it was there already).
    erase_seconds: cropping, erasing and pasting back. pieces: parts of the photo that the eraser
    was given one after the other.
    peak_memory: bytes, the loaded eraser and the most that its work took above that.
    memory_kind: "gpu" = allocated on the GPU; "ram" = growth of the process.
    weights: SHA-256 of each weight file by name. changed_outside: pixels that differ from
    the input outside the mask, counted over the whole picture.
    cached: the result of an equal earlier job, given at once; the figures are that job's.
    notes: what should be known of this result (see `Eraser.notes_on`).
    """

    index: int
    image: Image
    load_seconds: float
    erase_seconds: float
    peak_memory: int
    memory_kind: Literal["gpu", "ram"]
    device: DeviceName
    seed: int
    settings: dict[str, SettingValue]
    weights: dict[str, str]
    changed_outside: int
    pieces: int = 1
    cached: bool = False
    alpha: NDArray[np.uint8] | None = None
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """The job has no result. sentence: for the user, `text` in English; code and details say the
    same to a program. stopped: the user wished it so (code "stopped")."""

    index: int
    code: str
    sentence: Text
    details: dict[str, str | int | float]
    stopped: bool

    @property
    def text(self) -> str:
        return str(self.sentence)


@dataclass(frozen=True, slots=True)
class Judged:
    """What a finished job's result is like, in numbers; told after all results."""

    index: int
    readings: tuple[Reading, ...]


Event: TypeAlias = (
    Waiting
    | Borrowing
    | Fetching
    | Loading
    | Started
    | Stepped
    | Stopping
    | Finished
    | Failed
    | Judged
)


class Channel:
    """A bounded queue of events from the worker to the watcher.

    Only a Finished waits for room, because it alone is large and because it is told after
    the device has been released: a watcher that does not read never keeps the device from
    others. Of progress (Waiting, Fetching, Stepped) only the newest is kept.
    """

    def __init__(self, results: int = 2) -> None:
        self._results = results  # that may lie here unread
        self._events: deque[Event] = deque()
        self._changed = threading.Condition()
        self._open = True  # someone watches

    def put(self, event: Event) -> None:
        """Append the event; dropped when nobody watches any more."""
        with self._changed:
            if isinstance(event, Finished):
                self._changed.wait_for(self._has_room)
            if self._replaces_last(event):
                self._events[-1] = event
            elif self._open:
                self._events.append(event)
            self._changed.notify_all()

    def get(self, timeout: float) -> Event | None:
        """The next event, or None when none came within `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._events, timeout)
            if not self._events:
                return None
            self._changed.notify_all()
            return self._events.popleft()

    def abandon(self) -> None:
        """Nobody watches any more."""
        with self._changed:
            self._open = False
            self._events.clear()
            self._changed.notify_all()

    def _has_room(self) -> bool:
        unread = sum(isinstance(event, Finished) for event in self._events)
        return unread < self._results or not self._open

    def _replaces_last(self, event: Event) -> bool:
        if not self._events or not isinstance(event, Waiting | Fetching | Stepped):
            return False
        last = self._events[-1]
        return type(last) is type(event) and last.index == event.index
