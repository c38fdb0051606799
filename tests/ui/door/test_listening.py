"""Connections that say nothing, and too many of them: over real sockets, with uvicorn itself."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from door_tools import echo
from ui.common.tally import Tally
from ui.door import listening
from ui.door.listening import OnceFull, guard_connections, raise_file_limit
from ui.door.rules import Rules

Talk = Callable[[int], Awaitable[None]]


def served(rules: Rules, talk: Talk, tally: Tally | None = None) -> None:
    """Let `talk` speak to a guarded server at a port."""

    async def main() -> None:
        config = uvicorn.Config(echo, port=0, log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        config.load()
        server.lifespan = config.lifespan_class(config)
        await server.startup()
        guard_connections(config, rules, tally)  # as of a server that runs already
        try:
            await talk(server.servers[0].sockets[0].getsockname()[1])
        finally:
            server.force_exit = True
            await server.shutdown()

    asyncio.run(asyncio.wait_for(main(), 60))


@pytest.mark.parametrize("head", [b"", b"POST / HT", b"POST / HTTP/1.1\r\nHost: x\r\n"])
def test_a_head_that_does_not_come_is_given_up(head: bytes) -> None:
    async def talk(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head)
        said = await reader.read()
        assert (b" 408 " in said and b"body_too_slow" in said) if head else said == b""
        writer.close()

    served(Rules(head_seconds=0.05), talk)


def test_a_request_after_another_has_its_own_time() -> None:
    async def talk(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert b" 200 " in await reader.readuntil(b"\r\n")
            await reader.readuntil(b"}")
            await reader.readuntil(b"0\r\n\r\n")
        writer.write(b"GET / HT")
        assert b" 408 " in await reader.read()
        writer.close()

    served(Rules(head_seconds=0.2), talk)


def test_one_address_may_not_hold_all_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "is_loopback", lambda host: False)

    async def talk(port: int) -> None:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503")
        assert json.loads(body)["error"]["code"] == "too_many_connections"
        writer.close()
        held[0][1].close()
        await held[0][1].wait_closed()
        for _ in range(200):  # until the server has heard of it
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            said = await reader.read()
            writer.close()
            if b" 200 " in said:
                break
        assert b" 200 " in said
        for _, each in held:
            each.close()

    tally = Tally()
    served(Rules(connections=3, proxies=()), talk, tally)
    assert tally.refusals()["too_many_connections"] >= 1


def test_an_unknown_protocol_is_left_as_it_is() -> None:
    other: Any = object
    config = uvicorn.Config(echo)
    config.load()
    config.http_protocol_class = other
    guard_connections(config, Rules())
    assert config.http_protocol_class is other


def test_more_files_may_be_open_than_a_shell_allows() -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    lower = min(512, before[1]) if before[1] != resource.RLIM_INFINITY else 512
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (lower, before[1]))
        assert raise_file_limit(lower + 1) in (lower, lower + 1)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= lower
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_that_files_have_run_out_is_told_once() -> None:
    once = OnceFull()

    def told(words: str) -> bool:
        return once.filter(logging.LogRecord("asyncio", logging.ERROR, "", 0, words, None, None))

    full = "socket.accept() out of system resource\nsocket: <socket>"
    assert [told(full) for _ in range(3)] == [True, False, False]
    assert told("another matter") and told("another matter")
