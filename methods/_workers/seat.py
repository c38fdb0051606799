"""A place for one job at a time, and the process that is there.

The process is begun with the first order, and again after it has died; the seat outlives them all.
"""

from __future__ import annotations

import itertools
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from methods._engine import runner
from methods._engine.events import Event, Failed, Loading
from methods._engine.worker import Ready
from methods._system.lock import StopToken
from methods._weights.sources import local
from methods._workers.plan import CPU, LANE
from methods._workers.process.losses import Lost, killed_for_memory
from methods._workers.process.messages import Done, Order, Patch, Retired, Start, Stop, Told, Up
from methods._workers.process.processes import NotStarted, Process, Starter
from methods._workers.process.shared_picture import SharedPicture

_TICK = 0.05
"""Seconds between two looks at Stop while the worker is silent."""

_UP_SECONDS = 120.0
"""For which a new worker may be silent."""

LOAD_GRACE = 120.0
"""For which loading goes on after Stop: the next job profits from what is loaded."""

MOST_STARTS = 3
"""In a row that may fail before a place is given up."""

logger = logging.getLogger(__name__)

_ids = itertools.count(1)


@dataclass(slots=True)
class _UnderWay:
    """An order that a process has. killed_before: see `losses.lost`."""

    order: Order
    token: StopToken
    killed_before: int
    loading: bool = False
    deadline: float = 0.0  # 0 = not stopped

    def follow(self, event: Event) -> None:
        """Note whether it is being loaded: that alone may take longer after Stop."""
        self.loading = isinstance(event, Loading)


@dataclass(slots=True)
class Seat:
    """id, kind: see `executor.Place`. environment: what differs there, such as the GPU that is
    seen. setup: see `messages.Start`. machine: "" = this one. One thread at a time uses it."""

    id: str
    kind: str
    starter: Starter
    environment: Mapping[str, str] = field(default_factory=dict)
    setup: str = ""
    machine: str = ""
    held: tuple[str, ...] = ()
    starts: int = 0
    lost: int = 0
    out: str = ""
    _failed_starts: int = 0
    _process: Process | None = None

    def erase(
        self,
        ready: Ready,
        picture: SharedPicture,
        token: StopToken,
        tell: Callable[[Event], None],
    ) -> Patch | Failed:
        """Do a job; see `Worker.erased`. A Stop that it does not hear ends its process.

        Raises Lost where the process goes meanwhile, NotStarted where there is none.
        """
        while True:
            process = self._process or self._begun()
            order = _order(ready, picture)
            under_way = _UnderWay(order, token, killed_for_memory())
            process.send(order, picture)
            try:
                done = self._followed(process, under_way, tell)
            except EOFError:
                raise self._lost(process, under_way) from None
            if done is not None:
                self._settle(done)
                return done.outcome
            self.unload()  # it had just retired

    @property
    def pid(self) -> int:
        """Of its process, 0 = none."""
        return 0 if self._process is None or self._process.is_gone else self._process.pid

    def unload(self) -> None:
        """End the process, so that all memory is given back; to be called while it is idle."""
        process, self._process, self.held = self._process, None, ()
        if process is not None:
            process.close()

    def recover(self) -> None:
        """It is tried again, whatever has failed before."""
        self.out, self._failed_starts = "", 0

    def _begun(self) -> Process:
        environment = {**os.environ, **self.environment}
        background = self.kind in (CPU, LANE)
        start = Start(tuple(sys.path), environment, self.setup, background)
        try:
            process = self.starter.start(start)
            self.starts += 1
            await_up(process)
        except NotStarted as error:
            self._failed_starts += 1
            self.out = str(error) if self._failed_starts >= MOST_STARTS else ""
            raise
        self._failed_starts = 0
        self._process = process
        return process

    def _followed(
        self, process: Process, under_way: _UnderWay, tell: Callable[[Event], None]
    ) -> Done | None:
        """None: the worker had retired before."""
        while True:
            match process.next(_TICK):
                case Told(event=event):
                    under_way.follow(event)
                    tell(event)
                case Done() as done:
                    return done
                case Retired():
                    return None
            if under_way.token.stopped:
                _press(process, under_way)

    def _settle(self, done: Done) -> None:
        self.held = done.held
        if self.kind == "cuda" and _is_bug(done.outcome):  # its context may be broken
            self.unload()

    def _lost(self, process: Process, under_way: _UnderWay) -> Lost:
        self._process, self.held = None, ()
        self.lost += 1
        found = process.loss(under_way.killed_before)
        if not under_way.token.stopped:
            eraser = under_way.order.eraser
            logger.warning("%s: the worker at %s is gone (%s)", eraser, self.id, found.reason)
        return found


def _order(ready: Ready, picture: SharedPicture) -> Order:
    return Order(
        id=next(_ids),
        eraser=ready.task.spec.id,
        settings=ready.settings,
        seed=ready.task.seed,
        weights=ready.weights,
        local=local.chosen(),
        picture=picture.note,
        fetch=ready.fetch,
    )


def await_up(process: Process) -> None:
    """Raises NotStarted where it ends or says nothing."""
    try:
        if isinstance(process.next(_UP_SECONDS), Up):
            return
    except EOFError:
        raise NotStarted(process.loss(0).reason) from None
    process.close()
    raise NotStarted("silent")


def _press(process: Process, under_way: _UnderWay) -> None:
    """It should end: say so once, and end its process where it does not hear."""
    now = time.monotonic()
    if not under_way.deadline:
        process.send(Stop(under_way.order.id))
        under_way.deadline = now + runner.STOP_GRACE
    patience = LOAD_GRACE if under_way.loading else 0.0
    if now > under_way.deadline + patience:
        process.kill()


def _is_bug(outcome: Patch | Failed) -> bool:
    return isinstance(outcome, Failed) and outcome.code == "internal"
