"""The home's side of worker processes: how they are begun, spoken to, and ended.

    Copies    forked from a template process: Linux
    Fresh     a new interpreter each: everywhere

Neither is multiprocessing's: that imports the program's main module in every child, and with it the
page.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Protocol

from methods._workers.process.losses import Lost, lost
from methods._workers.process.messages import (
    Answer,
    Begun,
    Crowded,
    Done,
    Ended,
    Imports,
    Kill,
    Retired,
    Start,
    Told,
    Up,
)
from methods._workers.process.template import UNFIT
from methods._workers.process.wire import Wire

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[3]

_START_SECONDS = 120.0
"""For which a template may import libraries, from a slow disk at worst."""

_END_SECONDS = 10.0
"""After its socket is closed, until a process must have been buried."""


Said = Told | Done | Up | Retired | Answer | Crowded


class NotStarted(Exception):
    """No process could be begun."""


class Line(Protocol):
    """What leads to a worker; see `Wire`."""

    def send(self, message: object, files: Sequence[int] = ()) -> None:
        """Raises OSError where nobody hears it any more."""

    def receive(self) -> tuple[object, list[int]]:
        """The next message. Raises EOFError or OSError at the end."""

    def close(self) -> None:
        """Also wakes whoever receives."""


class Carried(Protocol):
    """What goes along with a message, such as a `SharedPicture`."""

    @property
    def files(self) -> Sequence[int]:
        """Descriptors by which the memory is reached."""


class Process:
    """One worker. A thread of it reads what the worker says."""

    def __init__(
        self, pid: int, wire: Line, kill: Callable[[], None], ended: Callable[[], int | None]
    ) -> None:
        self.pid = pid
        self.is_gone = False
        self._wire, self._kill, self._ended = wire, kill, cache(ended)
        self._said: queue.SimpleQueue[Said | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="worker", daemon=True).start()

    def send(self, message: object, carried: Carried | None = None) -> None:
        """What cannot be sent is not said: `next` tells that the worker is gone. carried: what the
        message is about."""
        with suppress(OSError):
            self._wire.send(message, () if carried is None else carried.files)

    def next(self, timeout: float) -> Said | None:
        """What it says next; None where it is silent for so many seconds.

        Raises EOFError when it is gone.
        """
        try:
            message = self._said.get(timeout=timeout)
        except queue.Empty:
            return None
        if message is None:
            self._said.put(None)  # for whoever asks again
            raise EOFError
        return message

    def kill(self) -> None:
        """End it, whatever it does, and what it has started."""
        self._kill()

    def code(self) -> int | None:
        """Of a process that is gone, as in `Popen.returncode`; None = nobody knows."""
        return self._ended()

    def loss(self, killed_before: int) -> Lost:
        """Why it is gone; see `losses.lost`."""
        return lost(self.code(), killed_before)

    def close(self) -> None:
        """End it when it is idle; it is gone when this returns."""
        self._wire.close()
        self._kill()
        self._ended()

    def _read(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                message, _ = self._wire.receive()
                if isinstance(message, Said):
                    self._said.put(message)
        self._wire.close()
        self.is_gone = True
        self._said.put(None)


class Starter(Protocol):
    """Begins workers."""

    def start(self, start: Start) -> Process:
        """A new one. Raises NotStarted."""

    def warm_up(self) -> None:
        """Begin with what the first one would else wait for."""

    def close(self) -> None:
        """No further one is begun; workers of a template end with it."""


def _interpreter(module: str, *arguments: str) -> list[str]:
    """A command that runs `main` of one of our modules, wherever it is called."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        f" from methods._workers.process.{module} import main; main(*map(int, sys.argv[2:]))"
    )
    return [sys.executable, "-P", "-c", code, str(ROOT), *arguments]


def _environment() -> dict[str, str]:
    """Of a process to be begun: a cluster's token is not for erasers."""
    return {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}


# --- copies of a template -------------------------------------------------------------------


class Copies:
    """Workers that a template forks. A template that has died is replaced by a new one; where one
    cannot be copied, as an import has woken the GPU, workers are fresh ones.

    imports: see `Imports`.
    """

    def __init__(self, imports: Sequence[str]) -> None:
        self._imports = tuple(imports)
        self._fresh: Fresh | None = None
        self._lock = threading.Lock()
        self._template: _Template | None = None
        self._closed = False

    def warm_up(self) -> None:
        """See `Starter`."""
        with self._lock, suppress(NotStarted):
            self._living()

    def start(self, start: Start) -> Process:
        """See `Starter`."""
        with self._lock:
            if self._fresh is None:
                try:
                    return self._living().start(start)
                except NotStarted:
                    if self._template is None or not self._template.is_unfit:
                        raise
                logger.warning("an import has woken the GPU: workers will share no libraries")
                self._fresh = Fresh()
            return self._fresh.start(start)

    def close(self) -> None:
        """See `Starter`."""
        with self._lock:
            self._closed = True
            if self._template is not None:
                self._template.close()

    def _living(self) -> _Template:
        if self._closed:
            raise NotStarted("closed")
        if self._template is None or self._template.gone:
            self._template = _Template(self._imports)
        return self._template


class _Template:
    """The process, as its home sees it."""

    def __init__(self, imports: Sequence[str]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._child = subprocess.Popen(
                _interpreter("template", str(theirs.fileno())),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is the home's to hear
                # Libraries ask at import whether there is a GPU: torch then asks without CUDA.
                env={**_environment(), "PYTORCH_NVML_BASED_CUDA_CHECK": "1"},
            )
        self._wire = Wire(ours)
        self._changed = threading.Condition()
        self._begun: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._codes: dict[int, int] = {}
        self.gone = False
        with suppress(OSError):
            self._wire.send(Imports(tuple(sys.path), tuple(imports)))
        threading.Thread(target=self._listen, name="template", daemon=True).start()

    def start(self, start: Start) -> Process:
        """One at a time."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._wire.send(start, [theirs.fileno()])
            pid = self._begun.get(timeout=_START_SECONDS)
        except (OSError, queue.Empty):
            pid = None
        if pid is None:
            ours.close()
            self.close()
            raise NotStarted(f"exit code {self._child.returncode}")
        return Process(pid, Wire(ours), lambda: self._kill(pid), lambda: self._code(pid))

    @property
    def is_unfit(self) -> bool:
        """Whether it has ended by itself, because it must not be copied."""
        return self._child.returncode == UNFIT

    def close(self) -> None:
        """Its workers end with it."""
        self._wire.close()
        try:
            self._child.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:  # it is still importing
            self._child.kill()
            self._child.wait()

    def _listen(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                message, _ = self._wire.receive()
                if isinstance(message, Begun):
                    self._begun.put(message.pid)
                elif isinstance(message, Ended):
                    with self._changed:
                        self._codes[message.pid] = message.code
                        self._changed.notify_all()
        self._wire.close()
        self._child.wait()
        with self._changed:
            self.gone = True
            self._changed.notify_all()
        self._begun.put(None)

    def _kill(self, pid: int) -> None:
        with suppress(OSError):
            self._wire.send(Kill(pid))

    def _code(self, pid: int) -> int | None:
        """Once, of a worker whose socket is closed."""
        with self._changed:
            self._changed.wait_for(lambda: pid in self._codes or self.gone, _END_SECONDS)
            return self._codes.pop(pid, None)


# --- fresh interpreters ---------------------------------------------------------------------


class Fresh:
    """Workers that import what they need themselves."""

    def warm_up(self) -> None:
        """Nothing is shared."""

    def start(self, start: Start) -> Process:
        """See `Starter`."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                child = _begun(theirs)
            except OSError as error:
                ours.close()
                raise NotStarted(str(error.strerror)) from error
        wire = Wire(ours)
        with suppress(OSError):
            wire.send(start)
        return Process(child.pid, wire, lambda: _kill_group(child), lambda: _code_of(child))

    def close(self) -> None:
        """Nothing is shared."""


def _begun(theirs: socket.socket) -> subprocess.Popen[bytes]:
    if sys.platform == "win32":
        child = subprocess.Popen(
            _interpreter("fresh", "-1"), stdin=subprocess.PIPE, env=_environment()
        )
        assert child.stdin is not None
        child.stdin.write(theirs.share(child.pid))
        child.stdin.close()
        return child
    return subprocess.Popen(
        _interpreter("fresh", str(theirs.fileno())),
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        env=_environment(),
    )


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is not None:
        return
    if sys.platform == "win32":
        child.kill()
        return
    with suppress(OSError):
        os.killpg(child.pid, signal.SIGKILL)


def _code_of(child: subprocess.Popen[bytes]) -> int | None:
    try:
        return child.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        return None
