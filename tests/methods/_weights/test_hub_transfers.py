"""Downloads from the loopback hub: redirects, breaks, busy servers, web pages, resumption."""

from __future__ import annotations

from dataclasses import replace
from email.utils import formatdate
from pathlib import Path

import pytest

from _weight_server import closed_port
from hub_files import REPO, SIZE, body, pinned, unpinned
from loopback_hub import Answer, Break, Hub, Repo, Token, captive_portal
from methods._base import Stopped, UrlFile, WeightFile, WeightsUnavailable
from methods._weights import cache, progress
from methods._weights.progress import Notice
from methods._weights.status import WeightState, weight_status
from methods._weights.store import fetch

pytest_plugins = ["hub_fixtures"]

BODY = body()
FILE = (REPO, "net.bin")
kinds = pytest.mark.parametrize("kind", ["pinned", "unpinned"])


def published(hub: Hub, kind: str = "pinned") -> WeightFile:
    """The file at the hub, wanted with its hash or without."""
    commit = hub.publish(REPO, {"net.bin": BODY})
    return pinned(BODY, commit) if kind == "pinned" else unpinned()


def failure(wanted: WeightFile) -> WeightsUnavailable:
    with pytest.raises(WeightsUnavailable) as caught:
        fetch(wanted)
    return caught.value


# --- what works ----------------------------------------------------------------------------


@kinds
def test_the_token_goes_to_the_hub_and_not_to_the_content_host(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    hub.tokens["hf_good"] = Token()
    monkeypatch.setenv("HF_TOKEN", "hf_good")
    assert fetch(published(hub, kind)).read_bytes() == BODY
    asked, passed_on = hub.seen
    assert asked.headers["authorization"] == "Bearer hf_good"
    assert passed_on.host == "content" and "authorization" not in passed_on.headers


def test_a_small_file_comes_from_the_hub_itself(hub: Hub) -> None:
    commit = hub.publish(REPO, {"config.json": b"{}"})
    assert fetch(pinned(b"{}", commit, "config.json")).read_bytes() == b"{}"
    assert [seen.host for seen in hub.seen] == ["hub", "hub"]
    assert hub.asked()[1].startswith("/api/resolve-cache/")


@pytest.mark.parametrize("token", ["", "hf_good"])
def test_a_renamed_repository_is_followed(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    hub.tokens["hf_good"] = Token()
    monkeypatch.setenv("HF_TOKEN", token)
    wanted = published(hub)
    hub.repos["org/new"] = hub.repos[REPO]
    hub.repos[REPO] = Repo(renamed_to="org/new")
    assert fetch(wanted).read_bytes() == BODY
    logins = [seen.headers.get("authorization", "") for seen in hub.seen if seen.host == "hub"]
    assert logins == [f"Bearer {token}" if token else ""] * 2


@kinds
def test_a_mirror_without_the_hubs_own_headers_serves(hub: Hub, kind: str) -> None:
    hub.bare = True
    assert fetch(published(hub, kind)).read_bytes() == BODY


@kinds
def test_content_without_its_length_is_taken_to_its_end(hub: Hub, kind: str) -> None:
    hub.lengths = False
    assert fetch(published(hub, kind)).read_bytes() == BODY


def test_a_dead_content_host_is_named(hub: Hub) -> None:
    wanted = published(hub)
    hub.content_port = closed_port()
    assert "localhost (no connection)" in str(failure(wanted))


def test_a_token_in_a_line_of_its_own_is_a_token(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.tokens["hf_good"] = Token(frozenset({REPO}))
    monkeypatch.setenv("HF_TOKEN", "hf_good\n")
    wanted = published(hub)
    hub.repos[REPO].gated = True
    assert fetch(wanted).read_bytes() == BODY


# --- breaks --------------------------------------------------------------------------------


@kinds
@pytest.mark.parametrize("etags", ["strong", "weak", "none"])
def test_eight_breaks_lose_nothing(hub: Hub, waits: list[float], kind: str, etags: str) -> None:
    """The hub's word of the hash makes it safe to go on, whatever the content host's ETag."""
    hub.etags = etags
    wanted = published(hub, kind)
    hub.troubles[FILE] = [Break(150_000) for _ in range(8)]
    assert fetch(wanted).read_bytes() == BODY
    assert hub.content_ranges()[1:] == [f"bytes={150_000 * n}-" for n in range(1, 9)]
    assert hub.sent == SIZE and waits == []


@kinds
@pytest.mark.parametrize("after", [-1, 0])
def test_a_break_in_the_first_bytes_is_retried(
    hub: Hub, waits: list[float], kind: str, after: int
) -> None:
    wanted = published(hub, kind)
    hub.troubles[FILE] = [Break(after), Break(after)]
    assert fetch(wanted).read_bytes() == BODY and waits == [2, 4]


def test_a_few_bytes_are_worth_going_on_at_once(hub: Hub, waits: list[float]) -> None:
    wanted = published(hub)
    hub.troubles[FILE] = [Break(100), Break(0), Break(50)]
    assert fetch(wanted).read_bytes() == BODY
    assert hub.content_ranges() == ["", "bytes=100-", "bytes=100-", "bytes=150-"] and waits == [2]


@pytest.mark.parametrize("etags", ["weak", "none"])
def test_without_any_word_of_the_state_it_begins_anew_and_does_not_give_up(
    hub: Hub, waits: list[float], etags: str
) -> None:
    hub.etags = etags
    commit = hub.publish(REPO, {"net.bin": BODY})
    content = UrlFile(f"{hub.content}/repos/{REPO}/{commit}/net.bin")
    hub.troubles[FILE] = [Break(900_000), Break(800_000), Break(700_000), Break(1_000_000)]
    assert fetch(replace(unpinned(), sources=(content,))).read_bytes() == BODY
    assert hub.content_ranges() == [""] * 5 and waits == [2, 4]


def test_a_connection_that_always_breaks_is_given_up(hub: Hub, waits: list[float]) -> None:
    wanted = published(hub)
    hub.troubles[FILE] = [Break(0)] * 50
    assert "6 times" in str(failure(wanted)) and waits == [2, 4, 8, 16, 32]
    hub.troubles.clear()
    assert fetch(wanted).read_bytes() == BODY


@kinds
def test_stop_keeps_what_came_and_the_next_call_goes_on(
    hub: Hub, clean: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    wanted = published(hub, kind)
    hub.troubles[FILE] = [Break(700_000), Answer(503)]

    def stop(_seconds: float, _check: object) -> None:
        raise Stopped

    monkeypatch.setattr(progress, "sleep", stop)
    with pytest.raises(Stopped):
        fetch(wanted)
    assert weight_status(wanted).done == 700_000
    cache._known.clear()  # as after a restart
    assert fetch(wanted).read_bytes() == BODY
    assert hub.content_ranges()[-1] == "bytes=700000-" and hub.sent == SIZE


@kinds
def test_a_damaged_beginning_is_noticed_and_replaced(hub: Hub, clean: Path, kind: str) -> None:
    wanted = published(hub, kind)
    hub.troubles[FILE] = [Break(700_000), Answer(404)]
    failure(wanted)
    part = clean / "model" / "net.bin.part"
    part.write_bytes(b"x" * part.stat().st_size)
    hub.troubles.clear()
    assert fetch(wanted).read_bytes() == BODY


def test_bytes_that_are_not_what_the_hub_promised_are_refused(hub: Hub) -> None:
    wanted = published(hub, "unpinned")
    content = next(iter(hub.repos[REPO].commits.values()))["net.bin"]
    content.source = body(2)
    assert "damaged" in str(failure(wanted))
    content.source = BODY
    assert fetch(wanted).read_bytes() == BODY


# --- busy servers --------------------------------------------------------------------------


@pytest.mark.parametrize("at_content", [False, True])
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_busy_server_is_waited_for(
    hub: Hub, waits: list[float], status: int, at_content: bool
) -> None:
    wanted = published(hub)
    busy = Answer(status, at_content=at_content)
    hub.troubles[FILE] = [busy, busy, Break(500_000), busy]
    assert fetch(wanted).read_bytes() == BODY and waits == [2, 4, 2]
    assert hub.content_ranges()[-1] == "bytes=500000-"


def test_the_servers_word_on_the_wait_counts_and_is_shown(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    shown: list[Notice | None] = []
    wanted = published(hub)

    def look(seconds: float, _check: object) -> None:
        waits.append(seconds)
        status = weight_status(wanted)
        assert status.state is WeightState.FETCHING
        shown.append(status.notice)

    monkeypatch.setattr(progress, "sleep", look)
    in_a_moment = formatdate(0, usegmt=True)
    hub.troubles[FILE] = [
        Answer(429, {"Retry-After": "12"}),
        Answer(429, {"RateLimit": '"resolvers";r=0;t=30'}),
        Answer(503, {"Retry-After": in_a_moment}),
        Answer(503),
    ]
    assert fetch(wanted).read_bytes() == BODY
    assert waits == [12, 30, 0, 16]
    assert shown[0] is not None and shown[0].code == "waiting_asked"
    assert str(shown[0]) == "Waiting 12 s for 127.0.0.1: the server asked for it."
    assert shown[3] is not None and shown[3].code == "waiting_busy"


def test_patience_has_an_end(hub: Hub, waits: list[float]) -> None:
    wanted = published(hub)
    hub.troubles[FILE] = [Answer(429, {"Retry-After": "3600"})]
    assert "asks to come back in 3600 s" in str(failure(wanted)) and waits == []
    hub.troubles[FILE] = [Answer(429, {"Retry-After": "250"})] * 9
    assert "asks to come back" in str(failure(wanted)) and waits == [250, 250]
    hub.troubles[FILE] = [Answer(503)] * 9
    assert "answered with status 503 6 times" in str(failure(wanted))


def test_another_source_is_asked_before_a_busy_one_is_waited_for(
    hub: Hub, waits: list[float]
) -> None:
    wanted = published(hub)
    commit = hub.publish("org/mirror", {"net.bin": BODY})
    mirror = pinned(BODY, commit, repo="org/mirror").sources
    hub.troubles[FILE] = [Answer(503)]
    assert fetch(replace(wanted, sources=wanted.sources + mirror)).read_bytes() == BODY
    assert waits == [] and hub.asked(host="hub")[1].startswith("/org/mirror/")


def test_a_busy_source_is_waited_for_when_no_other_one_serves(hub: Hub, waits: list[float]) -> None:
    wanted = published(hub)
    gone = pinned(BODY, "0" * 40, repo="org/gone").sources
    hub.troubles[FILE] = [Answer(503)] * 2
    assert fetch(replace(wanted, sources=wanted.sources + gone)).read_bytes() == BODY
    assert waits == [2]


# --- web pages and other impostors ---------------------------------------------------------


@kinds
@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize("path", ["net.bin", "unet/model.safetensors", "config.json", "vocab.txt"])
def test_a_web_page_is_not_a_file(hub: Hub, clean: Path, kind: str, typed: bool, path: str) -> None:
    content = b"[]" if path.endswith(("json", "txt")) else BODY
    commit = hub.publish(REPO, {path: content})
    wanted = pinned(content, commit, path) if kind == "pinned" else unpinned(path, len(content))
    hub.troubles[REPO, path] = [captive_portal(typed=typed)]
    error = failure(wanted)
    assert error.code == "weights_web_page" and error.details["host"] == "127.0.0.1"
    assert weight_status(wanted).code == "weights_web_page"
    assert not (clean / "weights.lock.json").exists()


def test_after_the_web_page_the_file_comes(hub: Hub) -> None:
    wanted = published(hub, "unpinned")
    hub.troubles[FILE] = [captive_portal()]
    failure(wanted)
    assert fetch(wanted).read_bytes() == BODY


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("net.bin", b"\x00" * SIZE),
        ("net.pth", b'{"error": "quota"}' * 60_000),
        ("net.onnx", b"PK\x03\x04" * 400_000),
        ("net.safetensors", b"PK\x03\x04" * 400_000),
        ("config.json", b"quota exceeded"),
        ("net.npz", b"{}"),
    ],
)
def test_bytes_of_another_kind_are_refused(hub: Hub, path: str, wrong: bytes) -> None:
    hub.publish(REPO, {path: wrong})
    assert "something else than such a file" in str(failure(unpinned(path, len(wrong))))


@pytest.mark.parametrize("bare", [True, False])
def test_a_file_far_too_small_is_no_file_unless_the_hub_keeps_it_so(hub: Hub, bare: bool) -> None:
    """An estimate may be wrong; what a mirror without the hub's word sends is held against it."""
    hub.bare = bare
    small = body(3, 400_000)
    hub.publish(REPO, {"net.bin": small})
    if bare:
        assert "another size" in str(failure(unpinned()))
    else:
        assert fetch(unpinned()).read_bytes() == small
