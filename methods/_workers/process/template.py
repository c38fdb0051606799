"""A process that has imported what workers need, and of which they are copies: Linux only.

A copy costs a few milliseconds and shares the libraries' memory. The template has one thread and
never touches a GPU, since neither threads nor CUDA survive a fork. It ends when its home does, and
takes all workers along.
"""

from __future__ import annotations

import ctypes
import gc
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

from methods._system.orphans import end_with_parent
from methods._workers.process import host
from methods._workers.process.messages import Begun, Ended, Imports, Kill, Start
from methods._workers.process.wire import Wire

UNFIT = 3
"""The exit code of a template that must not be copied."""

_NOT_INITIALIZED = 3  # cuda.h: CUDA_ERROR_NOT_INITIALIZED


def main(descriptor: int) -> None:
    """Serve the home at the other end of the socket."""
    end = socket.socket(fileno=descriptor)
    wire = Wire(end)
    wish, _ = wire.receive()
    assert isinstance(wish, Imports)
    sys.path[:] = wish.path
    for name in wish.names:
        _bring(name)
    if _has_touched_a_gpu():
        sys.exit(UNFIT)
    gc.collect()
    gc.freeze()  # a copy's garbage collector leaves these pages alone, so that they stay shared
    _Template(end, wire).serve()


def _bring(name: str) -> None:
    module, _, attribute = name.partition(":")
    with suppress(ImportError, AttributeError):  # whoever needs it says what is missing
        found = import_module(module)
        if attribute:
            getattr(found, attribute)


def _has_touched_a_gpu() -> bool:
    """Whether an import has woken CUDA's driver, of which no copy could use a GPU any more."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return int(driver.cuDeviceGetCount(ctypes.byref(ctypes.c_int()))) != _NOT_INITIALIZED


class _Template:
    """What it does for its home."""

    def __init__(self, end: socket.socket, wire: Wire) -> None:
        self._end, self._wire = end, wire
        self._workers: set[int] = set()
        self._wake, self._woken = socket.socketpair()
        for each in (self._wake, self._woken):
            each.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # without one there is no wake-up
        signal.set_wakeup_fd(self._wake.fileno())

    def serve(self) -> None:
        """Until the home is gone."""
        try:
            while True:
                ready, _, _ = select.select([self._end, self._woken], [], [])
                if self._woken in ready:
                    self._bury()
                if self._end in ready:
                    self._hear()
        except (EOFError, OSError):
            self._end_workers()

    def _hear(self) -> None:
        message, files = self._wire.receive()
        if isinstance(message, Start):
            pid = self._fork(message, files[0])
            os.close(files[0])
            self._workers.add(pid)
            self._wire.send(Begun(pid))
        elif isinstance(message, Kill) and message.pid in self._workers:
            _kill(message.pid)

    def _fork(self, start: Start, file: int) -> int:
        home = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_worker(start, file, home)
        with suppress(OSError):  # it may have done so already
            os.setpgid(pid, pid)
        return pid

    def _become_worker(self, start: Start, file: int, parent: int) -> NoReturn:
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setpgid(0, 0)
            end_with_parent()
            if os.getppid() != parent:
                os._exit(1)
            for each in (self._end, self._wake, self._woken):
                each.close()
            host.main(socket.socket(fileno=file), start)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)

    def _bury(self) -> None:
        with suppress(BlockingIOError):
            self._woken.recv(4096)
        for pid in tuple(self._workers):
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                continue
            _kill(pid)  # and what it has started; until it is buried, the number is its own
            _, status = os.waitpid(pid, 0)
            self._workers.discard(pid)
            self._wire.send(Ended(pid, os.waitstatus_to_exitcode(status)))

    def _end_workers(self) -> None:
        signal.set_wakeup_fd(-1)  # it is closed before the last of them have ended
        for pid in self._workers:
            _kill(pid)


def _kill(pid: int) -> None:
    """A worker that is not buried yet, and what it has started."""
    for end in (os.killpg, os.kill):
        with suppress(OSError):
            end(pid, signal.SIGKILL)
