"""Requests to a server that is not trusted: bounded, retried where it asks for that, ended by Stop
and by the time-out, and never sent on to another host."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Container, Coroutine
from contextlib import suppress
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Final, TypeVar

import httpx

from methods._base import Progress
from methods._own.servers.errors import ServerError, refusal

T = TypeVar("T")

MOST_BYTES: Final = 256 * 2**20
"""Of one answer."""

TICK: Final = 0.1
RETRIES: Final = 3
_AGAIN = frozenset((429, 502, 503, 504))
_CONNECT_SECONDS = 10.0
_WAITS = (1.0, 3.0, 8.0)
"""Seconds before each new try where the server says nothing of it."""


class Web:
    """progress: raises when Stop was pressed. until: `time.monotonic()` at which the time ends.

    at: the step that is told while it waits, and of how many.
    """

    def __init__(self, progress: Progress, until: float, retries: int = RETRIES) -> None:
        self._progress, self._until, self._retries = progress, until, retries
        self.at = (0, 1)

    def send(
        self, method: str, url: str, *, accept: Container[int] = (), **more: Any
    ) -> httpx.Response:
        """The whole answer. accept: statuses from 400 on that are answers; more: as httpx has it.

        Raises ServerError, and what `progress` raises.
        """
        for tried in range(self._retries + 1):
            last = tried == self._retries
            try:
                response = self._waited(_sent(method, url, self._left(), **more))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if last:
                    raise ServerError("unreachable", str(error)) from error
                self._pause(_WAITS[min(tried, 2)])
                continue
            if response.status_code not in _AGAIN or response.status_code in accept or last:
                break
            self._pause(_wished(response, _WAITS[min(tried, 2)]), refusal(response))
        if response.status_code >= 400 and response.status_code not in accept:
            raise refusal(response)
        if "text/html" in response.headers.get("Content-Type", ""):
            raise ServerError("bad")
        return response

    def tick(self) -> None:
        """Raises what `progress` raises, and ServerError where the time is over."""
        self._progress(*self.at)
        self._left()

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise ServerError("late")
        return left

    def _pause(self, seconds: float, otherwise: ServerError | None = None) -> None:
        """otherwise: raised at once where there is no time for the pause."""
        if seconds >= self._left():
            raise otherwise or ServerError("unreachable")
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.tick()
            time.sleep(min(TICK, left))

    def _waited(self, work: Coroutine[Any, Any, T]) -> T:
        """What it returns; where Stop is pressed meanwhile, it is cancelled."""
        running = _Running(work)
        try:
            while not running.done(TICK):
                self.tick()
        except BaseException:
            running.cancel()
            raise
        try:
            return running.result()
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise
        except (TimeoutError, httpx.TimeoutException) as error:
            raise ServerError("late") from error
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise ServerError("bad") from error
        except (httpx.InvalidURL, UnicodeError) as error:
            raise ServerError("unreachable", str(error)) from error


class _Running:
    """A coroutine in a thread and a loop of its own."""

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(work)
        self._thread = threading.Thread(target=self._run, name="server's answer", daemon=True)
        self._thread.start()

    def done(self, seconds: float) -> bool:
        """Whether it is, within so many seconds."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def cancel(self) -> None:
        """Its connections are closed in a moment."""
        with suppress(RuntimeError):  # the loop has ended meanwhile
            self._loop.call_soon_threadsafe(self._task.cancel)

    def result(self) -> Any:
        return self._task.result()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(asyncio.wait([self._task]))
        finally:
            self._loop.close()


@cache
def tls() -> ssl.SSLContext:
    """Made once: reading all authorities takes longer than most requests."""
    return httpx.create_ssl_context()


async def _sent(method: str, url: str, left: float, **more: Any) -> httpx.Response:
    headers = {**more.pop("headers", {}), "Accept-Encoding": "identity"}
    timeout = httpx.Timeout(left, connect=min(left, _CONNECT_SECONDS))
    async with (
        asyncio.timeout(left),
        httpx.AsyncClient(timeout=timeout, verify=tls()) as client,
    ):
        request: httpx.Request | None = client.build_request(method, url, headers=headers, **more)
        first = request
        for _ in range(5):
            assert request is not None and first is not None
            if origin_of(request.url) != origin_of(first.url):
                raise ServerError("bad")
            response = await client.send(request, stream=True)
            try:
                body = await _read(response)
            finally:
                await response.aclose()
            if (request := response.next_request) is None:
                return _plain(response, body)
    raise ServerError("bad")


async def _read(response: httpx.Response) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise ServerError("bad")  # what is packed has no bound
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > MOST_BYTES:
            raise ServerError("bad")
    return bytes(body)


def _plain(response: httpx.Response, body: bytes) -> httpx.Response:
    headers = {
        name: value
        for name, value in response.headers.items()
        if name.lower() not in ("content-length", "transfer-encoding")
    }
    return httpx.Response(
        response.status_code, headers=headers, content=body, request=response.request
    )


def _wished(response: httpx.Response, otherwise: float) -> float:
    """Seconds until the server wishes to be asked again."""
    told = response.headers.get("Retry-After", "").strip()
    try:
        return max(0.0, float(told))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
    except (TypeError, ValueError):
        return otherwise


def origin_of(url: httpx.URL) -> tuple[str, str, int]:
    """What must be the same for two addresses to be one server's."""
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)
