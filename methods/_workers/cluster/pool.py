"""A pool whose places are those of a Ray cluster: they come and go with its machines."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from weakref import WeakSet

from methods._base import EraserSpec, UserError
from methods._engine.before_fetch import MayFetch
from methods._engine.endings import failed
from methods._engine.events import Event, Failed, Finished
from methods._engine.worker import Picture, Ready, Task, Worker
from methods._system.lock import StopToken
from methods._workers.board import program_name
from methods._workers.cluster.line import CLUSTER_SILENT, MACHINE_GONE, AwayStarter, ClusterPicture
from methods._workers.cluster.machines import Machine, Room, machines_of, rooms_of
from methods._workers.cluster.session import Session
from methods._workers.crews import Tell
from methods._workers.helper import Helper
from methods._workers.plan import Spot, Ticket
from methods._workers.pool import Pool
from methods._workers.process.ledger import Ledger
from methods._workers.process.messages import Patch, Post, Start
from methods._workers.process.processes import NotStarted, Process
from methods._workers.process.shared_picture import SharedPicture
from methods._workers.seat import Seat
from methods._workers.shift import Shift

logger = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds for which jobs wait for a machine where there is none for them."""

_LOOK_SECONDS = 1.0

_SILENT_SECONDS = 15.0
"""Without an answer of the head, after which nothing is begun any more."""

_AGAIN_SECONDS = 60.0
"""After which a place is tried again that was given up."""

_GIVEN = ("ERASER_LAB_WEIGHTS", "ERASER_LAB_WEIGHTS_MIRROR", "ERASER_LAB_OFFLINE")
"""Settings of the home that hold where a machine has none of its own. Tokens never travel."""


class ClusterPool(Pool):
    """session: closed with it. imports: see `messages.Imports`, of workers on a GPU and of others.
    setup, path: for tests; see `messages.Start` and `Post`."""

    def __init__(
        self,
        session: Session,
        imports: tuple[Sequence[str], Sequence[str]] = ((), ()),
        setup: str = "",
        path: Sequence[str] = (),
    ) -> None:
        self._session, self._imports, self._setup = session, imports, setup
        self._path = tuple(path)
        self._program = program_name()
        self._ledger = Ledger()
        self._machines: dict[str, Machine] = {}
        self._shifts: WeakSet[Shift] = WeakSet()
        self._without: dict[tuple[str, ...], float] = {}
        self._leave = threading.Event()
        self._seen = self._used_again = time.monotonic()
        self._is_away = False
        super().__init__([], _Foremen(self))
        self._placement.may_lose = True
        self._look()
        self._watch = threading.Thread(target=self._look_out, name="cluster", daemon=True)
        self._watch.start()

    def helper(self, entry: str) -> Helper | None:  # type: ignore[override]  # a pool has one
        """See `Executor.helper`: such work stays with the program, whatever machines there are."""
        return None

    def close(self) -> None:
        """See `Executor.close`."""
        if self._closed:
            return
        self._leave.set()
        self._watch.join(_LOOK_SECONDS)  # longer where the head does not answer
        super().close()
        self._session.close()

    def described(self) -> str:
        """See `Executor.described`."""
        which = "of its own on this machine" if self._session.is_own else self._session.address
        return f"Ray cluster {which} (machines: {len(self._machines)}, places: {len(self._seats)})"

    # --- machines that come and go --------------------------------------------------------

    def _look_out(self) -> None:
        while not self._leave.wait(_LOOK_SECONDS):
            try:
                self._look()
            except Exception:  # the head is away: what is under way goes on
                if not self._is_away:
                    logger.warning(CLUSTER_SILENT, exc_info=True)
                self._is_away = True
                continue
            now = time.monotonic()
            was_away = self._is_away or now - self._seen > _SILENT_SECONDS
            self._is_away, self._seen = False, now
            if was_away or now - self._used_again > _AGAIN_SECONDS:
                self._use_again()
                self._used_again = now

    def _look(self) -> None:
        import ray

        found = machines_of(ray.nodes())
        for gone in self._machines.keys() - found.keys():
            self._part_with(self._machines[gone])
        for new in found.keys() - self._machines.keys():
            self._take_in(found[new])

    def _take_in(self, machine: Machine) -> None:
        rooms = rooms_of(machine)
        with self._changed:
            self._machines[machine.id] = machine
            self._seats = {**self._seats, **{room.id: self._seat(room) for room in rooms}}
            for room in rooms:
                cores = max(1, int(machine.cpus))
                spot = Spot(room.id, room.kind, machine=machine.id, cores=cores)
                self._placement.spots[room.id] = spot
            self._without.clear()
            self._touch()
        for shift in tuple(self._shifts):
            shift.widen(len(self._seats))

    def _use_again(self) -> None:
        """What could not be begun may be now: the head is back, another program has ended."""
        with self._changed:
            out = [seat for seat in self._seats.values() if seat.out]
            for seat in out:
                if self._machine_of(seat) in self._machines:
                    seat.recover()
                    self._placement.spots[seat.id].out = False
            if out:
                self._touch()

    def _part_with(self, machine: Machine) -> None:
        """Its places are out at once; they are forgotten when nobody is at work there any more."""
        with self._changed:
            self._machines.pop(machine.id, None)
            gone = [seat for seat in self._seats.values() if self._machine_of(seat) == machine.id]
            for seat in gone:
                seat.out = MACHINE_GONE
                self._placement.spots[seat.id].out = True
            self._touch()
        for seat in gone:
            seat.starter.close()
        with self._changed:
            for seat in gone:
                self._forget_place(seat)

    def _machine_of(self, seat: Seat) -> str:
        return self._placement.spots[seat.id].machine

    def _forget_place(self, seat: Seat) -> None:
        """Where its machine is gone and nobody is at work there."""
        known = self._seats.get(seat.id) is seat
        if known and self._machine_of(seat) not in self._machines and not self._is_busy(seat.id):
            self._seats = {name: each for name, each in self._seats.items() if each is not seat}
            del self._placement.spots[seat.id]
            self._touch()

    def give_back(self, seat: Seat, seconds: float | None) -> None:
        """See `Places`."""
        super().give_back(seat, seconds)
        with self._changed:
            self._forget_place(seat)

    def _seat(self, room: Room) -> Seat:
        environment = {} if room.gpus else {"ERASER_LAB_DEVICE": "cpu"}
        given = {name: os.environ[name] for name in _GIVEN if os.environ.get(name)}
        imports = tuple(self._imports[0 if room.gpus else 1])
        post = Post(room.id, room.kind, self._program, environment, given, imports, self._path)
        starter = AwayStarter(room, post, lambda: self._missing(room))
        here = room.machine.id == self._session.machine
        machine = "" if here else room.machine.name
        return _AwaySeat(
            room.id, room.kind, starter, setup=self._setup, machine=machine, ledger=self._ledger
        )

    def _missing(self, room: Room) -> str:
        """Why nothing can be begun at a place."""
        if time.monotonic() - self._seen > _SILENT_SECONDS:
            return CLUSTER_SILENT
        return "" if room.machine.id in self._machines else MACHINE_GONE

    # --- what is done otherwise than at home ----------------------------------------------

    def start(self) -> None:
        """See `Executor.start`. What is lent to many is taken when it is needed."""
        self._board.show(self.places())
        if self._session.is_own:
            super().start()

    def shared(self, picture: Picture) -> SharedPicture:
        """See `Places`."""
        return self._shared.get(picture.key, lambda: ClusterPicture(picture))

    def _worker(
        self, picture: Picture, token: StopToken, tell: Tell, fetch_missing: bool | MayFetch
    ) -> Worker:
        return _AwayWorker(picture, token, tell, fetch_missing, self._ledger)

    def _begun(self, shift: Shift) -> Shift:
        self._shifts.add(shift)
        return shift

    def _kinds(self, spec: EraserSpec) -> tuple[str, ...]:
        """The best kind that the cluster has: nothing goes elsewhere while a machine is away."""
        return super()._kinds(spec)[:1]

    def _may_come(self, ticket: Ticket) -> bool:
        since = self._without.setdefault(ticket.kinds, time.monotonic())
        return time.monotonic() - since < PATIENCE

    def starters(self) -> list[AwayStarter]:
        """Of all places."""
        found = (seat.starter for seat in self._seats.values())
        return [starter for starter in found if isinstance(starter, AwayStarter)]


class _Foremen:
    """All foremen of a cluster together."""

    def __init__(self, pool: ClusterPool) -> None:
        self._pool = pool

    def start(self, start: Start) -> Process:
        """See `Starter`: each place has one of its own."""
        raise NotStarted

    def warm_up(self) -> None:
        """See `Starter`."""
        for starter in self._pool.starters():
            with suppress(NotStarted):
                starter.warm_up()

    def close(self) -> None:
        """See `Starter`."""
        for starter in self._pool.starters():
            starter.close()


@dataclass(slots=True)
class _AwaySeat(Seat):
    """ledger: which weights all machines must have."""

    ledger: Ledger = field(default_factory=Ledger)

    def erase(
        self,
        ready: Ready,
        picture: SharedPicture,
        token: StopToken,
        tell: Callable[[Event], None],
    ) -> Patch | Failed:
        """See `Seat.erase`."""
        made = Seat.erase(self, ready, picture, token, tell)
        if isinstance(made, Patch):
            try:
                self.ledger.take(made.facts.weights, self.machine)
            except UserError as error:
                return failed(0, error)
        return made


class _AwayWorker(Worker):
    """Has no weights at home: whoever erases looks after them."""

    def __init__(
        self,
        picture: Picture,
        token: StopToken,
        tell: Tell,
        fetch_missing: bool | MayFetch,
        ledger: Ledger,
    ) -> None:
        super().__init__(picture, token, tell, fetch_missing)
        self._ledger = ledger

    def prepared(self, task: Task) -> Ready | Finished:
        """See `Worker`. A result is kept where all of its weights are known."""
        weights = self._ledger.expected(task.eraser.weights_for(task.settings))
        if not all(weights.values()):
            settings = task.settings.model_dump(mode="json")
            return Ready(task, settings, weights, "", fetch=self._may_fetch(task))
        found = self.known(task, weights)
        return replace(found, fetch=self._may_fetch(task)) if isinstance(found, Ready) else found

    def _may_fetch(self, task: Task) -> bool:
        """Where it may not, a machine that has them erases all the same."""
        if not callable(self._fetch_missing):
            return self._fetch_missing
        try:
            self._fetch_missing(task.eraser, task.settings)
        except UserError:
            return False
        return True
