"""What is told of files of weights before any of them is fetched, within a time."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from hub_files import REPO, body, pinned
from loopback_hub import Hub
from methods._base import Text, UrlFile, WeightFile
from methods._weights import facts as module
from methods._weights.cache import part_of
from methods._weights.facts import examine
from methods._weights.status import WeightState
from methods._weights.store import fetch, use_local

pytest_plugins = ["hub_fixtures"]

BODY = body()


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a host that takes every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_a_host_that_never_answers_costs_the_time_that_was_given(
    clean: object, silent: str
) -> None:
    asked = replace(pinned(BODY, "0" * 40), sources=(UrlFile(f"{silent}/net.bin"),))
    (facts,) = examine([asked], seconds=0.3)
    assert facts.late and not facts.asked and facts.opens is None and facts.why == ""


def test_nobody_is_asked_when_the_time_is_over(hub: Hub) -> None:
    wanted = pinned(BODY, hub.publish(REPO, {"net.bin": BODY}))
    (facts,) = examine([wanted], seconds=-1)
    assert facts.late and hub.seen == []


def test_each_repository_has_its_turn_before_the_second_file_of_any(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 1)
    names = ("a.bin", "b.bin", "c.bin")
    first = hub.publish("org/one", dict.fromkeys(names, BODY))
    second = hub.publish("org/two", {"d.bin": BODY})
    files = [pinned(BODY, first, name, "org/one") for name in names]
    files.append(pinned(BODY, second, "d.bin", "org/two"))
    told = examine([*files, files[0]])
    assert [facts.name for facts in told] == [file.name for file in [*files, files[0]]]
    asked = [path.rpartition("/")[2] for path in hub.asked("HEAD", "hub")]
    assert asked == ["a.bin", "d.bin", "b.bin", "c.bin"]


def test_offline_is_obeyed_whatever_was_asked_for(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERASER_LAB_OFFLINE", "1")
    (facts,) = examine([pinned(BODY, hub.publish(REPO, {"net.bin": BODY}))])
    assert not facts.asked and hub.seen == []


def gated(file: WeightFile) -> WeightFile:
    return replace(file, gated=True)


def mirrored(file: WeightFile) -> WeightFile:
    return replace(gated(file), sources=(*file.sources, UrlFile("http://127.0.0.1:9/net.bin")))


def by_hand(file: WeightFile) -> WeightFile:
    return replace(file, sources=(), by_hand=Text("eraser.smarteraser.by_hand"))


@pytest.mark.parametrize(
    ("kind", "opens", "code"),
    [(gated, False, "weights_login"), (mirrored, None, ""), (by_hand, False, "weights_by_hand")],
)
def test_what_needs_no_question(
    hub: Hub, kind: Callable[[WeightFile], WeightFile], opens: bool | None, code: str
) -> None:
    wanted = kind(pinned(BODY, "0" * 40))
    (facts,) = examine([wanted], ask=False)
    assert (facts.opens, facts.code, facts.asked) == (opens, code, False)
    assert (facts.sentence is not None) == bool(code) and hub.seen == []


def test_with_a_token_a_gate_is_a_question(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    (facts,) = examine([gated(pinned(BODY, "0" * 40))], ask=False)
    assert facts.opens is None and facts.code == ""


def test_a_gate_that_stands_open_is_none(hub: Hub) -> None:
    wanted = gated(pinned(BODY, hub.publish(REPO, {"net.bin": BODY})))
    (facts,) = examine([wanted])
    assert facts.opens and facts.asked and (facts.why, facts.sentence) == ("", None)


def test_what_an_interrupted_download_left_need_not_come_again(hub: Hub) -> None:
    wanted = pinned(BODY, hub.publish(REPO, {"net.bin": BODY}))
    part = part_of(wanted)
    part.parent.mkdir(parents=True)
    part.write_bytes(BODY[:1000])
    (facts,) = examine([wanted])
    assert (facts.begun, facts.missing) == (1000, len(BODY) - 1000)
    fetch(wanted)
    (facts,) = examine([wanted])
    assert facts.is_here and facts.missing == 0


def test_a_file_of_the_users_own_that_is_not_there_says_so(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    wanted = pinned(BODY, "0" * 40)
    monkeypatch.setenv("ERASER_LAB_WEIGHT_MODEL", f"{tmp_path}/nowhere")
    (facts,) = examine([wanted])
    assert facts.state is WeightState.FAILED and facts.code == "weights_local_missing"
    assert hub.seen == []


def test_a_file_of_the_users_own_is_told_apart(hub: Hub, tmp_path: object) -> None:
    from pathlib import Path

    own = Path(str(tmp_path)) / "own.bin"
    own.write_bytes(BODY)
    wanted = pinned(BODY, "0" * 40)
    use_local(wanted.name, own)
    try:
        (facts,) = examine([wanted])
    finally:
        use_local(wanted.name, None)
    assert (facts.state, facts.place) == (WeightState.READY, "the user's own")
