"""The lock that guards the device, and the token by which a user stops a run.

Gradio frees the slot of a cancelled event while its thread still computes, so the program
has a lock of its own: whoever uses the device for a job holds `device_lock`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from methods._base import Stopped
from methods._system.ledger.line import Line

_POLL_SECONDS = 0.05

PATIENT_SECONDS = 60.0
"""For which what nobody waits for lets others go first, at each step."""


class StopToken:
    """Says whether a piece of work should end. A child is also stopped with its parent."""

    def __init__(self, parent: StopToken | None = None) -> None:
        self._event = threading.Event()
        self._parent = parent
        self.abandoned = False

    def abandon(self) -> None:
        """Stop, and do not wait for the end: it may never come."""
        self.abandoned = True
        self.stop()

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
    """A lock whose waiters are served in turn: visitors one by one, of each what came first.

    places: how many may hold it at once. lets_go: whoever has been abandoned (`StopToken.abandon`)
    counts no longer, though it goes on. Not reentrant: a thread that holds it and asks again waits
    for itself, where there is one place.
    """

    def __init__(self, places: int = 1, *, lets_go: bool = False) -> None:
        self._changed = threading.Condition()
        self._places = places
        self._lets_go = lets_go
        self._line: Line[object] = Line()
        self._holders: dict[object, StopToken] = {}

    @property
    def ahead(self) -> int:
        """How many are in line: those who hold it and all who wait."""
        with self._changed:
            return self._held() + len(self._line)

    def _held(self) -> int:
        return sum(not (self._lets_go and token.abandoned) for token in self._holders.values())

    def after_fork(self) -> None:
        """In a copy of this process nobody else is in line; see `_system.forked`."""
        self._line.clear()
        self._holders.clear()

    @contextmanager
    def hold(
        self,
        token: StopToken | None = None,
        on_wait: Callable[[int], None] | None = None,
        visitor: str = "",
    ) -> Iterator[None]:
        """Wait for one's turn, hold the lock, release it.

        on_wait(ahead): called when there is a wait, and again whenever the number of
        those ahead changes. visitor: for whom. Raises Stopped when `token` is stopped before the
        turn comes.
        """
        ticket, token = object(), token or StopToken()
        with self._changed:
            self._line.add(visitor, ticket)
        try:
            self._wait_for_turn(ticket, visitor, token, on_wait or _nobody)
            yield
        finally:
            with self._changed:
                if ticket in self._holders:
                    del self._holders[ticket]
                else:
                    self._line.remove(visitor, ticket)
                self._changed.notify_all()

    def _wait_for_turn(
        self, ticket: object, visitor: str, token: StopToken, on_wait: Callable[[int], None]
    ) -> None:
        told = 0
        while True:
            with self._changed:
                ahead = self._ahead_of(ticket)
                if ahead and ahead == told:
                    self._changed.wait(_POLL_SECONDS)  # a token cannot wake us, so look at it
            token.check()
            if self._taken(ticket, visitor, token):
                return
            if ahead and ahead != told:
                told = ahead
                on_wait(ahead)

    def _ahead_of(self, ticket: object) -> int:
        place = next(n for n, each in enumerate(self._line.in_order()) if each is ticket)
        return max(0, self._held() + place - self._places + 1)

    def _taken(self, ticket: object, visitor: str, token: StopToken) -> bool:
        """Whether the turn has come, which it then is."""
        with self._changed:
            if self._ahead_of(ticket):
                return False
            self._line.remove(visitor, ticket)
            self._line.note_service(visitor)
            self._holders[ticket] = token
            self._changed.notify_all()
            return True


class PoliteLock:
    """A lock that those get first for whom somebody waits; see `patiently`. Not reentrant.

    Who gives way does so for `PATIENT_SECONDS` at most, and is then one of the others: somebody
    waits all the time where many visitors are, and what is never done looks as if it had died.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_held = False
        self._waited_for = 0

    def after_fork(self) -> None:
        """In a copy of this process nobody else has it; see `_system.forked`."""
        self._is_held, self._waited_for = False, 0

    def __enter__(self) -> None:
        with self._changed:
            if (patience := _patient.get()) is not None:
                self._give_way(patience)
            self._waited_for += 1
            try:
                self._changed.wait_for(lambda: not self._is_held)
            finally:
                self._waited_for -= 1
            self._is_held = True

    def _give_way(self, patience: Patience) -> None:
        until = time.monotonic() + PATIENT_SECONDS
        while not (patience.is_over or self._is_left() or time.monotonic() > until):
            self._changed.wait(_POLL_SECONDS)  # the end of patience does not wake us, so look at it

    def _is_left(self) -> bool:
        return not self._is_held and not self._waited_for

    def __exit__(self, *raised: object) -> None:
        with self._changed:
            self._is_held = False
            self._changed.notify_all()


class Patience:
    """Of work that nobody waits for. Whoever comes to wait for it sets `is_over`."""

    def __init__(self) -> None:
        self.is_over = False


_patient: ContextVar[Patience | None] = ContextVar("patient", default=None)


@contextmanager
def patiently() -> Iterator[Patience]:
    """While this thread does what nobody waits for: others get each `PoliteLock` before it, until
    somebody does wait."""
    patience = Patience()
    before = _patient.set(patience)
    try:
        yield patience
    finally:
        _patient.reset(before)


def _nobody(ahead: int) -> None:
    """An `on_wait` that nobody watches."""


device_lock = DeviceLock()
