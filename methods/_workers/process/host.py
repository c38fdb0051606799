"""The worker's side: a process that does one order after the other.

Its main thread erases, by the same code as in this process (`_engine.worker`); another one hears
the home. Whatever an eraser does to its process ends here: a crash, an endless call, memory that is
never given back.
"""

from __future__ import annotations

import faulthandler
import os
import platform
import queue
import signal
import socket
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from methods._engine import worker
from methods._engine.events import Event, Failed, Finished, Started, Stepped
from methods._engine.registry import get_eraser, settings_of
from methods._engine.result_cache import under
from methods._engine.worker import Picture, Ready, Task, Worker, guarded
from methods._photo.files import decoding_by
from methods._system.lock import StopToken
from methods._system.logs import begin_logging
from methods._system.memory import share_heaps, trim_heaps
from methods._weights.sources import local
from methods._weights.uses import in_use
from methods._workers.closed.later import Later
from methods._workers.process.answering import Answering
from methods._workers.process.ledger import demand_equal
from methods._workers.process.messages import (
    Done,
    Order,
    Patch,
    PictureNote,
    Retired,
    Start,
    Stop,
    Told,
    Up,
)
from methods._workers.process.shared_picture import opened
from methods._workers.process.wire import Wire

_TELL_SECONDS = 0.05
"""Between two steps that are told; the last one always is."""

_PICTURES = 2
"""Kept with what was found out about them, the last used ones."""

_IDLE_SECONDS = 5.0
"""Without an order, after which memory is given back."""

_BACKGROUND = 5
"""How much less urgent than the page."""

_FAT = 128 * 2**20
"""Bytes that an idle worker may keep which has nothing loaded."""


class Host:
    """Carries out orders until its home is gone."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._tokens: dict[int, StopToken] = {}
        self._orders: queue.SimpleQueue[tuple[Order, list[int]]] = queue.SimpleQueue()
        self._pictures: OrderedDict[str, Picture] = OrderedDict()

    def serve(self) -> None:
        """Never returns."""
        threading.Thread(target=self._listen, name="home", daemon=True).start()
        self._wire.send(Up())
        while True:
            self._carry_out(*self._next())

    def _next(self) -> tuple[Order, list[int]]:
        """The next order; where none comes for a while, memory is given back meanwhile."""
        try:
            return self._orders.get(timeout=_IDLE_SECONDS)
        except queue.Empty:
            self._rest()
            return self._orders.get()

    def _listen(self) -> None:
        """A call that cannot be interrupted is no reason to stay when the home is gone."""
        with suppress(EOFError, OSError):
            while True:
                message, files = self._wire.receive()
                if isinstance(message, Order):
                    self._tokens[message.id] = StopToken()
                    self._orders.put((message, files))
                elif isinstance(message, Stop) and message.order in self._tokens:
                    self._tokens[message.order].stop()
        _end_all()

    def _carry_out(self, order: Order, files: list[int]) -> None:
        picture = self._picture(order.picture, files)
        outcome = self._outcome(order, picture)
        self._tokens.pop(order.id, None)
        self._wire.send(Done(order.id, outcome, worker.residency.loaded))
        del outcome

    def _rest(self) -> None:
        """Give back what serves nobody; where libraries keep much of it, end: a new process is soon
        there."""
        self._pictures.clear()
        trim_heaps()
        if not worker.residency.loaded and _own_memory() > _FAT:
            self._wire.send(Retired())
            _end_all()

    def _outcome(self, order: Order, picture: Picture) -> Patch | Failed:
        local.choose(order.local)
        eraser = get_eraser(order.eraser)
        task = Task(0, eraser, settings_of(eraser, order.settings), order.seed)
        tell = _Teller(lambda event: self._wire.send(Told(order.id, event)))
        does = Worker(picture, self._tokens[order.id], tell, bool(order.fetch))
        outcome = guarded(task, lambda: _erased(does, task, order))
        if isinstance(outcome, Finished):
            return Patch(worker.facts_of(outcome), under(picture.mask, outcome.image))
        return outcome

    def _picture(self, note: PictureNote, files: Sequence[int]) -> Picture:
        if note.key not in self._pictures:
            self._pictures[note.key] = opened(note, files)
        for file in files:
            os.close(file)
        self._pictures.move_to_end(note.key)
        while len(self._pictures) > _PICTURES:
            self._pictures.popitem(last=False)
        return self._pictures[note.key]


def _erased(does: Worker, task: Task, order: Order) -> Finished:
    """The order's result, with files that the home has seen to, or else with this machine's own.

    Raises what keeps it from being one.
    """
    settings, weights = dict(order.settings), dict(order.weights)
    if order.fetch is None:
        return does.erased(Ready(task, settings, weights, ""))
    with in_use(task.eraser.weights_for(task.settings)):
        found = does.weights_of(task)
        demand_equal(weights, found, platform.node())
        return does.erased(Ready(task, settings, found, ""))


@dataclass(slots=True)
class _Teller:
    """Lets steps through every so often; all else, and the last step, at once."""

    put: Callable[[Event], None]
    told: float = field(default=0.0)

    def __call__(self, event: Event) -> None:
        if isinstance(event, Started):
            self.told = 0.0
        if isinstance(event, Stepped) and event.step < event.total:
            now = time.monotonic()
            if now - self.told < _TELL_SECONDS:
                return
            self.told = now
        self.put(event)


def _own_memory() -> int:
    """Bytes of this process without what it shares with others."""
    import psutil

    found = psutil.Process().memory_info()
    return int(found.rss) - int(getattr(found, "shared", 0))


# --- the process --------------------------------------------------------------------------


def main(end: socket.socket, start: Start) -> None:
    """Be a worker; never returns."""
    os.environ.clear()
    os.environ.update(start.environment)
    sys.path[:] = start.path
    with suppress(ValueError):  # the home has said so
        begin_logging()  # whatever is logged here stands in the program's own log
    os.dup2(2, 1)  # what libraries print is no output of the program
    faulthandler.enable()
    if start.background and hasattr(os, "nice"):
        os.nice(_BACKGROUND)
    _go_first_where_memory_runs_out()
    share_heaps()
    if start.setup:
        module, _, function = start.setup.partition(":")
        getattr(import_module(module), function)()
    if start.entry:
        Answering(Wire(end), start.entry).serve()
        _end_all()
    with decoding_by(Later()):  # what programs of the owner's write
        Host(Wire(end)).serve()


def _go_first_where_memory_runs_out() -> None:
    """On Linux the kernel then takes this process, and not the page."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")


def _end_all() -> None:
    """This process and those that it has started: it leads a group of its own."""
    if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)
