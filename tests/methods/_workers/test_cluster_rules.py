"""What a cluster is and who may be joined, without Ray: addresses, machines, weights, messages."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from methods import (
    BadInput,
    Picture,
    Unavailable,
    UserError,
    WeightFile,
    WeightsUnavailable,
    make_executor,
)
from methods._workers.cluster import address as addresses
from methods._workers.cluster import session
from methods._workers.cluster.address import Answer, cluster_address, demand_closed
from methods._workers.cluster.machines import MOST_LANES, Machine, machines_of, rooms_of
from methods._workers.placement import Placement
from methods._workers.plan import CPU, LANE, Spot, Ticket
from methods._workers.process.ledger import Ledger
from methods._workers.process.messages import Gone
from methods._workers.process.shared_picture import SharedPicture, note_of, opened, whole
from methods._workers.process.wire import packed, unpacked

# --- addresses ---------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("RAY_ADDRESS", "RAY_AUTH_MODE", "ERASER_LAB_RAY", "ERASER_LAB_RAY_ANYWHERE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))


@pytest.fixture
def port() -> Iterator[int]:
    """Somebody listens there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    "wanted",
    ["ray://10.0.0.1:10001", "http://10.0.0.1:1", "here", "10.0.0.1", ":1", "a:0", "a:99999"],
)
def test_what_is_no_address_is_said(wanted: str) -> None:
    with pytest.raises(BadInput) as caught:
        cluster_address(wanted)
    assert caught.value.code == "ray_address"


def test_auto_is_the_machines_own_cluster_while_it_is_there(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cluster_address("auto") == cluster_address("local") == ""
    noted = tmp_path / "ray/ray_current_cluster"
    noted.parent.mkdir()
    noted.write_text(f"127.0.0.1:{port}", encoding="ascii")
    assert cluster_address("auto") == f"127.0.0.1:{port}" and cluster_address("local") == ""
    noted.write_text("127.0.0.1:1", encoding="ascii")  # it has ended
    assert cluster_address("auto") == ""
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:2")  # which somebody means
    assert cluster_address("auto") == "127.0.0.1:2"


def refusal(address: str) -> str:
    """The code with which it is refused; "" = it is not."""
    try:
        demand_closed(address)
    except UserError as error:
        assert address in str(error) and address in error.sentence.said("zh")
        return error.code
    return ""


def test_only_a_closed_cluster_is_joined(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    there = f"127.0.0.1:{port}"
    answers = {"stranger": Answer.NO, "own": Answer.YES}
    monkeypatch.setattr(addresses, "_answers", lambda _: tuple(answers.values()))
    assert refusal("127.0.0.1:1") == "ray_unreachable"
    assert refusal(there) == "ray_token"
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    assert refusal(there) == ""
    answers["own"] = Answer.NO
    assert refusal(there) == "ray_refused"
    answers["stranger"] = Answer.YES
    assert refusal(there) == "ray_open"


def test_a_public_address_needs_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_is_reached", lambda _: True)
    for public in ("1.1.1.1:6379", "[2606:4700:4700::1111]:6379"):
        assert refusal(public) == "ray_public"
    for private in ("10.1.2.3:6379", "192.168.0.1:6379", "[fd00::1]:6379", "100.64.0.1:6379"):
        assert refusal(private) == "ray_token"
    monkeypatch.setenv("ERASER_LAB_RAY_ANYWHERE", "1")
    assert refusal("1.1.1.1:6379") == "ray_token"


def test_a_cluster_of_its_own_that_does_not_start_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is to start one elsewhere for that; nothing of the try is left behind."""

    def refuse(**_: object) -> None:
        raise RuntimeError("The current node timed out during startup.")

    ray = ModuleType("ray")
    ray.init, ray.shutdown = refuse, lambda: None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ray", ray)
    before = dict(os.environ)
    with pytest.raises(Unavailable) as caught:
        session._started()
    assert caught.value.code == "ray_not_started"
    assert "RAY_AUTH_TOKEN_PATH" not in os.environ or "RAY_AUTH_TOKEN_PATH" in before


def test_without_ray_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "find_spec", lambda _: None)
    with pytest.raises(UserError, match=r"requirements-ray\.txt") as caught:
        make_executor("auto")
    assert caught.value.code == "ray_missing" and "ray" not in sys.modules


# --- machines ----------------------------------------------------------------------------------


def node(key: str, host: str, alive: bool = True, **resources: float) -> dict[str, object]:
    return {"NodeID": key, "NodeManagerHostname": host, "Alive": alive, "Resources": resources}


def test_machines_have_names_of_their_own() -> None:
    nodes = [
        node("aaaaaaaa", "one", CPU=4, GPU=2),
        node("bbbbbbbb", "two", CPU=0),
        node("cccccccc", "two", GPU=1),
        node("dddddddd", "three", alive=False, CPU=8),
    ]
    found = machines_of(nodes)
    assert {name: machine.name for name, machine in found.items()} == {
        "aaaaaaaa": "one",
        "bbbbbbbb": "two~bbbbbb",
        "cccccccc": "two~cccccc",
    }
    assert (found["aaaaaaaa"].cpus, found["aaaaaaaa"].gpus) == (4, 2)


@pytest.mark.parametrize(
    ("cpus", "gpus", "kinds"),
    [
        (0, 0, {}),
        (0, 2, {"cuda": 2}),
        (1, 0, {"cpu": 1, "lane": 1}),
        (4, 1, {"cuda": 1, "cpu": 1, "lane": 4}),
        (128, 8, {"cuda": 8, "cpu": 1, "lane": MOST_LANES}),
    ],
)
def test_a_machine_has_as_many_places_as_it_lends(
    cpus: float, gpus: int, kinds: dict[str, int]
) -> None:
    rooms = rooms_of(Machine("id", "one", cpus, gpus))
    assert len({room.id for room in rooms}) == len(rooms)
    assert {kind: sum(r.kind == kind for r in rooms) for kind in {r.kind for r in rooms}} == kinds
    assert sum(room.cpus for room in rooms) <= cpus and sum(room.gpus for room in rooms) == gpus


def test_a_lane_waits_for_the_cores_of_its_own_machine() -> None:
    spots = [
        Spot(f"{machine}/{name}", kind, machine=machine, cores=1)
        for machine in ("one", "two")
        for name, kind in (("cpu", CPU), ("lane1", LANE), ("lane2", LANE))
    ]
    placement = Placement(spots)
    placement.takers[1] = 9
    for number in range(4):
        placement.add(Ticket(number, "light", (LANE,), 1))
    first = placement.plan(0).begin
    assert sorted(name.partition("/")[0] for name in first) == ["one", "two"]


def test_a_job_whose_places_have_all_gone_is_known() -> None:
    placement = Placement([Spot("gpu", "cuda")])
    placement.may_lose = True
    here, away = Ticket(1, "a", ("cuda",), 1), Ticket(2, "b", ("lane",), 1)
    placement.add(here)
    placement.add(away)
    assert placement.plan(0).nowhere == [away]
    del placement.spots["gpu"]
    assert placement.plan(0).nowhere == [here, away]


# --- weights -----------------------------------------------------------------------------------


def file(name: str, sha256: str | None) -> WeightFile:
    why = "" if sha256 else "it is a test's"
    return WeightFile(
        name=name, sources=(), size=1, sha256=sha256, license="MIT", unpinned_because=why
    )


def test_all_machines_have_the_same_weights() -> None:
    """The pinned ones, or those of the first machine that has used them."""
    ledger, files = Ledger(), [file("test/pinned", "a" * 64), file("test/loose", None)]
    assert ledger.expected(files) == {"test/pinned": "a" * 64, "test/loose": ""}
    ledger.take({"test/pinned": "a" * 64, "test/loose": "b" * 64}, "one")
    assert ledger.expected(files)["test/loose"] == "b" * 64
    ledger.take({"test/loose": "b" * 64}, "two")
    with pytest.raises(WeightsUnavailable, match="test/loose on three") as caught:
        ledger.take({"test/loose": "c" * 64}, "three")
    assert caught.value.code == "weights_differ"


def test_a_record_of_first_downloads_is_as_good_as_a_pin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a file that is not here."""
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path))
    record = {"test/loose": {"sha256": "d" * 64, "unpinned_because": "it is a test's"}}
    (tmp_path / "weights.lock.json").write_text(json.dumps(record), encoding="utf-8")
    assert Ledger().expected([file("test/loose", None)]) == {"test/loose": "d" * 64}


# --- what travels ------------------------------------------------------------------------------


def test_messages_are_bytes_on_their_way() -> None:
    pixels = np.arange(300, dtype=np.uint8).reshape(100, 3)
    told = {"text": "字", "pixels": pixels, "none": None}
    found = unpacked(packed(told))
    assert isinstance(found, dict) and (found["pixels"] == pixels).all()
    assert found["text"] == "字" and unpacked(packed(Gone("SIGSEGV", True))) == Gone(
        "SIGSEGV", True
    )


@pytest.mark.parametrize("cut", [0, 3, 4, 11, 40, -1])
def test_half_a_message_is_none(cut: int) -> None:
    with pytest.raises(ValueError, match="no message"):
        unpacked(packed({"a": np.zeros(99)})[:cut])


@pytest.mark.parametrize("transparent", [False, True])
def test_a_picture_is_the_same_on_another_machine(transparent: bool) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (7, 5, 3)).astype(np.uint8)
    mask = rng.random((7, 5)) < 0.5
    alpha = rng.integers(0, 256, (7, 5)).astype(np.uint8) if transparent else None
    sent = Picture(image, mask, alpha)
    there = SharedPicture.of(note_of(sent), whole(sent))
    found = opened(there.note, there.files)
    assert (found.image == image).all() and (found.mask == mask).all()
    assert found.key == sent.key == there.note.key
