"""A line to a server of this machine that can be cut, as a lost connection is, and mended."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

PIECE = 65536
PATIENCE = 0.2  # seconds after which a line that waits for somebody looks whether it is to end


class CutProxy:
    """Passes bytes on, both ways. url: where the server is reached through it."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._server = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._door = socket.create_server(("127.0.0.1", 0))
        self._door.settimeout(PATIENCE)
        self._lines: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._is_cut = self._ends = False
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._answer, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """End all connections, and each new one at once."""
        with self._lock:
            self._is_cut = True
            lines = list(self._lines)
        for line in lines:
            _end(line)

    def mend(self) -> None:
        """Let new connections through again."""
        with self._lock:
            self._is_cut = False

    def close(self) -> None:
        """Cut for good."""
        self._ends = True
        self.cut()
        self._thread.join()
        self._door.close()

    def _answer(self) -> None:
        while not self._ends:
            with suppress(TimeoutError):
                caller, _ = self._door.accept()
                self._connect(caller)

    def _connect(self, caller: socket.socket) -> None:
        with self._lock:
            if self._is_cut:
                caller.close()
                return
            server = socket.create_connection(self._server)
            self._lines |= {caller, server}
        for one, other in ((caller, server), (server, caller)):
            threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while piece := one.recv(PIECE):
                other.sendall(piece)
        for line in (one, other):
            _end(line)
            with self._lock:
                self._lines.discard(line)


def _end(line: socket.socket) -> None:
    """Both of its threads notice; whoever has ended it before is no trouble."""
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


@contextmanager
def cut_proxy(address: str) -> Iterator[CutProxy]:
    """A proxy for as long as a test needs it."""
    proxy = CutProxy(address)
    try:
        yield proxy
    finally:
        proxy.close()
