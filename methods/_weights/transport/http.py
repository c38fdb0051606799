"""One request over HTTP, given up in seconds on a dead host.

The request runs in a thread of its own and hands its chunks over. Only so can a name server
that never answers be left behind, and Stop take effect while nothing arrives: no time-out of
an HTTP library covers the look-up of a name.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias, TypeVar
from urllib.parse import urlsplit

from methods._weights.errors import SourceFailed
from methods._weights.progress import Watch
from methods._weights.transport.pipe import NOTHING, Pipe, Silence

if TYPE_CHECKING:
    import ssl

    import httpx

CONNECT_SECONDS = 8.0  # all addresses of the host together, with the look-up of its name
ADDRESS_SECONDS = 3.0  # one address: a broken IPv6 route must leave time for IPv4
ANSWER_SECONDS = 10.0  # from the connection to the answer's head: some walls swallow the rest
STALL_SECONDS = 20.0  # without a byte, once the answer has begun
DEAD_SECONDS = 60.0  # how long a host that could not be reached is left alone
_HOPS = 5
_TICK = 0.1

_dead: dict[str, float] = {}


class Broken(Exception):
    """The connection was there and broke; the rest may still be had."""


class Unreachable(SourceFailed):
    """There was no connection to the host at all."""


@dataclass(frozen=True)
class Head:
    """The head of an answer. headers: the last host's. hub: those of a model hub's own
    ("x-…"), also where it only pointed to another host. Names are in small letters."""

    status: int
    headers: Mapping[str, str]
    hub: Mapping[str, str] = field(default_factory=dict)


_Other: TypeAlias = Head | Exception | None
"""What the request's thread hands over beside bytes: the head, and as the last None or an error."""

_Kind = TypeVar("_Kind", Head, bytes)


# --- hosts known to be dead ----------------------------------------------------------------


def host_of(url: str) -> str:
    """The server's name, as it may be shown."""
    return urlsplit(url).hostname or "the host"


def refuse_dead(url: str) -> None:
    """Raise Unreachable where the host gave no answer a moment ago."""
    since = _dead.get(host_of(url))
    if since is not None and time.monotonic() - since < DEAD_SECONDS:
        raise Unreachable(f"{host_of(url)} (could not be reached a moment ago)")


def revive(url: str) -> None:
    """Ask the host again, whatever it did: it has given something in this very download."""
    _dead.pop(host_of(url), None)


def _unreachable(url: str, why: str) -> Unreachable:
    _dead[host_of(url)] = time.monotonic()
    return Unreachable(f"{host_of(url)} ({why})")


# --- the request in its own thread ---------------------------------------------------------


class Request:
    """One GET or HEAD. Its thread may be left behind at any time: it touches no file.

    A HEAD does not follow to another host, which would often refuse it: the hub has said all
    by then.
    """

    def __init__(self, url: str, headers: Mapping[str, str], method: str = "GET") -> None:
        self.url, self._headers, self._method = url, headers, method
        self._pipe: Pipe[_Other] = Pipe()
        self._connected = threading.Event()
        threading.Thread(target=self._work, name="weights-http", daemon=True).start()

    def head(self, watch: Watch) -> Head:
        """The answer's status and headers. Raises SourceFailed, Broken or Stopped."""
        seconds = CONNECT_SECONDS
        item = self._next(watch, seconds, self._connected)
        if item is NOTHING and self._connected.is_set():
            seconds = ANSWER_SECONDS
            item = self._next(watch, seconds)
        if item is NOTHING:
            raise _unreachable(self.url, f"no answer in {seconds:g} s")
        return self._sound(item, Head)

    def chunks(self, watch: Watch) -> Iterator[bytes]:
        """The body, to be read after the head. Raises as `head` does."""
        while (item := self._next(watch, STALL_SECONDS)) is not None:
            if item is NOTHING:
                raise Broken(_stalled())
            yield self._sound(item, bytes)

    def leave(self) -> None:
        """Let the thread end by itself, whatever it waits for."""
        self._pipe.leave()

    def _next(
        self, watch: Watch, seconds: float, arrived: threading.Event | None = None
    ) -> bytes | _Other | Silence:
        """The next item; NOTHING when none came in time, or when `arrived` is set before."""
        start = time.monotonic()
        while time.monotonic() - start < seconds and not (arrived and arrived.is_set()):
            watch.check()
            if (item := self._pipe.take(_TICK)) is not NOTHING:
                return item
        return NOTHING

    def _sound(self, item: bytes | _Other, kind: type[_Kind]) -> _Kind:
        if isinstance(item, Exception):
            raise self._explained(item) from item
        assert isinstance(item, kind)  # the head comes first, and once
        return item

    def _explained(self, error: Exception) -> Exception:
        """What a failed request means: a dead host, a broken connection, or neither."""
        import httpx

        if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)):
            where = str(error.request.url) if _has_request(error) else self.url
            untrusted = "CERTIFICATE" in str(error).upper()
            why = "its certificate is not trusted here" if untrusted else "no connection"
            return _unreachable(where, why)
        if isinstance(error, httpx.TimeoutException):
            return Broken(_stalled())
        if isinstance(error, httpx.TransportError):
            return Broken("the connection broke")
        return SourceFailed(f"{host_of(self.url)} (the request failed: {type(error).__name__})")

    # --- in the thread ---

    def _work(self) -> None:
        try:
            self._transfer()
        except Exception as error:  # every failure is the reader's, who explains it
            self._pipe.put(error)

    def _transfer(self) -> None:
        import httpx

        limits = httpx.Timeout(STALL_SECONDS, connect=ADDRESS_SECONDS)
        with httpx.Client(timeout=limits, verify=_trusted()) as client:
            if self._method == "HEAD":
                self._pipe.put(self._without_body(client))
            else:
                self._with_body(client)
        self._pipe.put(None)

    def _with_body(self, client: httpx.Client) -> None:
        with client.stream(
            "GET",
            self.url,
            headers=dict(self._headers),
            follow_redirects=True,
            extensions={"trace": self._trace},
        ) as answer:
            self._pipe.put(_head(answer))
            for piece in answer.iter_raw():
                if not self._pipe.put(piece):
                    return

    def _without_body(self, client: httpx.Client) -> Head:
        request = client.build_request(
            "HEAD", self.url, headers=dict(self._headers), extensions={"trace": self._trace}
        )
        for _ in range(_HOPS):
            answer = client.send(request)
            onward = answer.next_request
            if onward is None or onward.url.netloc != request.url.netloc:
                return _head(answer)
            request = onward
        return _head(answer)

    def _trace(self, event: str, _info: Mapping[str, object]) -> None:
        if event.endswith(".complete"):  # the first thing that completes is the connection
            self._connected.set()


def _head(answer: httpx.Response) -> Head:
    said: dict[str, str] = {}
    for hop in (*answer.history, answer):
        said |= {name: value for name, value in hop.headers.items() if name.startswith("x-")}
    return Head(answer.status_code, answer.headers, said)


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted: reading them takes longer than many a small file."""
    import httpx

    return httpx.create_ssl_context()


def _stalled() -> str:
    return f"nothing came for {STALL_SECONDS:g} s"


def _has_request(error: httpx.RequestError) -> bool:
    return getattr(error, "_request", None) is not None
