"""The actor at a place: it keeps one worker process on its own machine, as `Seat` does at home.

The worker is a child of the actor and not the actor itself, so that a crash is seen for what it is
(Ray does not say which signal it was), costs the fork of a template in place of an actor's start,
and Stop can end what hears nothing. When the actor goes, its workers go with it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from methods._system.container import cores
from methods._workers.process.losses import killed_for_memory
from methods._workers.process.messages import Done, Gone, Order, Post, Start
from methods._workers.process.processes import Copies, Fresh, NotStarted, Process, Starter
from methods._workers.process.shared_picture import SharedPicture
from methods._workers.process.wire import packed, unpacked

_TICK = 10.0
_PICTURES = 2
"""Kept where workers see them, the last used ones."""

WORK, ORDERS, CONTROL = "work", "orders", "control"
GROUPS = {WORK: 2, ORDERS: 1, CONTROL: 2}
"""Ray's concurrency groups of an actor: how many calls of each go on at once."""


class Foreman:
    """All messages are bytes of our own (`wire.packed`)."""

    def __init__(self, post: bytes) -> None:
        told = unpacked(post)
        assert isinstance(told, Post)
        self._post = told
        sys.path.extend(each for each in told.path if each not in sys.path)
        self._starter: Starter = Copies(told.imports) if sys.platform == "linux" else Fresh()
        self._process: Process | None = None
        self._pictures: OrderedDict[str, SharedPicture] = OrderedDict()
        self._killed_before = 0
        self._lock = threading.Lock()
        self._at_work = ""
        self._held: tuple[str, ...] = ()
        self._starts = self._lost = 0

    # --- calls from home ------------------------------------------------------------------

    def work(self, start: bytes) -> Iterator[bytes]:
        """Begin a worker; what it says until it is gone, and then Gone."""
        told = unpacked(start)
        assert isinstance(told, Start)
        try:
            process = self._starter.start(self._own(told))
        except NotStarted as error:
            yield packed(Gone(str(error), own_fault=False))
            return
        with self._lock:
            self._process, self._starts, self._held = process, self._starts + 1, ()
        try:
            yield from self._said(process)
        finally:
            process.close()

    def hear(self, message: bytes, picture: NDArray[np.uint8] | None = None) -> None:
        """A message to the worker. picture: the pixels of an order; see `SharedPicture`."""
        told = unpacked(message)
        process = self._process
        if process is None:
            return
        if isinstance(told, Order):
            self._at_work, self._killed_before = told.eraser, killed_for_memory()
            assert picture is not None
            process.send(told, self._shared(told, picture))
        else:
            process.send(told)

    def kill(self) -> None:
        """End the worker, whatever it does."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """End the worker, which is idle."""
        if self._process is not None:
            self._process.close()

    def warm_up(self) -> None:
        """See `Starter`."""
        self._starter.warm_up()

    def report(self) -> str:
        """JSON: what is done here."""
        with self._lock:
            said = {
                "program": self._post.program,
                "id": self._post.place,
                "kind": self._post.kind,
                "at_work": self._at_work,
                "held": list(self._held),
                "starts": self._starts,
                "lost": self._lost,
                "pid": 0 if self._process is None else self._process.pid,
            }
        return json.dumps(said)

    # --- its own --------------------------------------------------------------------------

    def _said(self, process: Process) -> Iterator[bytes]:
        try:
            while True:
                message = process.next(_TICK)
                if isinstance(message, Done):
                    self._at_work, self._held = "", message.held
                if message is not None:
                    yield packed(message)
        except EOFError:
            loss = process.loss(self._killed_before)
        with self._lock:
            self._lost += bool(self._at_work)
            self._at_work, self._held = "", ()
        yield packed(Gone(loss.reason, loss.own_fault, loss.out_of_memory))

    def _own(self, start: Start) -> Start:
        """As this machine begins it: nothing of the home's environment comes along but what was
        given, where nothing is said here; and nothing of Ray's goes further."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        own["OMP_NUM_THREADS"] = str(cores())  # which Ray sets to an actor's share
        environment = {**self._post.given, **own, **self._post.environment}
        return Start(tuple(sys.path), environment, start.setup, start.background)

    def _shared(self, order: Order, content: NDArray[np.uint8]) -> SharedPicture:
        key = order.picture.key
        if key not in self._pictures:
            self._pictures[key] = SharedPicture.of(order.picture, content)
        self._pictures.move_to_end(key)
        while len(self._pictures) > _PICTURES:
            self._pictures.popitem(last=False)
        return self._pictures[key]
