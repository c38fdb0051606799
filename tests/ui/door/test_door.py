"""The door: who asks, what they may have, and in which words it is refused."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from door_tools import FAR, FORM, JSON, answer_of, ask, echo, make_door
from methods import BadInput, languages
from ui.common.caller import visitor_at
from ui.common.limits import Rate
from ui.door.bodies import Body
from ui.door.door import Door
from ui.door.rules import Rules

LOCAL = {"client": "127.0.0.1", "server": "127.0.0.1"}


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return make_door(tmp_path)


def test_an_ordinary_request_passes_and_its_answer_is_not_to_be_guessed_at(door: Door) -> None:
    reply = ask(door)
    assert reply.status == 200 and reply.headers["x-content-type-options"] == "nosniff"
    assert ask(door, "GET", headers={}, pieces=(b"",)).status == 200


# --- foreign pages and names ---------------------------------------------------------------

OWN = {**JSON, "host": "127.0.0.1:7860", "origin": "http://127.0.0.1:7860"}


@pytest.mark.parametrize(
    "headers",
    [
        {**OWN, "origin": "http://evil.example"},
        {**OWN, "origin": "null"},
        {**OWN, "origin": "http://127.0.0.1:3000"},  # another program of this machine
        {**OWN, "host": "evil.example", "origin": "http://evil.example"},  # DNS rebinding
        {**OWN, "host": "evil.example:7860"},
        {**OWN, "host": "127.0.0.1.evil.example"},
        {**OWN, "content-type": "text/plain"},
        {**OWN, "content-type": "application/x-www-form-urlencoded"},
        {**OWN, "content-type": "multipart/form-data; boundary=b"},
        {**OWN, "content-type": ""} | {"content-length": "2"},
    ],
)
def test_what_a_foreign_page_can_send_is_refused(door: Door, headers: dict[str, str]) -> None:
    reply = ask(door, path="/gradio_api/component_server/", headers=headers, **LOCAL)
    assert reply.status == 403
    assert reply.code in ("foreign_host", "foreign_origin", "not_json")


def test_a_rebound_name_may_not_even_read(door: Door) -> None:
    headers = {"host": "evil.example"}
    assert ask(door, "GET", "/config", headers=headers, pieces=(b"",), **LOCAL).status == 403


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost:7860", "[::1]:7860", "10.1.2.3"])
def test_the_names_of_this_machine_are_its_own(door: Door, host: str) -> None:
    assert (
        ask(door, headers={**JSON, "host": host, "origin": f"http://{host}"}, **LOCAL).status == 200
    )


def test_from_other_machines_any_name_leads_here_unless_names_are_given(tmp_path: Path) -> None:
    headers = {**JSON, "host": "lab.example.org", "origin": "https://lab.example.org"}
    assert ask(make_door(tmp_path), headers=headers).status == 200
    assert ask(make_door(tmp_path, names=("other.example.org",)), headers=headers).status == 403
    for names in (("lab.example.org",), ("*.example.org",)):
        assert ask(make_door(tmp_path, names=names), headers=headers).status == 200
        behind = ask(make_door(tmp_path, names=names), headers=headers, **LOCAL)
        assert behind.status == 200  # a proxy on the same machine


def test_on_a_space_the_hubs_page_may_use_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPACE_ID", "someone/eraser-lab")
    rules = Rules.from_environment()
    door = make_door(tmp_path, any_name=rules.any_name, pages=rules.pages, proxies=rules.proxies)
    host = {**JSON, "host": "someone-eraser-lab.hf.space", "x-forwarded-for": f"9.9.9.9, {FAR}"}
    for origin in ("https://someone-eraser-lab.hf.space", "https://huggingface.co"):
        reply = ask(door, headers={**host, "origin": origin}, client="10.20.0.4")
        assert reply.status == 200 and FAR.encode() in reply.body
    evil = ask(door, headers={**host, "origin": "https://evil.example"}, client="10.20.0.4")
    assert evil.status == 403


def test_a_public_link_leads_here_and_its_neighbours_do_not(door: Door) -> None:
    blocks = SimpleNamespace(share=True, share_url="https://abc.gradio.live", _queue=None)
    app = SimpleNamespace(get_blocks=lambda: blocks)
    headers = {**JSON, "host": "abc.gradio.live", "origin": "https://abc.gradio.live"}
    assert ask(door, headers=headers, app=app, **LOCAL).status == 200
    assert ask(door, headers=headers, **LOCAL).status == 403


@pytest.mark.parametrize("text", ["a b", "http://x", "lab:80", "*", "*.", "évil"])
def test_names_that_are_none_are_told_at_the_start(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERASER_LAB_NAMES", text)
    with pytest.raises(ValueError, match="ERASER_LAB_NAMES"):
        Rules.from_environment()


def test_proxies_are_named_by_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERASER_LAB_PROXIES", "192.0.2.9, 10.0.0.0/8,fd00::/8")
    assert Rules.from_environment().proxies[2:] == ("192.0.2.9", "10.0.0.0/8", "fd00::/8")
    monkeypatch.setenv("ERASER_LAB_PROXIES", "nginx")
    with pytest.raises(ValueError, match="ERASER_LAB_PROXIES"):
        Rules.from_environment()


# --- who asks --------------------------------------------------------------------------------


def test_a_forwarded_address_is_believed_of_named_proxies_alone(tmp_path: Path) -> None:
    few = Rate(per_second=0.001, burst=2)
    door = make_door(tmp_path, requests=few, proxies=("198.51.100.1",))

    def codes(client: str) -> list[int]:
        forged = ({**JSON, "x-forwarded-for": f"9.9.9.{number}"} for number in range(4))
        return [ask(door, headers=headers, client=client).status for headers in forged]

    assert codes("198.51.100.1") == [200] * 4
    assert codes("10.0.0.5") == [200, 200, 429, 429]  # a neighbour, not a proxy


def test_one_subnet_is_one_visitor() -> None:
    assert (
        visitor_at("2001:db8:1:2::1") == visitor_at("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    )
    assert visitor_at("2001:db8:1:3::1") != visitor_at("2001:db8:1:2::1")
    assert visitor_at("::ffff:203.0.113.7") == visitor_at("203.0.113.7") == "203.0.113.7"
    assert visitor_at("fe80::1%eth0") == "fe80::/64" and visitor_at("testclient") == "testclient"


def test_whoever_sits_at_this_machine_is_not_counted(tmp_path: Path) -> None:
    door = make_door(tmp_path, requests=Rate(per_second=0.001, burst=1), places=0)
    for _ in range(5):
        assert ask(door, path="/gradio_api/queue/join", **LOCAL).status == 200
    tunnel = {**JSON, "host": "lab.example.org"}
    local = make_door(
        tmp_path, requests=Rate(per_second=0.001, burst=1), names=("lab.example.org",)
    )
    assert [ask(local, headers=tunnel, **LOCAL).status for _ in range(2)] == [200, 429]


# --- how much --------------------------------------------------------------------------------


def joined(*hosts: str) -> Any:
    """A Gradio app whose queue holds an event of each of these visitors."""
    events = {
        str(number): SimpleNamespace(request=SimpleNamespace(client=SimpleNamespace(host=host)))
        for number, host in enumerate(hosts)
    }
    queue = SimpleNamespace(event_ids_to_events=events)
    blocks = SimpleNamespace(share=False, _queue=queue)
    return SimpleNamespace(get_blocks=lambda: blocks)


def test_one_visitor_cannot_fill_the_queue(tmp_path: Path) -> None:
    door = make_door(tmp_path, places=3)
    for path in ("/gradio_api/queue/join", "/gradio_api/call/segment", "/gradio_api/call/v2/erase"):
        reply = ask(door, path=path, app=joined(FAR, FAR, FAR, "9.9.9.9"))
        assert reply.status == 429 and reply.code == "places_taken"
        assert ask(door, path=path, app=joined(FAR, FAR, "9.9.9.9")).status == 200
        assert ask(door, path=path, client="9.9.9.9", app=joined(FAR, FAR, FAR)).status == 200


def test_places_count_that_are_only_on_their_way(tmp_path: Path) -> None:
    async def together() -> list[int]:
        asked = asyncio.Event()

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            await asked.wait()
            await echo(scope, receive, send)

        door = make_door(tmp_path, slow, places=2)
        path = "/gradio_api/queue/join"
        tasks = [asyncio.ensure_future(answer_of(door, path=path)) for _ in range(4)]
        await asyncio.sleep(0)
        asked.set()
        return [reply.status for reply in await asyncio.gather(*tasks)]

    assert sorted(asyncio.run(together())) == [200, 200, 429, 429]


def test_further_requests_of_one_visitor_wait_without_a_thread(tmp_path: Path) -> None:
    at_work: dict[str, int] = {}
    most: dict[str, int] = {}

    async def working(scope: Scope, receive: Receive, send: Send) -> None:
        who = scope["client"][0]
        at_work[who] = at_work.get(who, 0) + 1
        most[who] = max(most.get(who, 0), at_work[who])
        await asyncio.sleep(0)
        at_work[who] -= 1
        await echo(scope, receive, send)

    async def storm() -> list[int]:
        door = make_door(tmp_path, working, at_once=3)
        path = "/gradio_api/component_server/"
        asked = [answer_of(door, path=path, client=who) for who in [FAR] * 20 + ["127.0.0.1"] * 20]
        statuses = [reply.status for reply in await asyncio.gather(*asked)]
        assert door._turns._lines == {}
        return statuses

    assert set(asyncio.run(storm())) == {200}
    assert most[FAR] == 3 and most["127.0.0.1"] == 20


def test_stalled_requests_hold_up_no_other_of_the_same_visitor(tmp_path: Path) -> None:
    async def storm() -> list[str]:
        door = make_door(tmp_path, at_once=2, piece_seconds=0.05)
        path = "/gradio_api/component_server/"
        stalled = [answer_of(door, path=path, pieces=[b"{"], stalls=True) for _ in range(9)]
        waiting = asyncio.gather(*stalled)
        await asyncio.sleep(0)
        assert (await answer_of(door, path=path)).code == ""
        return [reply.code for reply in await waiting]

    assert asyncio.run(storm()) == ["body_too_slow"] * 9


def test_nobody_waits_in_line_for_ever(tmp_path: Path) -> None:
    async def storm() -> list[str]:
        done = asyncio.Event()

        async def long(scope: Scope, receive: Receive, send: Send) -> None:
            await done.wait()
            await echo(scope, receive, send)

        door = make_door(tmp_path, long, at_once=1, line_seconds=0.02)
        first, second = (
            asyncio.ensure_future(answer_of(door, path="/gradio_api/run/x")) for _ in range(2)
        )
        code = (await second).code
        done.set()
        return [code, (await first).code]

    assert asyncio.run(storm()) == ["places_taken", ""]


def test_a_large_body_is_whole_though_its_beginning_was_read_ahead(tmp_path: Path) -> None:
    door = make_door(tmp_path, ahead=1000)
    for path in ("/gradio_api/run/x", "/gradio_api/component_server/"):
        reply = ask(door, path=path, pieces=[b"x" * 700] * 5)
        assert b'"size": 3500' in reply.body


def test_a_body_is_bounded_on_every_path(door: Door) -> None:
    large = {**JSON, "content-length": str(400 * 2**20)}
    for path in (
        "/gradio_api/run/upload",
        "/gradio_api/call/upload",
        "/gradio_api/api/upload",
        "/gradio_api/component_server/",
        "/upload",
        "/anything",
    ):
        assert ask(door, path=path, headers=large).status in (200, 413)
        reply = ask(door, path=path, headers=large)
        assert reply.code == "body_too_large" and reply.headers["connection"] == "close"
        endless = ask(door, path=path, pieces=[b"x" * 2**20] * 6)
        assert endless.code == "body_too_large"


def test_an_upload_is_bounded_as_a_whole(door: Door) -> None:
    upload = "/gradio_api/upload"
    assert ask(door, path=upload, headers=FORM, pieces=[b"x" * 2**20]).status == 200
    many = ask(door, path=upload, headers=FORM, pieces=[b"x" * 2**20] * 4)
    assert many.status == 413 and many.code == "upload_too_large"
    assert ask(door, path=upload, headers=JSON).code == "not_an_upload_form"


def test_a_body_that_stalls_or_drips_is_given_up(tmp_path: Path) -> None:
    door = make_door(tmp_path, piece_seconds=0.01)
    for path in ("/gradio_api/component_server/", "/gradio_api/run/x"):
        reply = ask(door, path=path, pieces=[b"{"], stalls=True)
        assert reply.code == "body_too_slow" and reply.headers["connection"] == "close"


def test_a_body_that_drips_is_given_up_and_a_slow_one_is_not(tmp_path: Path) -> None:
    """Ten seconds for each piece: 100 bytes a second are too few, 5,000 are enough."""

    def outcome(size: int) -> str:
        now = [0.0]

        async def receive() -> Message:
            now[0] += 10
            return {"type": "http.request", "body": b"x" * size, "more_body": True}

        scope = {"type": "http", "path": "/x", "method": "POST", "headers": []}
        error = BadInput("body_too_slow")
        body = Body(scope, receive, Rules(), 2**20, error, clock=lambda: now[0])
        return asyncio.run(until_refused(body))

    assert outcome(1000) == "408" and outcome(50_000) == "413"


async def until_refused(body: Body) -> str:
    for _ in range(1000):
        await body.receive()
        if body.refusal is not None:
            return str(body.refusal.status)
    return "never"


def test_a_connection_that_waits_for_its_answer_is_not_given_up(tmp_path: Path) -> None:
    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        waiting = asyncio.ensure_future(receive())
        await asyncio.sleep(0.03)
        assert not waiting.done()
        waiting.cancel()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    door = make_door(tmp_path, stream, piece_seconds=0.01)
    assert ask(door, "GET", headers={}, pieces=(b"",), stays=True).status == 200


def test_refusals_reach_the_page_as_its_own_answers(tmp_path: Path) -> None:
    """Gradio's script drops what comes with another status."""
    door = make_door(tmp_path, requests=Rate(per_second=0.5, burst=1))
    path = "/gradio_api/component_server/"
    assert ask(door, path=path).status == 200
    reply = ask(door, path=path)
    assert reply.status == 200 and reply.code == "too_fast" and reply.headers["retry-after"] == "2"
    assert b'"ok":false' in reply.body and b'"zh"' in reply.body
    assert ask(door).status == 429


def test_before_a_restart_nothing_new_begins(tmp_path: Path) -> None:
    door = make_door(tmp_path)
    door._ending.set()
    assert ask(door, **LOCAL).code == "restarting"
    assert ask(door, "GET", headers={}, pieces=(b"",)).status == 200


@pytest.mark.parametrize("ends", [True, False])
def test_what_the_end_cuts_short_is_told_so(tmp_path: Path, ends: bool) -> None:
    """The server cancels what is still at work then."""

    async def cut_short(scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(60)

    door = make_door(tmp_path, cut_short)
    if not ends:
        with pytest.raises(asyncio.CancelledError):
            ask(door, "GET", headers={}, pieces=(b"",))
        return
    door._ending.set()
    reply = ask(door, "GET", headers={}, pieces=(b"",))
    assert reply.status == 503 and reply.code == "restarting"


def test_what_visitors_have_sent_is_shown_in_a_sandbox(door: Door) -> None:
    reply = ask(door, "GET", "/gradio_api/file=/x/page.html", headers={}, pieces=(b"",))
    assert "sandbox" in reply.headers["content-security-policy"]


@pytest.mark.parametrize("code", ["places_taken", "foreign_host", "too_many_connections"])
def test_all_is_said_in_every_language(code: str) -> None:
    from methods import Text

    assert all(Text(f"error.{code}", places=3, name="x").said(each) for each in languages())
