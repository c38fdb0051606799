"""A page's stream goes to the browser that has it, whoever else knows the name of its session."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gradio.server_messages import HeartbeatMessage, UnexpectedErrorMessage
from starlette.types import Receive, Scope, Send

from door_tools import FAR, JSON, Reply, ask, echo, make_door
from ui.common.caller import BROWSER
from ui.door.answers import StreamAnswer
from ui.door.door import Door

HIS = {**JSON, "cookie": f"{BROWSER}={'a' * 22}"}
HERS = {**JSON, "cookie": f"{BROWSER}={'b' * 22}"}
JOIN = "/gradio_api/queue/join"


def join(door: Door, headers: dict[str, str], path: str = JOIN, client: str = FAR) -> Reply:
    body = json.dumps({"data": [], "session_hash": "s"}).encode()
    return ask(door, path=path, headers=headers, pieces=[body], client=client)


@pytest.mark.parametrize("path", [JOIN, "/gradio_api/call/erase", "/gradio_api/cancel"])
def test_nobody_joins_a_session_of_another_browser(tmp_path: Path, path: str) -> None:
    door = make_door(tmp_path)
    assert join(door, HIS).status == 200
    assert join(door, HIS, path).status == 200
    refused = join(door, HERS, path)
    assert refused.status == 403 and refused.code == "foreign_stream"


def test_nobody_else_hears_a_session(tmp_path: Path) -> None:
    door = make_door(tmp_path)
    first = ask(door, "GET", "/gradio_api/heartbeat/s", headers=HIS, pieces=[b""])
    assert first.status == 200
    assert join(door, HERS).code == "foreign_stream"
    assert join(door, JSON).code == "foreign_stream"
    assert json.loads(join(door, HIS).body)["size"] > 20  # the body reaches the app


def test_without_a_cookie_it_is_the_visitor(tmp_path: Path) -> None:
    door = make_door(tmp_path)
    assert join(door, JSON).status == 200
    assert join(door, {**JSON, "cookie": f"{BROWSER}=short"}).status == 200
    assert join(door, JSON, client="198.51.100.9").code == "foreign_stream"


def test_a_browser_gets_its_cookie_with_the_page(tmp_path: Path) -> None:
    async def page(scope: object, receive: object, send: object) -> None:
        kind = [(b"content-type", b"text/html; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": kind})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]

    door = make_door(tmp_path, page)  # type: ignore[arg-type]
    cookie = ask(door, "GET", "/", headers={}, pieces=[b""]).headers["set-cookie"]
    assert cookie.startswith(BROWSER) and "HttpOnly" in cookie and "lax" in cookie.lower()
    again = ask(door, "GET", "/", headers={"cookie": cookie.split(";")[0]}, pieces=[b""])
    assert "set-cookie" not in again.headers
    other = ask(make_door(tmp_path, echo), "GET", "/", headers={}, pieces=[b""])
    assert "set-cookie" not in other.headers


def test_the_programs_end_is_no_error_of_the_page(tmp_path: Path) -> None:
    """Its stream ends, and it comes back by itself; before, the word says what went wrong."""
    told = UnexpectedErrorMessage(message="stopped").model_dump_json().encode()
    value = HeartbeatMessage().model_dump_json().encode()

    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for event in (value, told):
            body = b"data: " + event + b"\n\n"
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    door = make_door(tmp_path, stream)
    before = ask(door, "GET", StreamAnswer.PATH, headers=HIS, pieces=[b""]).body
    door._ending.set()
    ended = ask(door, "GET", StreamAnswer.PATH, headers=HIS, pieces=[b""]).body
    assert told in before and value in before
    assert value in ended and b"error" not in ended
