"""Whether an eraser would run here, and if not: the reason and the way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from emulation.emulation import emulated
from hub_files import REPO, body, pinned
from loopback_hub import Hub, Repo, Token
from methods import EraserSpec, Text, WeightFile, examine, get_eraser, list_erasers
from methods._base import DeviceName
from methods._diffusion.eraser import DiffusionEraser
from methods._engine.obstacles import Hurdle
from methods._engine.outlook import Machine, outlook, survey
from methods._engine.readiness import Readiness, Report, report
from methods._system import memory
from methods._weights.store import fetch
from runner_tools import Noise

pytest_plugins = ["hub_fixtures", "runner_fixtures"]

GB = 10**9
GIB = 1024**3
BODY, SMALL = body(), b"{}"
ROOMY = Machine("cpu", {"cpu": 8 * GB}, main=8 * GB, disk=100 * GB)

Add = Callable[..., str]
Scene = Callable[[Hub, pytest.MonkeyPatch], None]


def spec_for(add: Add, weights: tuple[WeightFile, ...] = (), **more: Any) -> EraserSpec:
    return get_eraser(add(Noise, "toy", weights=weights, **more)).spec


def found_out(spec: EraserSpec, machine: Machine = ROOMY, *, ask: bool = True) -> Report:
    return report(spec, machine, examine(spec.weights, ask=ask))


def kinds(found: Report) -> list[Hurdle]:
    return [obstacle.kind for obstacle in found.obstacles]


# --- weights -------------------------------------------------------------------------------


def no_token(hub: Hub, patch: pytest.MonkeyPatch) -> None:
    hub.repos[REPO].gated = True


def let_in(hub: Hub, patch: pytest.MonkeyPatch) -> None:
    hub.repos[REPO].gated = True
    hub.tokens["hf_mine"] = Token(frozenset({REPO}))
    patch.setenv("HF_TOKEN", "hf_mine")


def no_licence(hub: Hub, patch: pytest.MonkeyPatch) -> None:
    let_in(hub, patch)
    hub.tokens["hf_mine"] = Token()


def bad_token(hub: Hub, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("HF_TOKEN", "hf_old")


def gone(hub: Hub, patch: pytest.MonkeyPatch) -> None:
    del hub.repos[REPO]


def public(hub: Hub, patch: pytest.MonkeyPatch) -> None:
    """As it was published."""


PAGE, FETCH = "/org/repo", "python -m methods fetch toy"


@pytest.mark.parametrize(
    ("scene", "kind", "way", "words"),
    [
        (public, Hurdle.FETCH, FETCH, "1.5 MB to be fetched from 127.0.0.1/org/repo"),
        (bad_token, Hurdle.FETCH, FETCH, "to be fetched"),
        (let_in, Hurdle.FETCH, FETCH, "to be fetched"),
        (no_token, Hurdle.ACCESS, PAGE, "toy is given to those who have accepted its licence"),
        (no_licence, Hurdle.ACCESS, PAGE, "has not been let in yet"),
        (gone, Hurdle.ACCESS, PAGE, "has no model org/repo"),
    ],
)
def test_what_the_hub_says_of_the_weights(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, add: Add,
    scene: Scene, kind: Hurdle, way: str, words: str,
) -> None:  # fmt: skip
    commit = hub.publish(REPO, {"net.bin": BODY, "config.json": SMALL})
    files = (pinned(BODY, commit), pinned(SMALL, commit, "config.json"))
    scene(hub, monkeypatch)
    found = found_out(spec_for(add, files))
    (obstacle,) = found.obstacles  # one for all files
    assert obstacle.kind is kind and obstacle.way.endswith(way)
    assert words in obstacle.text.en and obstacle.way in obstacle.text.en
    assert obstacle.text.said("zh") != obstacle.text.en
    is_only_download = kind is Hurdle.FETCH
    assert (found.readiness is Readiness.TO_FETCH) == is_only_download
    assert hub.asked("GET") == [] and hub.asked("HEAD")


def test_ready_once_the_weights_are_here(hub: Hub, add: Add) -> None:
    wanted = pinned(BODY, hub.publish(REPO, {"net.bin": BODY}))
    spec = spec_for(add, (wanted,))
    assert found_out(spec).readiness is Readiness.TO_FETCH
    fetch(wanted)
    asked = len(hub.seen)
    found = found_out(spec)
    assert (found.readiness, found.missing, found.device) == (Readiness.READY, 0, "cpu")
    assert len(hub.seen) == asked


def test_nothing_is_to_be_fetched_before_a_closed_door(hub: Hub, add: Add) -> None:
    closed = pinned(
        BODY, hub.publish("org/closed", {"a.bin": BODY}, gated=True), "a.bin", "org/closed"
    )
    open_ = pinned(BODY, hub.publish(REPO, {"net.bin": BODY}))
    found = found_out(spec_for(add, (open_, closed)))
    assert kinds(found) == [Hurdle.ACCESS]
    assert found.readiness is Readiness.BLOCKED and found.missing == 2 * len(BODY)


def test_a_hub_that_cannot_say_is_neither_yes_nor_no(hub: Hub, add: Add) -> None:
    hub.repos[REPO] = Repo({"0" * 40: {}})
    files = (pinned(BODY, "0" * 40), pinned(BODY, "0" * 40, "more.bin"))
    found = found_out(spec_for(add, files))
    assert kinds(found) == [Hurdle.SOURCE] and "404" in found.obstacles[0].text.en


def test_what_people_must_bring_is_said_once(hub: Hub, add: Add) -> None:
    where = Text("eraser.smarteraser.by_hand")
    files = tuple(
        replace(pinned(BODY, "", path), sources=(), by_hand=where) for path in ("a.bin", "b.bin")
    )
    found = found_out(spec_for(add, files))
    assert kinds(found) == [Hurdle.FILES] and found.readiness is Readiness.BLOCKED
    assert found.obstacles[0].text.en.startswith("toy is not on this machine")


def test_offline_the_way_out_begins_with_the_network(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, add: Add
) -> None:
    monkeypatch.setenv("ERASER_LAB_OFFLINE", "1")
    found = found_out(spec_for(add, (pinned(BODY, "0" * 40),)))
    assert kinds(found) == [Hurdle.FETCH] and hub.seen == []
    assert "unset ERASER_LAB_OFFLINE" in found.obstacles[0].text.en


@pytest.mark.parametrize(("share", "fits"), [(1.04, False), (1.06, True)])
def test_the_disk_must_have_a_twentieth_more(hub: Hub, add: Add, share: float, fits: bool) -> None:
    wanted = pinned(BODY, hub.publish(REPO, {"net.bin": BODY}))
    machine = replace(ROOMY, disk=int(share * len(BODY)))
    found = found_out(spec_for(add, (wanted,)), machine)
    assert kinds(found) == ([Hurdle.FETCH] if fits else [Hurdle.DISK, Hurdle.FETCH])


# --- the program and the machine -----------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "kind", "way"),
    [
        ({"packages": ("no_such_package",)}, Hurdle.PACKAGES, "pip install no_such_package"),
        ({"devices": ("cuda",)}, Hurdle.DEVICE, ""),
        ({"unavailable": Text("eraser.co_mod_gan.summary")}, Hurdle.NOWHERE, ""),
        ({"memory": 9 * GB}, Hurdle.MEMORY, "python -m methods fits"),
    ],
)
def test_what_no_download_mends(
    clean: object, add: Add, more: Mapping[str, Any], kind: Hurdle, way: str
) -> None:
    found = found_out(spec_for(add, **more))
    assert kinds(found) == [kind] and found.obstacles[0].way == way
    assert found.readiness is Readiness.BLOCKED


# --- memory --------------------------------------------------------------------------------

SPECS = [spec for spec in list_erasers() if issubclass(get_eraser(spec.id), DiffusionEraser)]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: str(spec.id))
def test_each_diffusion_eraser_knows_its_parts_before_they_are_here(spec: EraserSpec) -> None:
    eraser = get_eraser(spec.id)
    settings = eraser.Settings()
    whole = eraser().expected_memory(settings, "cpu")
    half = eraser().expected_memory(settings, "cuda")
    made = eraser()
    assert isinstance(made, DiffusionEraser) and set(whole) == set(made.parts(settings))
    rounding = len(whole)
    assert 0 <= spec.memory - sum(whole.values()) <= rounding
    assert 0 <= spec.memory // 2 - sum(half.values()) <= rounding


@pytest.mark.parametrize(
    ("eraser", "card", "main", "setting", "lacking"),
    [
        ("flux_fill", 46, 64, "fast", ""),
        ("qwen_image_edit", 46, 64, "balanced", ""),  # its encoder takes turns with the rest
        ("flux_fill", 16, 64, "small", ""),
        ("flux_fill", 1, 64, "small", "device"),
        ("flux_fill", 46, 16, "fast", "main"),
        ("sd_inpainting", 4, 64, "fast", ""),
        ("lama", 4, 64, "", ""),
    ],
)
def test_the_plan_for_a_gpu(eraser: str, card: int, main: int, setting: str, lacking: str) -> None:
    budget: dict[DeviceName, int] = {"cuda": card * GB, "cpu": 8 * GB}
    machine = Machine("cuda", budget, main * GB, disk=0)
    plan = outlook(get_eraser(eraser), "cuda", machine)
    assert (plan.setting, plan.lacking) == (setting, lacking)
    assert plan.needed <= plan.free or plan.lacking


@pytest.mark.parametrize(("budget", "lacking"), [(4 * GB, ""), (3 * GB, "main")])
def test_on_a_cpu_nothing_moves_a_model_out_of_the_way(budget: int, lacking: str) -> None:
    plan = outlook(get_eraser("sd_inpainting"), "cpu", replace(ROOMY, budget={"cpu": budget}))
    assert (plan.needed, plan.setting, plan.lacking) == (3_800_000_000 - 1, "", lacking)


def test_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERASER_LAB_DEVICE", "cpu")
    monkeypatch.delenv("ERASER_LAB_MEMORY")
    monkeypatch.setattr(memory, "free_memory", lambda: 10 * GIB)
    found = survey()
    assert found.device == "cpu" and found.budget == {"cpu": 6 * GIB}
    assert found.main > 0 and found.disk > 0


def test_an_idle_gpu_is_told_whatever_lies_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setenv("ERASER_LAB_DEVICE", "cuda")
    monkeypatch.delenv("ERASER_LAB_MEMORY")
    with emulated("cuda", gib=24):
        lies_there = torch.empty(GIB, dtype=torch.uint8, device="cuda")
        now, idle = survey().budget["cuda"], survey(idle=True).budget["cuda"]
        assert idle == 24 * GIB - memory.GPU_MARGIN
        assert 0 < now <= idle - lies_there.numel()
