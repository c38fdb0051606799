"""Erasing in worker processes: several jobs at once, and none takes the others down.

jobs ▶ what is missing is fetched, what is known is answered (at home)
     ▶ Placement: which place does which job next
     ▶ Seat: the place, with its process ▶ events, and the pixels under the mask
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from numpy import uint8
from numpy.typing import NDArray

from methods._base import EraserSpec, Image, Mask, UserError
from methods._engine import residency
from methods._engine.before_fetch import MayFetch
from methods._engine.endings import failed
from methods._engine.events import Channel, Event, Failed
from methods._engine.job import Job
from methods._engine.judging import Judge
from methods._engine.registry import get_eraser
from methods._engine.runner import Run, checked, judging_of, task_of
from methods._engine.worker import Picture, Task, Worker
from methods._system.cache import BoundedCache
from methods._system.container import cores
from methods._system.lock import StopToken
from methods._weights import uses
from methods._workers.board import Board
from methods._workers.crews import RunCrew, SweepCrew, Tell
from methods._workers.executor import Executor, Place, SweepJob
from methods._workers.helper import Helper
from methods._workers.placement import Placement
from methods._workers.plan import CPU, LANE, Cost, Plan, Planned, Spot, Ticket
from methods._workers.process.processes import Starter
from methods._workers.process.shared_picture import SharedPicture
from methods._workers.seat import Seat
from methods._workers.shift import Shift

_SHARED_KINDS = ("cuda", "mps")
"""Kinds of places whose device this process uses, too."""

_POLL_SECONDS = 0.05
_PLAN_SECONDS = 0.25
"""For which a plan holds while nothing happens: estimates change by themselves."""

_SHARED = 8
"""Pictures, each of which keeps a file open."""

_SHARED_BYTES = 2**28
"""Of pictures that workers may still look at."""

_FIXED_LOAD = 1.0
"""Seconds to load a network whose files are in memory, a guess."""


class Pool(Executor):
    """seats: the places, with ids of their own. starter: begins their processes, and is closed with
    the pool."""

    def __init__(self, seats: Sequence[Seat], starter: Starter) -> None:
        self._seats = {seat.id: seat for seat in seats}
        self._starter = starter
        self._changed = threading.Condition()
        spots = [Spot(seat.id, seat.kind) for seat in seats]
        self._placement = Placement(spots, cores=cores())
        self._plan: Plan | None = None
        self._planned_at = 0.0
        self._to_unload: set[str] = set()
        self._numbers = itertools.count(1)
        self._shared: BoundedCache[str, SharedPicture] = BoundedCache(
            _SHARED_BYTES, newest_always=True, kind="shared", most_values=_SHARED
        )
        self._helpers: list[Helper] = []
        self._closed = False
        self._board = Board()
        residency.elsewhere.append(self)
        uses.keepers.append(self._files)

    # --- the contract ---------------------------------------------------------------------

    def run(
        self,
        jobs: Sequence[Job],
        image: Image,
        mask: Mask,
        *,
        alpha: NDArray[uint8] | None = None,
        token: StopToken | None = None,
        fetch_missing: bool | MayFetch = True,
        judge: Judge | None = None,
        visitor: str = "",
    ) -> Iterator[Event]:
        """See `Executor.run`. Jobs whose weights are here wait for no download."""
        own_token, channel = StopToken(token), Channel()
        picture = Picture(image, mask, alpha)
        tasks = checked(jobs, picture)
        shift = self._begun(Shift(self, own_token, self._at_once(len(tasks)), visitor=visitor))
        worker = self._worker(picture, own_token, channel.put, fetch_missing)
        crew = RunCrew(shift, picture, worker, channel.put)
        yield from Run(tasks, crew, judging_of(judge, picture), own_token, channel).events()

    def sweep(
        self,
        jobs: Sequence[SweepJob],
        *,
        token: StopToken | None = None,
        fetch_missing: bool | MayFetch = True,
    ) -> Iterator[Event]:
        """See `Executor.sweep`."""
        own_token, channel = StopToken(token), Channel()
        tasks, refused = _tasks_of(jobs)
        yield from refused
        shift = self._begun(Shift(self, own_token, self._at_once(len(tasks)), sweep=True))
        pictures = {task.index: jobs[task.index].open for task in tasks}
        crew = SweepCrew(
            shift, pictures, own_token, channel.put, fetch_missing, worker=self._worker
        )
        for event in Run(tasks, crew, None, own_token, channel).events():
            unbegun = event.index not in crew.begun
            if not (isinstance(event, Failed) and event.stopped and unbegun):
                yield event

    def places(self) -> tuple[Place, ...]:
        """See `Executor.places`."""
        with self._changed:
            return tuple(self._place(seat) for seat in self._seats.values())

    def start(self) -> None:
        """See `Executor.start`: the template, which imports libraries."""
        self._board.show(self.places())
        threading.Thread(target=self._starter.warm_up, name="template", daemon=True).start()

    def helper(self, entry: str) -> Helper:
        """See `Executor.helper`."""
        helper = Helper(self._starter, entry)
        self._helpers.append(helper)
        return helper

    def close(self) -> None:
        """See `Executor.close`. What is at work is ended."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        residency.elsewhere.remove(self)
        uses.keepers.remove(self._files)
        for helper in self._helpers:
            helper.close()
        self._starter.close()
        for seat in self._seats.values():
            seat.unload()
        self._board.clear()

    def _at_once(self, jobs: int) -> int:
        return min(jobs, len(self._seats))

    # --- what a pool of other places does otherwise ---------------------------------------

    def _worker(
        self, picture: Picture, token: StopToken, tell: Tell, fetch_missing: bool | MayFetch
    ) -> Worker:
        """Who makes jobs ready at home."""
        return Worker(picture, token, tell, fetch_missing)

    def _begun(self, shift: Shift) -> Shift:
        """A shift that will ask for places."""
        return shift

    def _may_come(self, ticket: Ticket) -> bool:
        """Whether to wait for a place where there is none for a job."""
        return False

    def _place(self, seat: Seat) -> Place:
        at_work = self._placement.spots[seat.id].at_work
        eraser = "" if at_work is None else at_work.eraser
        return Place(seat.id, seat.kind, eraser, seat.held, seat.starts, seat.lost, seat.out)

    def _files(self) -> set[str]:
        """Names of the weights of all that may be loaded in a worker."""
        specs = (get_eraser(eraser).spec for seat in self._seats.values() for eraser in seat.held)
        return {file.name for spec in specs for file in (*spec.weights, *spec.more_weights)}

    # --- what a shift asks for ------------------------------------------------------------

    def ticket(self, spec: EraserSpec, run: int, visitor: str, sweep: bool) -> Ticket:
        """See `Places`."""
        with self._changed:
            self._placement.costs.setdefault(spec.id, cost_of(spec))
            number = next(self._numbers)
        return Ticket(number, spec.id, self._kinds(spec), run, visitor, sweep)

    def _kinds(self, spec: EraserSpec) -> tuple[str, ...]:
        """Where it can be done; what can be done nowhere goes where it will be told why."""
        if not spec.holds_device:
            return (LANE,)
        here = {seat.kind for seat in self._seats.values()}
        return tuple(device for device in spec.devices if device in here) or (CPU,)

    def add(self, ticket: Ticket, *, first: bool = False) -> bool:
        """See `Places`."""
        with self._changed:
            if not self._placement.usable(ticket.kinds) and not self._may_come(ticket):
                return False
            self._placement.add(ticket, first=first)
            self._touch()
        return True

    def out(self, ticket: Ticket) -> tuple[dict[str, str], bool]:
        """See `Places`."""
        seats = [seat for seat in self._seats.values() if seat.kind in ticket.kinds]
        return {seat.id: seat.out for seat in seats}, all(seat.out for seat in self._seats.values())

    def take(
        self, run: int, token: StopToken, closed: Callable[[], bool], news: Callable[[], None]
    ) -> tuple[Ticket, Seat | None] | None:
        """See `Places`."""
        seen: Plan | None = None
        with self._changed:
            self._placement.takers[run] += 1
            self._touch()
            try:
                while not (token.stopped or self._closed):
                    if (granted := self._granted(run)) is not None:
                        return granted
                    if closed() and not self._placement.waits(run):
                        return None
                    if self._plan is not seen:
                        seen = self._plan
                        news()
                    self._changed.wait(_POLL_SECONDS)
                return None
            finally:
                self._placement.takers[run] -= 1
                self._touch()

    def _granted(self, run: int) -> tuple[Ticket, Seat | None] | None:
        for stranded in self._current_plan().nowhere:
            if stranded.run == run and not self._may_come(stranded):
                self._placement.remove(stranded)
                self._touch()
                return stranded, None
        for place, ticket in self._current_plan().begin.items():
            if ticket.run == run:
                self._placement.begin(place, ticket, time.monotonic())
                self._touch()
                self._board.show(self.places())
                return ticket, self._seats[place]
        return None

    def _current_plan(self) -> Plan:
        now = time.monotonic()
        if self._plan is None or now - self._planned_at > _PLAN_SECONDS:
            self._plan, self._planned_at = self._placement.plan(now), now
        return self._plan

    def _touch(self) -> None:
        """Something has happened that a plan depends on."""
        self._plan = None
        self._changed.notify_all()

    def give_back(self, seat: Seat, seconds: float | None) -> None:
        """See `Places`."""
        if seat.id in self._to_unload or self._closed:
            seat.unload()
        with self._changed:
            self._to_unload.discard(seat.id)
            self._placement.end(seat.id, seat.held, seconds)
            self._placement.spots[seat.id].out = bool(seat.out)
            self._touch()
            self._board.show(self.places())

    def drop(self, run: int, eraser: str) -> list[Ticket]:
        """See `Places`."""
        with self._changed:
            self._touch()
            return self._placement.drop(run, eraser)

    def forecast(self, run: int) -> list[Planned]:
        """See `Places`."""
        with self._changed:
            return [each for each in self._current_plan().waiting if each.ticket.run == run]

    def shared(self, picture: Picture) -> SharedPicture:
        """See `Places`."""
        return self._shared.get(picture.key, lambda: SharedPicture(picture))

    def forget(self, run: int) -> None:
        """See `Places`."""
        with self._changed:
            self._placement.forget(run)
            self._touch()

    # --- a device that is shared with this process ----------------------------------------

    @property
    def loaded(self) -> tuple[str, ...]:
        """See `residency.Holder`."""
        return tuple(eraser for seat in self._on_shared_devices() for eraser in seat.held)

    def clear(self) -> None:
        """See `residency.Holder`."""
        with self._changed:
            self._to_unload |= {seat.id for seat in self._on_shared_devices()}
            idle = [name for name in self._to_unload if not self._is_busy(name)]
            for name in idle:
                self._placement.spots[name].at_work = _UNLOADING
        for name in idle:
            self.give_back(self._seats[name], None)
        with self._changed:
            self._changed.wait_for(lambda: not self._to_unload or self._closed)

    def _on_shared_devices(self) -> list[Seat]:
        seats = self._seats.values()
        return [seat for seat in seats if seat.kind in _SHARED_KINDS and not seat.machine]

    def _is_busy(self, name: str) -> bool:
        return self._placement.spots[name].at_work is not None


_UNLOADING = Ticket(0, "", (), 0)
"""At work where a place is emptied."""


def cost_of(spec: EraserSpec) -> Cost:
    """What is known of an eraser from its spec alone."""
    files = {weight.name: weight.size for weight in spec.weights}
    return Cost(files, _FIXED_LOAD if spec.holds_device else 0.0)


def _tasks_of(jobs: Sequence[SweepJob]) -> tuple[list[Task], list[Failed]]:
    """The jobs that can be tried, and the ends of the others."""
    tasks: list[Task] = []
    refused: list[Failed] = []
    for index, each in enumerate(jobs):
        try:
            tasks.append(task_of(index, each.job))
        except UserError as error:
            refused.append(failed(index, error))
    return tasks, refused
