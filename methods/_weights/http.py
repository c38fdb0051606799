"""One file over HTTP: resumed where it broke off, and given up in seconds on a dead host.

The request runs in a thread of its own and hands its chunks over. Only so can a name server
that never answers be left behind, and Stop take effect while nothing arrives: no time-out of
an HTTP library covers the look-up of a name.
"""

from __future__ import annotations

import json
import os
import queue
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar
from urllib.parse import urlsplit

from methods._system.files import write_atomic
from methods._weights.cache import beside, need_room, size_of
from methods._weights.errors import SourceFailed, megabytes
from methods._weights.progress import Watch

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 8.0  # all addresses of the host together, with the look-up of its name
ADDRESS_SECONDS = 3.0  # one address: a broken IPv6 route must leave time for IPv4
ANSWER_SECONDS = 10.0  # from the connection to the answer's head: some walls swallow the rest
STALL_SECONDS = 20.0  # without a byte, once the answer has begun
DEAD_SECONDS = 60.0  # how long a host that could not be reached is left alone
TRIES = 20  # broken connections in one download, as long as each brought something
_CHUNK = 1 << 18
_TICK = 0.1


class _Silence(Enum):
    """What stands for an item that did not come in time."""

    NOTHING = "nothing"


_NOTHING: Final = _Silence.NOTHING

_dead: dict[str, float] = {}


class _Broken(Exception):
    """The connection was there and broke; the rest may still be had."""

    def __init__(self, why: str, again: bool = False) -> None:
        super().__init__(why)
        self.again = again


@dataclass(frozen=True)
class _Head:
    status: int
    headers: Mapping[str, str]


_Item: TypeAlias = _Head | bytes | Exception | None
"""What the request's thread hands over: the head, chunks, and None or an error as the last."""

_Kind = TypeVar("_Kind", _Head, bytes)


# --- hosts known to be dead ----------------------------------------------------------------


def _host(url: str) -> str:
    return urlsplit(url).hostname or "the host"


def _refuse_dead(url: str) -> None:
    since = _dead.get(_host(url))
    if since is not None and time.monotonic() - since < DEAD_SECONDS:
        raise SourceFailed(f"{_host(url)} (could not be reached a moment ago)")


def _unreachable(url: str, why: str) -> SourceFailed:
    _dead[_host(url)] = time.monotonic()
    return SourceFailed(f"{_host(url)} ({why})")


# --- the request in its own thread ---------------------------------------------------------


class _Request:
    """One GET. Its thread may be left behind at any time: it touches no file."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self.url, self._headers = url, headers
        self._items: queue.Queue[_Item] = queue.Queue(maxsize=16)
        self._left = threading.Event()
        self._connected = threading.Event()
        threading.Thread(target=self._work, name="weights-http", daemon=True).start()

    def head(self, watch: Watch) -> _Head:
        """The answer's status and headers. Raises SourceFailed, _Broken or Stopped."""
        seconds = CONNECT_SECONDS
        item = self._next(watch, seconds, self._connected)
        if item is _NOTHING and self._connected.is_set():
            seconds = ANSWER_SECONDS
            item = self._next(watch, seconds)
        if item is _NOTHING:
            raise _unreachable(self.url, f"no answer in {seconds:g} s")
        return self._sound(item, _Head)

    def chunks(self, watch: Watch) -> Iterator[bytes]:
        """The body, to be read after the head. Raises as `head` does."""
        while (item := self._next(watch, STALL_SECONDS)) is not None:
            if item is _NOTHING:
                raise _Broken(_stalled())
            yield self._sound(item, bytes)

    def leave(self) -> None:
        """Let the thread end by itself, whatever it waits for."""
        self._left.set()

    def _next(
        self, watch: Watch, seconds: float, arrived: threading.Event | None = None
    ) -> _Item | _Silence:
        """The next item; _NOTHING when none came in time, or when `arrived` is set before."""
        start = time.monotonic()
        while time.monotonic() - start < seconds and not (arrived and arrived.is_set()):
            watch.check()
            with suppress(queue.Empty):
                return self._items.get(timeout=_TICK)
        return _NOTHING

    def _sound(self, item: _Item, kind: type[_Kind]) -> _Kind:
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
            return _Broken(_stalled())
        if isinstance(error, httpx.TransportError):
            return _Broken("the connection broke")
        return SourceFailed(f"{_host(self.url)} (the request failed: {type(error).__name__})")

    def _work(self) -> None:
        try:
            self._transfer()
        except Exception as error:  # every failure is the reader's, who explains it
            self._put(error)

    def _transfer(self) -> None:
        import httpx

        limits = httpx.Timeout(STALL_SECONDS, connect=ADDRESS_SECONDS)
        with (
            httpx.Client(timeout=limits, follow_redirects=True) as client,
            client.stream(
                "GET", self.url, headers=dict(self._headers), extensions={"trace": self._trace}
            ) as answer,
        ):
            self._put(_Head(answer.status_code, answer.headers))
            for chunk in answer.iter_raw(_CHUNK):
                if not self._put(chunk):
                    return
        self._put(None)

    def _trace(self, event: str, _info: Mapping[str, object]) -> None:
        if event.endswith(".complete"):  # the first thing that completes is the connection
            self._connected.set()

    def _put(self, item: _Item) -> bool:
        while not self._left.is_set():
            with suppress(queue.Full):
                self._items.put(item, timeout=_TICK)
                return True
        return False


def _stalled() -> str:
    return f"nothing came for {STALL_SECONDS:g} s"


def _has_request(error: httpx.RequestError) -> bool:
    return getattr(error, "_request", None) is not None


# --- the download --------------------------------------------------------------------------


@dataclass
class Download:
    """The file behind `url`, to be brought to `part`.

    size: its bytes. exact: they are known for certain, as the hash is; otherwise the
    server's word is taken and what is there is continued only for the same address and
    the same state of the file (ETag). most: bytes that an inexact download may have; without
    it some more than `size`.
    """

    url: str
    part: Path
    size: int
    exact: bool
    watch: Watch
    headers: Mapping[str, str]
    most: int | None = None

    @property
    def host(self) -> str:
        """The server's name, as it may be shown."""
        return _host(self.url)

    def run(self) -> None:
        """Fetch what is missing. Raises SourceFailed, DiskFull, OSError or Stopped.

        A connection that breaks is taken up again as long as each try brings something.
        What has arrived stays in `part` for the next time.
        """
        _refuse_dead(self.url)
        for _ in range(TRIES):
            before = size_of(self.part)
            if self.exact and before == self.size:
                return
            try:
                return self._once()
            except _Broken as broken:
                reason = str(broken)
                if not broken.again and size_of(self.part) <= before:
                    break
        came = size_of(self.part)
        after = f" after {megabytes(came)}" if came else ""
        raise SourceFailed(f"{self.host} ({reason}{after})")

    def _once(self) -> None:
        request = _Request(self.url, self._asking())
        try:
            head = request.head(self.watch)
            start = self._start(head)
            total = self._total(head)
            need_room(self.part.parent, (total or self.size) - start)
            self._note_origin(head)
            self._write(request.chunks(self.watch), start, total or self._allowed())
        finally:
            request.leave()

    def _asking(self) -> dict[str, str]:
        """The request's headers, with the range that is still missing."""
        headers = {**self.headers, "Accept-Encoding": "identity"}
        have = size_of(self.part)
        if self.exact:
            if have > self.size:
                self.part.unlink()
            elif have:
                headers["Range"] = f"bytes={have}-"
        elif have and (etag := self._origin_etag()):
            headers |= {"Range": f"bytes={have}-", "If-Range": etag}
        return headers

    def _start(self, head: _Head) -> int:
        """Where the body that now comes begins in the file."""
        if head.status == 206:
            start = head.headers.get("content-range", "").removeprefix("bytes ").split("-")[0]
            if start != str(size_of(self.part)):
                raise SourceFailed(f"{self.host} (sent another part than was asked for)")
            return int(start)
        if head.status == 416:  # what is here cannot be continued: begin anew
            self.part.unlink(missing_ok=True)
            raise _Broken("the part was refused", again=True)
        if head.status != 200:
            raise SourceFailed(f"{self.host} ({_meaning(head.status)})")
        return 0

    def _total(self, head: _Head) -> int | None:
        """Bytes of the whole file by the server's word; refuses a wrong size at once."""
        if head.status == 206:
            word = head.headers.get("content-range", "").rpartition("/")[2]
        else:
            word = head.headers.get("content-length", "")
        if not word.isdigit():
            return None
        total = int(word)
        if total > self._allowed() or (self.exact and total != self.size):
            raise SourceFailed(f"{self.host} (holds a file of another size)")
        self.watch.total = total
        return total

    def _allowed(self) -> int:
        if self.exact:
            return self.size
        return 2 * self.size + (64 << 20) if self.most is None else self.most

    def _write(self, chunks: Iterator[bytes], start: int, limit: int) -> None:
        with open(self.part, "ab" if start else "wb") as file:
            done = start
            for chunk in chunks:
                done += len(chunk)
                if done > limit:
                    raise SourceFailed(f"{self.host} (sent more than the file holds)")
                file.write(chunk)
                self.watch.tell(done)
            file.flush()
            os.fsync(file.fileno())
        if self.exact and done < self.size:
            raise _Broken("the connection ended early")

    def _note_origin(self, head: _Head) -> None:
        note = {"url": self.url, "etag": head.headers.get("etag", "")}
        write_atomic(beside(self.part, ".json"), json.dumps(note).encode())

    def _origin_etag(self) -> str:
        """The strong ETag under which `part` was begun from this address, else ""."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            note = json.loads(beside(self.part, ".json").read_text("utf-8"))
            if note["url"] == self.url and not str(note["etag"]).startswith("W/"):
                return str(note["etag"])
        return ""


def _meaning(status: int) -> str:
    if status in (401, 403):
        return "wants a login: accept the licence there and set HF_TOKEN, if it is a model hub"
    if status in (404, 410):
        return "does not have the file"
    return f"answered with status {status}"
