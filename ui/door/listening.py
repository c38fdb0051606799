"""Connections: how many are open, and for how long one may say nothing.

uvicorn closes a connection that rests between two requests, and bounds all together
(`limit_concurrency`); it waits for the head of a request for ever, and does not ask whose a
connection is. So its protocol, whichever it has chosen, is made a stricter one here.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import Any

from methods import Unavailable, UserError
from ui.common.caller import visitor_at
from ui.common.errors import described
from ui.common.tally import Tally
from ui.door.names import is_loopback
from ui.door.rules import Rules

log = logging.getLogger(__name__)

KNOWN_PROTOCOLS = ("H11Protocol", "HttpToolsProtocol")
WANTED_FILES = 65536
SPARE_FILES = 256
"""Files for everything that is no connection."""


def guard_connections(config: Any, rules: Rules, tally: Tally | None = None) -> None:
    """Make a uvicorn.Config, also of a server that runs already, take connections by the rules.

    tally: told which are sent away.
    """
    tell_full_once()
    files = raise_file_limit()
    if files is not None:
        config.limit_concurrency = max(SPARE_FILES, files - SPARE_FILES)
    if config.http_protocol_class.__name__ in KNOWN_PROTOCOLS:
        config.http_protocol_class = strict_protocol(config.http_protocol_class, rules, tally)
    else:
        log.warning("Stalled connections are not closed: %s", config.http_protocol_class)


def strict_protocol(base: type, rules: Rules, tally: Tally | None = None) -> type:
    """A subclass of one of uvicorn's protocols for HTTP/1.1; see `guard_connections`."""
    told = tally or Tally()
    open_now: Counter[str] = Counter()

    class StrictProtocol(base):  # type: ignore[misc, valid-type]
        _whose: str | None = None
        _clock: asyncio.TimerHandle | None = None
        _heard = False

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            host = str((self.client or ("",))[0])
            if not (is_loopback(host) or _is_proxy(host, rules.proxies)):
                self._whose = visitor_at(host)
                open_now[self._whose] += 1
                if open_now[self._whose] > rules.connections:
                    self._leave(503, Unavailable("too_many_connections"))
                    return
            self._wait_for_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            if self._whose is not None:
                open_now[self._whose] -= 1
                open_now[self._whose] or open_now.pop(self._whose)
                self._whose = None
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            self._heard, before = True, self.cycle
            super().data_received(data)
            if self.cycle is not before:
                self._stop_waiting()
            elif self.cycle is None or self.cycle.response_complete:
                self._wait_for_head()

        def _wait_for_head(self) -> None:
            """From its first byte on; more bytes do not begin the time anew."""
            if self._clock is None:
                loop = asyncio.get_running_loop()
                self._clock = loop.call_later(rules.head_seconds, self._too_slow)

        def _stop_waiting(self) -> None:
            if self._clock is not None:
                self._clock.cancel()
                self._clock = None

        def _too_slow(self) -> None:
            self._clock = None
            if self._heard:
                self._leave(408, UserError("body_too_slow"))
            else:  # a browser that has opened one in advance
                self.transport.close()

        def _leave(self, status: int, error: UserError) -> None:
            if not self.transport.is_closing():
                told.refused(error.code)
                self.transport.write(_written(status, error))
                self.transport.close()

    return StrictProtocol


def _written(status: int, error: UserError) -> bytes:
    """A whole answer, for where there has been no request."""
    fault = described(error)
    said = {"ok": False, "error": fault, "detail": fault["text"]}
    body = json.dumps(said, ensure_ascii=False).encode()
    head = (
        f"HTTP/1.1 {status} Refused\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def _is_proxy(host: str, proxies: tuple[str, ...]) -> bool:
    """All its visitors come from the one address."""
    with suppress(ValueError):
        address = ip_address(host)
        return any(address in ip_network(each) for each in proxies)
    return False


def raise_file_limit(wanted: int = WANTED_FILES) -> int | None:
    """Let this process open more files, as far as the system allows; how many now, if known."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows has no such limit
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
    return None if soft == resource.RLIM_INFINITY else int(soft)


class OnceFull(logging.Filter):
    """asyncio tells each failed `accept` with its trace, thousands a second: once is enough."""

    def __init__(self) -> None:
        super().__init__()
        self._told = False

    def filter(self, record: logging.LogRecord) -> bool:
        if "socket.accept() out of system resource" not in record.getMessage():
            return True
        first, self._told = not self._told, True
        return first


def tell_full_once() -> None:
    """Also for a loop that begins later."""
    logger = logging.getLogger("asyncio")
    if not any(isinstance(each, OnceFull) for each in logger.filters):
        logger.addFilter(OnceFull())
