"""The room's keeper: a small process that copies itself for each file, and buries the copies.

It begins with nothing of the program's: no environment, no files, no threads, no memory. Before the
first file it has imported the decoders and left the network and all files behind; what it lacks,
its copies lack. A copy sees one visitor's file and never another's.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from pydantic import ValidationError

from methods._system.orphans import end_with_parent
from methods._workers.closed import calls, inside, walls
from methods._workers.closed.talk import MOST_SAID, Ended, Up, Wish, sent

_POLL_SECONDS = 0.25
_FILES = 3


def main(descriptor: int) -> None:
    """Serve the home at the other end of the socket."""
    home = socket.socket(fileno=descriptor)
    network = walls.leave_network()
    inside.prepare()
    gc.disable()
    gc.freeze()  # a copy then leaves the pages of what was imported alone, and shares them
    size = walls.own_size()
    _go_first_where_memory_runs_out()
    processes = calls.can_forbid()
    network = network or processes  # who makes no socket reaches none
    up = Up(network=network, processes=processes, files=walls.leave_files())
    _Keeper(home, size).serve(up)


def _go_first_where_memory_runs_out() -> None:
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("800")


@dataclass(slots=True)
class _Copy:
    """One that is at work. answer: whoever waits hears its end there. until: by `monotonic`."""

    answer: int
    until: float
    late: bool = False


class _Keeper:
    def __init__(self, home: socket.socket, size: walls.Size) -> None:
        self._home, self._size = home, size
        self._copies: dict[int, _Copy] = {}
        self._wake, self._woken = socket.socketpair()
        for each in (self._wake, self._woken):
            each.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # without one there is no wake-up
        signal.set_wakeup_fd(self._wake.fileno())

    def serve(self, up: Up) -> None:
        """Until the home is gone."""
        with suppress(OSError, EOFError):
            self._home.sendall(sent(up))
            while True:
                ready, _, _ = select.select([self._home, self._woken], [], [], _POLL_SECONDS)
                self._end_late_ones()
                if self._woken in ready:
                    self._bury()
                if self._home in ready:
                    self._hear()
        for pid in self._copies:
            _kill(pid)

    def _hear(self) -> None:
        packet, files, _, _ = socket.recv_fds(self._home, MOST_SAID, _FILES)
        if not packet:
            raise EOFError
        given, pixels, answer = files
        try:
            wish = Wish.model_validate_json(packet)
            pid = self._copied(wish, given, pixels, answer)
        except (ValidationError, OSError):  # no further process: whoever waits hears the silence
            os.close(answer)
        else:
            self._copies[pid] = _Copy(answer, time.monotonic() + wish.bounds.patience)
        os.close(given)
        os.close(pixels)

    def _copied(self, wish: Wish, given: int, pixels: int, answer: int) -> int:
        keeper = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._be_a_copy(keeper, wish, given, pixels, answer)
        with suppress(OSError):  # it may have done so already
            os.setpgid(pid, pid)
        return pid

    def _be_a_copy(self, keeper: int, wish: Wish, given: int, pixels: int, answer: int) -> NoReturn:
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setpgid(0, 0)
            end_with_parent()
            if os.getppid() != keeper:
                os._exit(1)
            _close_all_but(given, pixels, answer)
            walls.keep_within(wish.bounds, self._size)
            calls.forbid()
            inside.decode_into(wish, given, pixels, answer)
            os._exit(0)
        finally:
            os._exit(1)

    def _end_late_ones(self) -> None:
        now = time.monotonic()
        for pid, copy in self._copies.items():
            if now > copy.until:
                copy.late = True
                _kill(pid)

    def _bury(self) -> None:
        with suppress(BlockingIOError):
            self._woken.recv(4096)
        for pid in tuple(self._copies):
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                continue
            _kill(pid)  # and what it has started; until it is buried, the number is its own
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            copy = self._copies.pop(pid)
            with suppress(OSError):
                os.set_blocking(copy.answer, False)
                os.write(copy.answer, b"\n" + sent(Ended(code=code, late=copy.late)))
            os.close(copy.answer)


def _close_all_but(*kept: int) -> None:
    """Also what went to the log: a decoder says nothing that a visitor could write there."""
    last = 2
    for file in sorted(kept):
        os.closerange(last + 1, file)
        last = file
    os.closerange(last + 1, os.sysconf("SC_OPEN_MAX"))
    unread, nowhere = os.pipe()
    os.close(unread)
    for standard in range(3):
        os.dup2(nowhere, standard)
    os.close(nowhere)


def _kill(pid: int) -> None:
    """One that is not buried yet, and what it has started."""
    for end in (os.killpg, os.kill):
        with suppress(OSError):
            end(pid, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]))
