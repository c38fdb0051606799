"""What is asked before a job's weights are fetched, and what a host offers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub_files import REPO, SIZE, body, pinned
from loopback_hub import Hub
from methods import BadInput, Eraser, Failed, Finished, Image, Job, Mask, Settings, run
from methods._base import Unavailable
from methods._engine import outlook, registry, worker
from methods._engine.before_fetch import demand_memory
from methods._engine.obstacles import Hurdle
from methods._engine.outlook import survey
from methods._engine.readiness import report
from methods._engine.registry import default_erasers, get_eraser, list_erasers
from methods._weights import uses
from methods._weights.facts import examine
from runner_tools import Noise, last_of

pytest_plugins = ["hub_fixtures", "runner_fixtures"]
pytestmark = pytest.mark.usefixtures("lock")

GB = 10**9
Add = Callable[..., str]


@pytest.fixture
def small_machine(monkeypatch: pytest.MonkeyPatch, hub: Hub) -> None:
    """A CPU with a gibibyte for models."""
    monkeypatch.setenv("ERASER_LAB_DEVICE", "cpu")
    monkeypatch.setenv("ERASER_LAB_MEMORY", "1")
    outlook._surveyed_once.cache_clear()


def toy(add: Add, hub: Hub, name: str, *seeds: int, **more: Any) -> str:
    """An eraser with such files."""
    bodies = {f"{name}-{seed}.bin": body(seed) for seed in seeds}
    commit = hub.publish(REPO, bodies)
    files = tuple(pinned(content, commit, path) for path, content in bodies.items())
    return add(Noise, name, weights=files, **more)


# --- memory --------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_machine")
def test_what_could_not_be_loaded_is_not_fetched(
    add: Add, hub: Hub, image: Image, mask: Mask
) -> None:
    large = toy(add, hub, "large", 1, memory=2 * GB)
    (failed,) = last_of(list(run([Job(large)], image, mask)))
    assert isinstance(failed, Failed) and failed.code == "not_enough_memory"
    assert "2.0 GB" in str(failed.text) and hub.seen == []
    assert {"2.0 GB", "1.1 GB"} <= {failed.details["needed"], failed.details["free"]}
    small = toy(add, hub, "small", 1, memory=GB // 2)
    (finished,) = last_of(list(run([Job(small)], image, mask)))
    assert isinstance(finished, Finished)


@pytest.mark.usefixtures("small_machine")
def test_what_is_here_already_is_not_asked_for_memory_before_loading(
    add: Add, hub: Hub, clean: Path, image: Image, mask: Mask
) -> None:
    """The residency knows better by then, and has a budget of its own."""
    large = toy(add, hub, "large", 1, memory=2 * GB)
    for weight in get_eraser(large).spec.weights:
        (clean / weight.name).parent.mkdir(parents=True)
        (clean / weight.name).write_bytes(body(1))
    (failed,) = last_of(list(run([Job(large)], image, mask)))
    assert isinstance(failed, Failed) and "fetched" not in str(failed.text)


def test_on_a_gpu_an_estimate_keeps_visitors_only(
    add: Add, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu = outlook.Machine("cuda", {"cuda": GB, "cpu": 8 * GB}, main=8 * GB, disk=GB)
    monkeypatch.setattr("methods._engine.before_fetch.idle_machine", lambda: gpu)
    monkeypatch.setattr("methods._engine.before_fetch.devices_for", lambda _: ("cuda", "cpu"))
    large = get_eraser(toy(add, hub, "large", 1, memory=2 * GB))
    demand_memory(large, Settings(), on_gpu=False)
    with pytest.raises(Unavailable) as caught:
        demand_memory(large, Settings())
    assert caught.value.code == "not_enough_memory"


def test_whoever_runs_the_jobs_may_forbid_it(add: Add, hub: Hub, image: Image, mask: Mask) -> None:
    asked: list[str] = []

    def may_fetch(eraser: type[Eraser], settings: Settings) -> None:
        asked.append(eraser.spec.id)
        raise Unavailable("fetch_forbidden", title=eraser.spec.name)

    one = toy(add, hub, "one", 1)
    events = list(run([Job(one), Job("noise")], image, mask, fetch_missing=may_fetch))
    failed, finished = last_of(events)
    assert isinstance(failed, Failed) and failed.code == "fetch_forbidden"
    assert isinstance(finished, Finished) and asked == ["one"] and hub.seen == []


# --- the cap -------------------------------------------------------------------------------


def test_a_job_makes_room_and_unloads_what_nobody_uses_now(
    add: Add, hub: Hub, clean: Path, image: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERASER_LAB_WEIGHTS_GB", str((2 * SIZE + 20_000) / 1e9))
    one, two = toy(add, hub, "one", 1), toy(add, hub, "two", 2, 3)
    assert isinstance(last_of(list(run([Job(one)], image, mask)))[0], Finished)
    loaded = worker.residency.files()
    assert loaded == {"model/one-1.bin"} and loaded <= uses.all_in_use().files
    assert isinstance(last_of(list(run([Job(two)], image, mask)))[0], Finished)
    assert {file.name for file in (clean / "model").iterdir()} == {"two-2.bin", "two-3.bin"}
    assert worker.residency.files() == {"model/two-2.bin", "model/two-3.bin"}


def test_the_cap_is_said_before(add: Add, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = get_eraser(toy(add, hub, "one", 1, 2)).spec
    monkeypatch.setenv("ERASER_LAB_DEVICE", "cpu")
    for files, kinds in ((1.5, [Hurdle.DISK, Hurdle.FETCH]), (2.5, [Hurdle.FETCH])):
        monkeypatch.setenv("ERASER_LAB_WEIGHTS_GB", str(files * SIZE / 1e9))
        found = report(spec, survey(), examine(spec.weights, ask=False))
        assert [each.kind for each in found.obstacles] == kinds
    assert found.readiness == "to_fetch"


# --- what is offered -----------------------------------------------------------------------


def test_a_host_offers_what_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERASER_LAB_ERASERS", " telea, lama,,migan ")
    assert {spec.id for spec in list_erasers()} == {"telea", "lama", "migan"}
    assert {spec.id for spec in default_erasers()} <= {"telea", "lama", "migan"}
    assert get_eraser("telea").spec.id == "telea"
    with pytest.raises(BadInput) as caught:
        get_eraser("patchmatch")
    assert caught.value.code == "eraser_not_offered" and "patchmatch" not in str(caught.value)
    assert "telea" in str(caught.value)
    monkeypatch.setenv("ERASER_LAB_ERASERS", " ")
    assert len(list_erasers()) == len(registry.found().erasers)


def test_a_host_that_offers_no_marked_one_has_its_own_for_the_default_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ERASER_LAB_ERASERS", "noise,raising")
    assert {spec.id for spec in default_erasers()} == {"noise", "raising"}


def test_an_offer_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERASER_LAB_ERASERS", "telea,magic")
    for ask in (list_erasers, default_erasers, lambda: get_eraser("telea")):
        with pytest.raises(BadInput, match="ERASER_LAB_ERASERS names 'magic'"):
            ask()


def test_a_companion_need_not_be_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """It fills in for another one and is no choice of the visitor's."""
    monkeypatch.setenv("ERASER_LAB_ERASERS", "magic_eraser")
    magic = get_eraser("magic_eraser")
    names = {weight.name for weight in magic.weights_for(magic.Settings())}
    assert "telea" in magic.companions and len(names) > 0
