"""How erasers stand, in one word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from methods import (
    Family,
    Hurdle,
    Machine,
    Obstacle,
    Standing,
    Verbatim,
    family_of,
    get_eraser,
    known_facts,
    list_erasers,
    needed_weights,
    report,
    standing_of,
    weight_status,
)
from methods._engine.readiness import Report

ROOMY = Machine("cpu", {"cpu": 500 * 2**30}, 500 * 2**30, 2**40)


def found(name: str, machine: Machine = ROOMY) -> Report:
    """Nothing of its weights is here."""
    spec = get_eraser(name).spec
    files = needed_weights(spec)
    return report(spec, machine, [known_facts(file, weight_status(file)) for file in files])


@pytest.fixture(autouse=True)
def nothing_here(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path_factory.mktemp("weights")))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path_factory.mktemp("hub")))


@pytest.mark.parametrize(
    ("name", "standing"),
    [
        ("telea", Standing.READY),
        ("lama", Standing.TO_FETCH),
        ("catdiffusion", Standing.NO_WEIGHTS),
        ("co_mod_gan", Standing.CANNOT),
    ],
)
def test_by_what_is_in_the_way(name: str, standing: Standing) -> None:
    assert standing_of(found(name)) is standing


@pytest.mark.parametrize("lacking", ["memory", "disk"])
def test_too_large_for_memory_or_disk(lacking: str) -> None:
    small = {"memory": replace(ROOMY, budget={"cpu": 2**30}), "disk": replace(ROOMY, disk=2**30)}
    assert standing_of(found("sdxl_inpainting", small[lacking])) is Standing.TOO_LARGE
    assert standing_of(found("catdiffusion", small[lacking])) is Standing.NO_WEIGHTS


def test_a_missing_package_is_graver_than_all() -> None:
    missing = Obstacle(Hurdle.PACKAGES, Verbatim({"en": "No."}))
    one = replace(found("catdiffusion"), obstacles=(missing,))
    assert standing_of(one) is Standing.CANNOT


def test_every_eraser_has_a_family_and_the_families_are_what_they_say() -> None:
    families = {spec.id: family_of(get_eraser(spec.id)) for spec in list_erasers()}
    assert families["telea"] is Family.CLASSICAL and families["lama"] is Family.NETWORK
    assert families["powerpaint"] is Family.DIFFUSION
    assert families["qwen_image_edit"] is Family.TRANSFORMER
    assert set(families.values()) == set(Family)
