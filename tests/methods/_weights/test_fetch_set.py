"""Sets of files: gates before anything large, room for all, a few at once."""

from __future__ import annotations

import threading
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest

from hub_files import REPO, body, pinned
from loopback_hub import Answer, Hub, Token
from methods._base import Stopped, Verbatim, WeightFile, WeightsUnavailable
from methods._weights import fetch_set, flights
from methods._weights.fetch_set import AT_ONCE, Observer, fetch_all, fetch_in_background
from methods._weights.progress import Progress
from methods._weights.status import WeightState, weight_status

pytest_plugins = ["hub_fixtures"]

GATED = "org/gated"
LARGE, SMALL = body(1), b"{}"


def model(hub: Hub) -> list[WeightFile]:
    """A model as many are: free encoders beside a gated network, which comes last in the list."""
    free = hub.publish(REPO, {"encoder.bin": LARGE, "vae.bin": body(2)})
    closed = hub.publish(GATED, {"net.bin": body(3), "config.json": SMALL}, gated=True)
    files = [pinned(LARGE, free, "encoder.bin"), pinned(body(2), free, "vae.bin")]
    files.append(replace(pinned(body(3), closed, "net.bin", GATED), gated=True))
    return [*files, replace(pinned(SMALL, closed, "config.json", GATED), gated=True)]


# --- gates ---------------------------------------------------------------------------------


@pytest.mark.parametrize("marked", [True, False])
def test_before_a_closed_gate_nothing_is_fetched(hub: Hub, marked: bool) -> None:
    """Also where the manifest does not know of the gate."""
    wanted = [replace(weight, gated=marked and weight.gated) for weight in model(hub)]
    failures = fetch_all(wanted)
    assert {error.code for error in failures.values()} == {"weights_login"}
    assert set(failures) == {weight.name for weight in wanted}
    assert hub.sent == 0 and hub.asked("GET") == []
    assert all(f"{hub.endpoint}/{GATED}" in str(error) for error in failures.values())
    assert {weight_status(weight).code for weight in wanted} == {"weights_login"}


def test_with_the_licence_all_come_the_gated_ones_first(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.tokens["hf_mine"] = Token(frozenset({GATED}))
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    monkeypatch.setattr(fetch_set, "AT_ONCE", 1)
    wanted = model(hub)
    assert fetch_all(wanted) == {}
    assert {weight_status(weight).state for weight in wanted} == {WeightState.READY}
    repos = [path.split("/")[2] for path in hub.asked(host="hub") if "/resolve/" in path]
    assert repos == ["gated", "gated", "repo", "repo"]


def test_a_gate_that_closes_on_the_way_ends_the_rest(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.tokens["hf_mine"] = Token(frozenset({GATED}))
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    monkeypatch.setattr(fetch_set, "AT_ONCE", 1)
    wanted = model(hub)
    seen: list[str] = []

    def close(weight: WeightFile, why: WeightsUnavailable | None) -> None:
        seen.append(weight.name)
        hub.tokens["hf_mine"] = Token()

    failures = fetch_all(wanted, Observer(done=close))
    assert len(failures) == 3 and {e.code for e in failures.values()} == {"weights_licence"}
    assert seen == [w.name for w in (wanted[2], wanted[3], wanted[0], wanted[1])]
    assert hub.sent == wanted[2].size


def test_an_open_mirror_of_a_gated_file_serves(hub: Hub) -> None:
    closed = hub.publish(GATED, {"encoder.bin": LARGE}, gated=True)
    mirror = hub.publish(REPO, {"encoder.bin": LARGE})
    sources = pinned(LARGE, closed, "encoder.bin", GATED).sources
    wanted = pinned(LARGE, mirror, "encoder.bin")
    wanted = replace(wanted, sources=sources + wanted.sources)
    assert fetch_all([wanted, pinned(LARGE, mirror, "encoder.bin")]) == {}


def test_one_file_that_is_missing_does_not_hold_up_the_others(hub: Hub) -> None:
    commit = hub.publish(REPO, {"encoder.bin": LARGE})
    lost = pinned(LARGE, commit, "lost.bin")
    failures = fetch_all([lost, pinned(LARGE, commit, "encoder.bin")])
    assert list(failures) == [lost.name] and failures[lost.name].code == "weights_unavailable"


def test_what_only_people_can_bring_is_said_and_the_rest_comes(hub: Hub) -> None:
    commit = hub.publish(REPO, {"encoder.bin": LARGE})
    by_hand = replace(pinned(LARGE, commit, "own.bin"), sources=(), by_hand=Verbatim("Ask them."))
    failures = fetch_all([pinned(LARGE, commit, "encoder.bin"), by_hand])
    assert [error.code for error in failures.values()] == ["weights_by_hand"]


# --- room ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("percent", "enough"), [(104, False), (106, True)])
def test_there_must_be_room_for_all_and_a_twentieth(
    hub: Hub, clean: Path, monkeypatch: pytest.MonkeyPatch, percent: int, enough: bool
) -> None:
    """Each file alone would fit."""
    commit = hub.publish(REPO, {"encoder.bin": LARGE, "vae.bin": body(2)})
    wanted = [pinned(LARGE, commit, "encoder.bin"), pinned(body(2), commit, "vae.bin")]
    clean.mkdir()
    begun = clean / "model" / "encoder.bin.part"
    begun.parent.mkdir()
    begun.write_bytes(LARGE[:500_000])
    needed = sum(weight.size for weight in wanted) - 500_000
    usage = namedtuple("usage", "total used free")
    free = needed * percent // 100
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(free, 0, free))
    failures = fetch_all(wanted)
    assert {error.code for error in failures.values()} == (set() if enough else {"weights_no_room"})
    if not enough:
        assert hub.seen == [] and failures[wanted[0].name].details["free"] == free


# --- several at once, and the end of it ----------------------------------------------------


def test_a_few_come_at_once_and_no_more(hub: Hub) -> None:
    files = {f"{number}.bin": body(number) for number in range(2 * AT_ONCE)}
    commit = hub.publish(REPO, files)
    together = threading.Barrier(AT_ONCE)
    running: set[str] = set()
    most = 0

    def progress(weight: WeightFile) -> Progress:
        nonlocal most
        running.add(weight.name)
        most = max(most, len(running))
        together.wait(20)
        return lambda _done, _total: None

    def done(weight: WeightFile, _: object) -> None:
        running.discard(weight.name)

    wanted = [pinned(content, commit, path) for path, content in files.items()]
    assert fetch_all(wanted, Observer(progress=progress, done=done)) == {}
    assert most == AT_ONCE


def test_stop_ends_all_of_them(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = hub.publish(REPO, {"encoder.bin": LARGE, "vae.bin": body(2)})
    wanted = [pinned(LARGE, commit, "encoder.bin"), pinned(body(2), commit, "vae.bin")]
    monkeypatch.setattr(fetch_set, "AT_ONCE", 1)
    first = threading.Event()
    observer = Observer(done=lambda *_: first.set())
    with pytest.raises(Stopped):
        fetch_all(wanted, observer, first.is_set)
    states = [weight_status(weight).state for weight in wanted]
    assert states == [WeightState.READY, WeightState.MISSING]


def test_in_the_background_all_have_their_state_from_the_beginning(hub: Hub) -> None:
    wanted = model(hub)[:2]
    hub.troubles[REPO, "vae.bin"] = [Answer(404, at_content=True)]
    fetch_in_background(*wanted)
    while any(weight_status(weight).state is WeightState.FETCHING for weight in wanted):
        threading.Event().wait(0.01)
    assert [weight_status(weight).state for weight in wanted] == [
        WeightState.READY,
        WeightState.FAILED,
    ]
    assert not flights.planned
