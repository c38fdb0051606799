"""What ComfyUI tells of its work by a websocket. Where it has none to give, nothing is told."""

from __future__ import annotations

import json
import socket
import time
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlencode, urlsplit

from methods._own.servers.call import Call
from methods._own.servers.waiting import step, waited
from methods._own.servers.web import TICK

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

_OPEN_SECONDS = 5.0
_MOST_BYTES = 16 * 2**20
"""Of one message: previews are pictures."""

_OVER = ("execution_success", "execution_error", "execution_interrupted")


class News:
    """at: the step of the node at work, and of how many. alive: something can still be told. over:
    it was told that the work has ended."""

    def __init__(self, call: Call, client: str) -> None:
        self.client = client
        self.at, self.over = (0, 1), False
        self._call = call
        self._socket: ClientConnection | None = None
        self._wanted = True

    def __enter__(self) -> Self:
        try:
            self._socket = waited(self._call, self._opened)
        except BaseException:
            self._wanted = False
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    @property
    def alive(self) -> bool:
        """Whether more may come."""
        return self._socket is not None

    def listen(self, prompt: str) -> None:
        """Hear what there is, and wait a moment for it."""
        until = time.monotonic() + TICK
        if self._socket is None:
            time.sleep(TICK)
            return
        while (left := until - time.monotonic()) > 0 and self._socket is not None:
            self._hear(left, prompt)

    def _hear(self, seconds: float, prompt: str) -> None:
        from websockets.exceptions import ConnectionClosed

        assert self._socket is not None
        try:
            message = self._socket.recv(timeout=seconds)
        except TimeoutError:
            return
        except (ConnectionClosed, OSError):
            self._close()
            return
        if isinstance(message, str):  # bytes are previews
            self._take(message, prompt)

    def _take(self, message: str, prompt: str) -> None:
        try:
            found = json.loads(message)
        except (ValueError, RecursionError):
            return
        match found:
            case {"type": str(kind), "data": dict(data)} if data.get("prompt_id", prompt) == prompt:
                self._note(kind, data)

    def _note(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "progress":
            self.at = step(data.get("value"), data.get("max"), self.at)
        elif kind in _OVER or (kind == "executing" and data.get("node", "") is None):
            self.over = True

    def _opened(self) -> ClientConnection | None:
        """None where there is none; then the history is asked for more often."""
        try:
            from websockets.exceptions import WebSocketException
            from websockets.sync.client import connect
        except ImportError:  # an installation of before it was needed
            return None
        url = self._call.url.replace("http", "ws", 1)
        try:
            manager = connect(
                f"{url}/ws?{urlencode({'clientId': self.client})}",
                sock=_connected(self._call.url),  # so that it is sent on to no other host
                additional_headers=self._call.headers,
                open_timeout=_OPEN_SECONDS,
                close_timeout=0.2,
                max_size=_MOST_BYTES,
                compression=None,
            )
            found = manager.__enter__()
        except (OSError, TimeoutError, WebSocketException):
            return None
        if not self._wanted:  # Stop was pressed meanwhile
            found.close()
        return found

    def _close(self) -> None:
        found, self._socket = self._socket, None
        if found is not None:
            with suppress(Exception):
                found.close()


def _connected(url: str) -> socket.socket:
    """Raises OSError."""
    found = urlsplit(url)
    port = found.port or (443 if found.scheme == "https" else 80)
    return socket.create_connection((found.hostname, port), timeout=_OPEN_SECONDS)
