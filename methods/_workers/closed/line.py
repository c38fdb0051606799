"""The home's line to one keeper: a socket, and a process at its other end."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from methods._workers.closed.talk import MOST_SAID, Ended, Up, Wish, sent

_ROOT = Path(__file__).resolve().parents[3]
_START_SECONDS = 120.0
_END_SECONDS = 5.0
_MORE_SECONDS = 15.0
"""Beyond a file's patience, until the keeper must have said so."""

KEEPER = "methods._workers.closed.keeper"
_CODE = (
    "import sys; from importlib import import_module; sys.path[:] = sys.argv[3:];"
    " import_module(sys.argv[1]).main(int(sys.argv[2]))"
)
_KEPT = ("LD_LIBRARY_PATH",)
"""Without which the decoders may not be found."""

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""A keeper with more could neither leave the network nor be copied."""


class NotBegun(Exception):
    """There is no keeper to be had."""


class Gone(Exception):
    """The keeper, or the process that decoded, was taken from outside."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came out of the room. said: by the process that decoded, whatever it is; ended: by its
    keeper."""

    said: bytes
    ended: Ended


class Line:
    """A new keeper. Any thread may ask."""

    def __init__(self, module: str = KEEPER) -> None:
        """module: whose `main` it is. Raises NotBegun."""
        self._home, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                self._child = _begun(module, theirs.fileno())
            except OSError as error:
                self._home.close()
                raise NotBegun(str(error.strerror)) from error
        self._sending = threading.Lock()
        self._closed = False
        self.pid = self._child.pid
        self.up = self._awaited()

    def _awaited(self) -> Up:
        self._home.settimeout(_START_SECONDS)
        try:
            up = Up.model_validate_json(self._home.recv(MOST_SAID))
        except (OSError, ValueError) as error:
            self.close()
            raise NotBegun(f"exit code {self._child.returncode}") from error
        self._home.settimeout(None)
        return up

    @property
    def is_gone(self) -> bool:
        """Whether nobody can be asked any more."""
        return self._closed or self._child.poll() is not None

    def ask(self, wish: Wish, given: int, pixels: int) -> Heard:
        """Have a file decoded; see `Wish`. Raises Gone."""
        hears, tells = os.pipe()
        try:
            try:
                with self._sending:
                    socket.send_fds(self._home, [sent(wish)], [given, pixels, tells])
            except OSError as error:
                raise Gone("keeper") from error
            finally:
                os.close(tells)
            return _heard(self._all_of(hears, wish.bounds.patience + _MORE_SECONDS))
        finally:
            os.close(hears)

    def _all_of(self, file: int, seconds: float) -> bytes:
        """All that is said there, as far as it can be an answer. Raises Gone where it is silent."""
        until, found = time.monotonic() + seconds, b""
        while True:
            left = until - time.monotonic()
            if left <= 0 or not select.select([file], [], [], left)[0]:
                self.close()
                raise Gone("silent")
            part = os.read(file, MOST_SAID)
            if not part:
                return found
            found = (found + part)[-2 * MOST_SAID :]

    def close(self) -> None:
        """The keeper ends, and its copies with it."""
        self._closed = True
        with suppress(OSError):
            self._home.shutdown(socket.SHUT_RDWR)
        self._home.close()
        try:
            self._child.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


def _begun(module: str, file: int) -> subprocess.Popen[bytes]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    paths = [str(_ROOT), *(path for path in sys.path if path)]
    return subprocess.Popen(
        [sys.executable, "-I", "-c", _CODE, module, str(file), *paths],
        pass_fds=[file],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is the home's to hear
        cwd="/",
        env=_ONE_THREAD | kept,
    )


def _heard(words: bytes) -> Heard:
    """The keeper's word is the last one: when it speaks, the other is no more."""
    said, _, last = words.rstrip(b"\n").rpartition(b"\n")
    try:
        ended = Ended.model_validate_json(last)
    except ValueError as error:
        raise Gone("keeper") from error
    if ended.code == -9 and not ended.late:
        raise Gone("SIGKILL")
    return Heard(said.strip(), ended)
