"""A process of its own for work beside erasing, such as seeing: calls in, plain data out.

    with Helper(starter, "package.module:answers") as helper:
        helper.call("select", key, prompts, images={key: lambda: pixels})

Many calls are under way at once. A process that dies by its own fault costs those a sentence, and
the next call begins another one; where it was taken from outside they are asked once more, as jobs
of erasers are. Pictures go by shared memory, and only where the process does not have them.
"""

from __future__ import annotations

import itertools
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from numpy.typing import NDArray

from methods._base import Image, Unavailable
from methods._engine import residency
from methods._system.cache import BoundedCache
from methods._weights import uses
from methods._weights.sources import local
from methods._workers.process.losses import MOST_TRIES, Lost, killed_for_memory, lost
from methods._workers.process.messages import Answer, Call, Cleared, Crowded, Start
from methods._workers.process.processes import NotStarted, Process, Starter
from methods._workers.process.shared_arrays import SharedArrays
from methods._workers.seat import MOST_STARTS, await_up

logger = logging.getLogger(__name__)

HELPER_LOST = "helper_lost"
"""The code of the error for a call whose process has gone."""

PATIENCE = 300.0
"""Seconds for one call; a process that answers nothing for so long is ended."""

MOST_PATIENCE = 4 * PATIENCE
"""For one call, while others are answered: it may only wait for its turn."""

_SHARED = 8
"""Pictures, each of which keeps a file open."""

_SHARED_BYTES = 2**27
"""Of pictures that the process may still look at."""

_END_SECONDS = 15.0
"""After a kill, until its end must have been noticed."""

_A_WHILE = 60.0

_ids = itertools.count(1)


@dataclass(frozen=True, slots=True)
class _Memory:
    """Of a call's arrays; see `processes.Carried`."""

    files: tuple[int, ...]


class Helper:
    """Safe between threads.

    starter: begins its process, with the first call and again after it has died. entry: see
    `messages.Start`. environment: what differs there.
    """

    def __init__(
        self, starter: Starter, entry: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self._starter = starter
        self._entry = entry
        self._environment = dict(environment or {})
        self._lock = threading.Lock()
        self._line: _Line | None = None
        self._closed = False
        self._shared: BoundedCache[str, SharedArrays] = BoundedCache(
            _SHARED_BYTES, newest_always=True, kind="shared", most_values=_SHARED
        )
        self.starts = 0
        uses.keepers.append(self._files)

    def call(
        self,
        name: str,
        *arguments: object,
        images: Mapping[str, Callable[[], Image]] | None = None,
        own: Sequence[NDArray[Any]] = (),
        tries: int = 1,
    ) -> Any:
        """What the process answers: plain data, or arrays of its own.

        arguments: plain data. images: by key, what gives a picture that may be needed; it is asked
        for, and kept for later calls, where the process lacks it. own: arrays for this call alone,
        of kinds of one byte. tries: how often it is asked at most where the process dies, for what
        nobody waits for. Raises the UserError that was raised there, Unavailable
        ("helper_lost", "helper_not_started"; "restarting" once it was closed) and RuntimeError for
        a bug, which the log has.
        """
        sent = {"": SharedArrays("", own)} if own else {}
        while True:
            try:
                answer = self._answered(name, arguments, tuple(sent.values()))
            except Unavailable as error:
                tries -= 1
                if not tries or error.code != HELPER_LOST:
                    raise
                continue
            if not (key := answer.missing):
                return _value(answer, name)
            if key not in sent:  # else it waited for another call, which came without
                sent[key] = self._shared.get(key, _shared(key, (images or {})[key]))

    @property
    def pid(self) -> int:
        """Of its process, 0 = none."""
        with self._lock:
            return 0 if self._line is None or self._line.is_gone else self._line.pid

    def close(self) -> None:
        """End the process; calls under way fail. Calling it twice is allowed."""
        self._closed = True  # without the lock, which a start may hold for long
        if self._line is not None:
            self._line.close()
        with suppress(ValueError):
            uses.keepers.remove(self._files)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _files(self) -> tuple[str, ...]:
        line = self._line
        return () if line is None or line.is_gone else line.held

    def _answered(
        self, name: str, arguments: tuple[object, ...], sent: Sequence[SharedArrays]
    ) -> Answer:
        notes = tuple(each.note for each in sent)
        call = Call(next(_ids), name, arguments, notes, local.chosen())
        files = [file for each in sent for file in each.files]
        losses = 0
        for _ in range(MOST_STARTS):
            try:
                return self._living().answer(call, files)
            except _Gone:
                continue  # while nobody asked anything of it: that costs no call
            except Lost as lost:
                losses += 1
                if losses < MOST_TRIES and lost.from_outside and not self._closed:
                    continue
                if self._closed:
                    raise Unavailable("restarting") from None
                raise _said(lost) from None
            except NotStarted as error:
                if self._closed:
                    raise Unavailable("restarting") from None
                raise Unavailable("helper_not_started", reason=str(error)) from error
        raise Unavailable("helper_not_started", reason="gone")

    def _living(self) -> _Line:
        with self._lock:
            self._demand_open()
            if self._line is None or self._line.is_gone:
                self._line = _Line(self._begun())
                self._demand_open()
            return self._line

    def _demand_open(self) -> None:
        """Raises NotStarted where it was closed, even while the process was being begun."""
        if self._closed:
            if self._line is not None:
                self._line.close()
            raise NotStarted("closed")

    def _begun(self) -> Process:
        environment = {**os.environ, **self._environment}
        start = Start(tuple(sys.path), environment, entry=self._entry)
        process = self._starter.start(start)
        self.starts += 1
        await_up(process)
        return process


class _Gone(Exception):
    """A process has ended before it was asked."""


class _Line:
    """One process, and the calls that it has not answered yet."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[Answer]] = {}
        self._killed_before = killed_for_memory()
        self._silent = False
        self._last_answer = 0.0
        self.pid = process.pid
        self._is_over = self._is_closed = False
        self.held: tuple[str, ...] = ()
        self._listening = threading.Thread(target=self._listen, name="helper", daemon=True)
        self._listening.start()

    def answer(self, call: Call, files: Sequence[int]) -> Answer:
        """Raises Lost where the process goes, or is ended because it takes too long; _Gone where
        it has gone before."""
        future = self._sent(call, files)
        until = time.monotonic() + MOST_PATIENCE
        while True:
            try:
                return future.result(PATIENCE)
            except TimeoutError:
                now = time.monotonic()
                if now < until and now < self._last_answer + PATIENCE:
                    continue
                self._silent = True
                self._process.kill()
                return future.result()

    def _sent(self, call: Call, files: Sequence[int]) -> Future[Answer]:
        future: Future[Answer] = Future()
        with self._lock:
            if self.is_gone:
                raise _Gone
            if not self._waiting:
                self._killed_before = killed_for_memory()
            self._waiting[call.id] = future
        self._process.send(call, _Memory(tuple(files)))
        return future

    @property
    def is_gone(self) -> bool:
        """Whether it answers no further call."""
        return self._is_over or self._process.is_gone

    def close(self) -> None:
        """It is gone when this returns."""
        self._is_closed = True
        self._process.kill()
        self._listening.join(_END_SECONDS)

    def _listen(self) -> None:
        with suppress(EOFError):
            while True:
                self._hear(self._process.next(_A_WHILE))
        found = lost(self._process.code(), self._killed_before)
        if self._silent:
            found = Lost("silent", own_fault=True)
        with self._lock:
            self._is_over = True
            waiting, self._waiting = self._waiting, {}
        if waiting and not self._is_closed:
            logger.warning("%d calls are lost: a helper is gone (%s)", len(waiting), found.reason)
        for future in waiting.values():
            future.set_exception(found)

    def _hear(self, message: object) -> None:
        if isinstance(message, Answer):
            self.held, self._last_answer = message.held, time.monotonic()
            with self._lock:
                future = self._waiting.pop(message.call)
            future.set_result(message)
        elif isinstance(message, Crowded):
            threading.Thread(target=self._clear, name="room", daemon=True).start()

    def _clear(self) -> None:
        """Give it the room that idle erasers hold."""
        try:
            for holder in (residency.residency, *residency.elsewhere):
                holder.clear()
        finally:
            self._process.send(Cleared())


def _shared(key: str, pixels: Callable[[], Image]) -> Callable[[], SharedArrays]:
    return lambda: SharedArrays(key, [pixels()])


def _value(answer: Answer, name: str) -> object:
    if answer.error is not None:
        raise answer.error
    if answer.is_bug:
        raise RuntimeError(f"{name} has failed in its process, whose log says more")
    return answer.value


def _said(lost: Lost) -> Unavailable:
    if lost.out_of_memory:
        return Unavailable("helper_lost.memory")
    return Unavailable(HELPER_LOST, reason=lost.reason)
