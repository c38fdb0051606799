"""The jobs of one run or sweep on their way through the pool: threads that take turns at places.

    take a place and a job ▶ have it done ▶ give the place back ▶ hand the result over, and again

Only here is decided what becomes of a job whose worker has died.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from methods._base import EraserSpec
from methods._engine import worker
from methods._engine.endings import internal, stopped
from methods._engine.events import Event, Failed, Finished, Waiting
from methods._engine.result_cache import filled
from methods._engine.worker import Picture, Ready, Task, guarded
from methods._system.lock import StopToken
from methods._system.threads import Work, begin_thread
from methods._workers.plan import Planned, Ticket
from methods._workers.process.losses import (
    MOST_CRASHES,
    MOST_TRIES,
    Lost,
    crashed,
    given_up,
    without_place,
)
from methods._workers.process.messages import Patch
from methods._workers.process.processes import NotStarted
from methods._workers.process.shared_picture import SharedPicture
from methods._workers.seat import Seat

logger = logging.getLogger(__name__)


class Errand(Protocol):
    """A job, as whoever wants it done follows it."""

    @property
    def task(self) -> Task:
        """What is to be done."""

    def begin(self) -> bool:
        """It has a place; False = nobody wants it any more."""

    def prepared(self) -> tuple[Ready, Picture] | Finished | Failed:
        """What to erase; or its end, where nothing is to be erased."""

    def tell(self, event: Event) -> None:
        """Something has happened; `index` is the task's."""

    def end(self, outcome: Finished | Failed) -> None:
        """Its last event; may wait until somebody has room for a result."""


class Places(Protocol):
    """What a shift needs of the pool."""

    def ticket(self, spec: EraserSpec, run: int, visitor: str, sweep: bool) -> Ticket:
        """A new one; see `Ticket`."""

    def add(self, ticket: Ticket, *, first: bool = False) -> bool:
        """Let a job wait for a place; False = there is none that could do it."""

    def out(self, ticket: Ticket) -> tuple[dict[str, str], bool]:
        """Why a job has no place, by place; and whether there is no other place either."""

    def take(
        self, run: int, token: StopToken, closed: Callable[[], bool], news: Callable[[], None]
    ) -> tuple[Ticket, Seat | None] | None:
        """Wait for a place for any job of the run. None when it is stopped, or closed and done; a
        job without a place where there is none left that could do it."""

    def give_back(self, seat: Seat, seconds: float | None) -> None:
        """A place is free again. seconds: what its job took, None where it has no result."""

    def drop(self, run: int, eraser: str) -> list[Ticket]:
        """Take back those of a run's waiting jobs that are for one eraser."""

    def forecast(self, run: int) -> Iterable[Planned]:
        """When those that wait will begin."""

    def shared(self, picture: Picture) -> SharedPicture:
        """The picture where workers see it."""

    def forget(self, run: int) -> None:
        """A run is over."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a worker has made of a job."""

    ready: Ready
    picture: Picture
    patch: Patch

    @property
    def seconds(self) -> float:
        """What it took, without loading."""
        return self.patch.facts.erase_seconds

    def finished(self) -> Finished:
        """The whole photo with the result in it, which is kept for equal jobs."""
        task, picture, patch = self.ready.task, self.picture, self.patch
        if self.ready.key:
            worker.results.put_pixels(self.ready.key, patch.pixels, patch.facts)
        image = filled(picture.image, picture.mask, patch.pixels)
        return replace(
            patch.facts, index=task.index, seed=task.seed, image=image, alpha=picture.filled_alpha
        )


_runs = itertools.count(1)


class Shift:
    """at_once: jobs that are under way at most. visitor, sweep: see `Ticket`."""

    def __init__(
        self,
        places: Places,
        token: StopToken,
        at_once: int,
        *,
        visitor: str = "",
        sweep: bool = False,
    ) -> None:
        self._places = places
        self._run = next(_runs)
        self._token = token
        self._at_once = at_once
        self._visitor = visitor
        self._sweep = sweep
        self._errands: dict[int, Errand] = {}
        self._tries: Counter[int] = Counter()
        self._crashes: Counter[str] = Counter()  # in a row, by eraser
        self._told: dict[int, tuple[int, float | None]] = {}
        self._closed = False
        self._lock = threading.Lock()
        self._threads: list[Work] = []

    def add(self, errand: Errand) -> None:
        """One more job; the first ones bring the threads that do them."""
        ticket = self._places.ticket(errand.task.spec, self._run, self._visitor, self._sweep)
        self._errands[ticket.number] = errand
        if self._crashes[ticket.eraser] >= MOST_CRASHES:
            errand.end(given_up(errand.task.index, errand.task.spec))
        elif (refused := self._wait(ticket, errand)) is not None:
            errand.end(refused)
        elif len(self._threads) < self._at_once:
            self._one_more()

    def widen(self, at_once: int) -> None:
        """There may be so many places now. Called while a run is under way."""
        self._at_once = max(self._at_once, at_once)
        while len(self._threads) < min(self._at_once, len(self._errands)):
            self._one_more()

    def _one_more(self) -> None:
        self._threads.append(begin_thread(self._serve, "eraser run"))

    def close(self) -> None:
        """No further job will come; returns when all have ended, or the run is stopped."""
        self._closed = True
        for thread in self._threads:  # which may become more meanwhile
            thread.join()
        self._places.forget(self._run)
        self._errands.clear()  # which have the run and its photo, and the run has us

    # --- one thread -----------------------------------------------------------------------

    def _serve(self) -> None:
        while True:
            taken = self._places.take(self._run, self._token, lambda: self._closed, self._news)
            if taken is None:
                return
            ticket, seat = taken
            errand = self._errands[ticket.number]
            made = self._at_place(ticket, errand, seat) if seat else self._placeless(ticket, errand)
            if isinstance(made, Made):
                made = guarded(errand.task, made.finished)
            if made is not None:
                errand.end(made)
            del made  # a large photo is not held while the next job waits

    def _at_place(
        self, ticket: Ticket, errand: Errand, seat: Seat
    ) -> Made | Finished | Failed | None:
        """None: it is tried again, or nobody wants it any more."""
        made: Made | Finished | Failed | None = None
        try:
            if errand.begin():
                made = self._done(ticket, errand, seat)
        except Exception:
            logger.exception("a worker's result could not be used")
            made = internal(errand.task.index, errand.task.spec)
        finally:
            self._places.give_back(seat, made.seconds if isinstance(made, Made) else None)
        return made

    def _done(self, ticket: Ticket, errand: Errand, seat: Seat) -> Made | Finished | Failed | None:
        found = errand.prepared()
        if isinstance(found, Finished | Failed):
            return found
        ready, picture = found
        try:
            made = seat.erase(ready, self._places.shared(picture), self._token, errand.tell)
        except Lost as lost:
            return self._after_loss(ticket, errand, lost)
        except NotStarted:
            return self._wait(ticket, errand, first=True)
        self._crashes[ticket.eraser] = 0
        if isinstance(made, Failed):
            return replace(made, index=errand.task.index)
        return Made(ready, picture, made)

    def _wait(self, ticket: Ticket, errand: Errand, *, first: bool = False) -> Failed | None:
        """Let it wait for a place; a failure where there is none for it."""
        if self._places.add(ticket, first=first):
            return None
        return self._placeless(ticket, errand)

    def _placeless(self, ticket: Ticket, errand: Errand) -> Failed:
        task = errand.task
        return without_place(task.index, task.spec, *self._places.out(ticket))

    def _news(self) -> None:
        """Tell those that wait how long it will be, whenever that is another answer."""
        for planned in self._places.forecast(self._run):
            number, ahead = planned.ticket.number, planned.ahead
            seconds = float(round(planned.after)) if planned.measured else None
            if ahead and self._told.get(number) != (ahead, seconds):
                self._told[number] = (ahead, seconds)
                errand = self._errands[number]
                errand.tell(Waiting(errand.task.index, ahead, seconds))

    # --- what dies ------------------------------------------------------------------------

    def _after_loss(self, ticket: Ticket, errand: Errand, lost: Lost) -> Failed | None:
        task = errand.task
        if self._token.stopped:
            return stopped(task.index)
        with self._lock:
            self._tries[ticket.number] += 1
            final = lost.own_fault or lost.out_of_memory
            if not final and self._tries[ticket.number] < MOST_TRIES:
                return self._wait(ticket, errand, first=True)
            self._crashes[ticket.eraser] += 1
        if self._crashes[ticket.eraser] >= MOST_CRASHES:
            self._give_up(ticket.eraser)
        return crashed(task.index, task.spec, lost)

    def _give_up(self, eraser: str) -> None:
        """Its waiting jobs end at once."""
        for ticket in self._places.drop(self._run, eraser):
            task = self._errands[ticket.number].task
            self._errands[ticket.number].end(given_up(task.index, task.spec))
