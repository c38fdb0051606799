"""The device, the lock that guards it, and the token by which a user stops a run.

Gradio frees the slot of a cancelled event while its thread still computes, so the program
has a lock of its own: whoever uses the device for a job holds `device_lock`.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache

from methods._base import DeviceName, EraserSpec, Stopped, Unavailable
from methods._system.gpu_traces import may_have_gpu

_POLL_SECONDS = 0.05


class StopToken:
    """Says whether a piece of work should end. A child is also stopped with its parent."""

    def __init__(self, parent: StopToken | None = None) -> None:
        self._event = threading.Event()
        self._parent = parent

    def stop(self) -> None:
        """Ask for the end; there is no way back."""
        self._event.set()

    @property
    def stopped(self) -> bool:
        """Whether this token or one above it has been stopped."""
        return self._event.is_set() or (self._parent is not None and self._parent.stopped)

    def check(self) -> None:
        """Raise Stopped when the work should end."""
        if self.stopped:
            raise Stopped


class DeviceLock:
    """A lock whose waiters are served in the order of their coming.

    Not reentrant: a thread that holds it and asks again waits for itself.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._line: deque[object] = deque()  # the first one holds the lock

    @property
    def ahead(self) -> int:
        """How many a newcomer would have before it: the holder and all who wait."""
        with self._changed:
            return len(self._line)

    @contextmanager
    def hold(
        self, token: StopToken | None = None, on_wait: Callable[[int], None] | None = None
    ) -> Iterator[None]:
        """Wait for one's turn, hold the lock, release it.

        on_wait(ahead): called when there is a wait, and again whenever the number of
        those ahead changes. Raises Stopped when `token` is stopped before the turn comes.
        """
        ticket = object()
        with self._changed:
            self._line.append(ticket)
        try:
            self._wait_for_turn(ticket, token or StopToken(), on_wait or _nobody)
            yield
        finally:
            with self._changed:
                self._line.remove(ticket)
                self._changed.notify_all()

    def _wait_for_turn(
        self, ticket: object, token: StopToken, on_wait: Callable[[int], None]
    ) -> None:
        told = 0
        while True:
            with self._changed:
                ahead = self._line.index(ticket)
                if ahead and ahead == told:
                    self._changed.wait(_POLL_SECONDS)  # a token cannot wake us, so look at it
            token.check()
            if not ahead:
                return
            if ahead != told:
                told = ahead
                on_wait(ahead)


def _nobody(ahead: int) -> None:
    """An `on_wait` that nobody watches."""


device_lock = DeviceLock()


# --- which device ------------------------------------------------------------------------


def best_device() -> DeviceName:
    """The fastest device here; ERASER_LAB_DEVICE (cpu, cuda, mps) overrides the search.

    torch is imported only where a GPU can be. Raises Unavailable for an override that
    names no device of this machine.
    """
    wanted = os.environ.get("ERASER_LAB_DEVICE", "").strip().lower()
    if wanted == "cpu":
        return "cpu"
    if not wanted:
        return _detected()
    found = _asked_of_torch()  # also where no trace of a GPU was found: the user may know better
    if wanted != found:
        raise Unavailable(
            f"ERASER_LAB_DEVICE asks for '{wanted[:20]}', which this machine does not have."
            f" Leave it out, or set it to cpu{_or_another(found)}.",
            "bad_device_setting",
            device=wanted[:20],
        )
    return found


def _or_another(found: DeviceName) -> str:
    return "" if found == "cpu" else f" or {found}"


def devices_for(spec: EraserSpec) -> tuple[DeviceName, ...]:
    """The devices of this machine on which the eraser can run, best first; at least one.

    Raises Unavailable when there is none.
    """
    here = {best_device(), "cpu"}
    devices = tuple(device for device in spec.devices if device in here)
    if not devices:
        needed = " or ".join(spec.devices)
        raise Unavailable(
            f"{spec.name} needs a {needed} device, and this machine has none.",
            "device_missing",
            eraser=spec.id,
            needed=needed,
        )
    return devices


@lru_cache(maxsize=1)
def _detected() -> DeviceName:
    return _asked_of_torch() if may_have_gpu() else "cpu"


def _asked_of_torch() -> DeviceName:
    import torch

    if torch.cuda.is_available():  # NVIDIA's, and AMD's in a build for ROCm
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
