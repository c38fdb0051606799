"""Gradio's own client, held to one host.

gradio_client trusts its server: where the server's configuration says so, it asks other hosts, with
the token; it reads whatever it is sent, and waits for it without an end; it gives the model hub's
token of this machine to whom it speaks, and says there that it was used. None of that happens here:
every request and every answer of it passes a guard, which it is given as its way to sign in.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx

from methods._own.servers.web import origin_of, tls

if TYPE_CHECKING:
    from gradio_client import Client

MOST_BYTES = 64 * 2**20
"""Of one answer."""

_QUIET_SECONDS = 60.0
"""Gradio says something every 15 seconds while it works."""

_FAREWELLS = ("/cancel", "/reset")
"""What is still said after a Stop."""


class Elsewhere(Exception):
    """The server wishes that another one be asked."""


class TooMuch(Exception):
    """It sends more than any result has, or packs what it sends."""


class Guard(httpx.Auth):
    """Sees each request before it goes, and each answer before it is read. origin: the one that may
    be asked."""

    def __init__(self, origin: httpx.URL) -> None:
        self._origin = origin_of(origin)
        self._lock = threading.Lock()
        self._open: set[_Bounded] = set()
        self.closed = False

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """As httpx calls it. Raises Elsewhere and TooMuch."""
        farewell = request.url.path.endswith(_FAREWELLS)
        if self.closed and not farewell:
            raise httpx.RequestError("no more is wanted", request=request)
        if origin_of(request.url) != self._origin:
            raise Elsewhere(request.url.host)
        request.headers["Accept-Encoding"] = "identity"  # what is packed has no bound
        response = yield request
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise TooMuch
        if not farewell:
            self._take(response)

    def close(self) -> None:
        """Whoever reads an answer reads its end now, whatever thread does."""
        with self._lock:
            self.closed = True
            for stream in self._open:
                stream.cut()

    def let_go(self, stream: _Bounded) -> None:
        """It was read."""
        with self._lock:
            self._open.discard(stream)

    def _take(self, response: httpx.Response) -> None:
        stream = _Bounded(response, self)
        response.stream = stream
        with self._lock:
            self._open.add(stream)
            if self.closed:
                stream.cut()


class _Bounded(httpx.SyncByteStream):
    """An answer's bytes, no more than `MOST_BYTES` of them."""

    def __init__(self, response: httpx.Response, guard: Guard) -> None:
        assert isinstance(response.stream, httpx.SyncByteStream)
        self._inner, self._guard = response.stream, guard
        network = response.extensions.get("network_stream")
        self._socket = None if network is None else network.get_extra_info("socket")

    def __iter__(self) -> Iterator[bytes]:
        left = MOST_BYTES
        for part in self._inner:
            left -= len(part)
            if left < 0:
                raise TooMuch
            yield part

    def close(self) -> None:
        self._guard.let_go(self)
        self._inner.close()

    def cut(self) -> None:
        """End the connection under whoever reads."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


def client_for(url: str, key: str, guard: Guard) -> Client:
    """Connected: it has asked for the app's description. Raises what gradio_client raises."""
    from gradio_client import Client

    class Quiet(Client):
        """Nobody else learns that it is used, nor who the visitor is."""

        def _telemetry_thread(self) -> None:
            """Sent even where `analytics_enabled` is False."""

        def add_zero_gpu_headers(self, headers: dict[str, str]) -> dict[str, str]:
            return headers

    options: dict[str, Any] = {"auth": guard, "timeout": httpx.Timeout(_QUIET_SECONDS)}
    authorities: Any = tls()
    token: Any = key or False  # None would be this machine's own token for the model hub
    found = Quiet(
        url,
        token=token,
        verbose=False,
        httpx_kwargs=options,
        download_files=False,
        analytics_enabled=False,
        ssl_verify=authorities,
    )
    if origin_of(httpx.URL(found.src_prefixed)) != origin_of(httpx.URL(url)):
        raise Elsewhere(httpx.URL(found.src_prefixed).host)
    return found
