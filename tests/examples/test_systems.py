"""The list of the documents' systems says what the registry does, on the page and on paper."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from examples.systems import State, anywhere, as_markdown, standings, systems
from methods import EraserSpec, Text, Verbatim, list_erasers
from methods._engine.registry import found

ROOT = Path(__file__).resolve().parents[2]


def bare(name: str) -> str:
    """A name without what stands in brackets, its letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\(.*?\)", "", name.lower()))


def test_all_systems_of_the_documents_are_listed() -> None:
    listed = systems().systems
    assert len(listed) == 35
    assert sum(system.document == "editing" for system in listed) == 24
    assert sum(system.group == "weak supervision" for system in listed) == 10
    assert sum(system.group == "self-supervision" for system in listed) == 14
    assert {system.document for system in listed} == set(systems().documents)


def test_every_system_that_does_not_run_says_why() -> None:
    for standing in standings():
        if standing.state in ("cannot", "other"):
            assert standing.why is not None, standing.system.name
            assert standing.why.en
            assert standing.why.said("zh")


def test_what_runs_here_is_in_the_registry() -> None:
    known = {spec.id for spec in list_erasers()}
    for standing in standings():
        if standing.state in ("here", "yours"):
            assert standing.spec is not None
            assert standing.spec.id in known


def test_no_eraser_of_a_systems_name_is_overlooked() -> None:
    linked = {standing.spec.id for standing in standings() if standing.spec is not None}
    names = {bare(standing.system.name) for standing in standings()}
    overlooked = {spec.id for spec in list_erasers() if bare(spec.name) in names} - linked
    assert overlooked == set()


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("PowerPaint", "here"),
        ("SmartEraser", "yours"),
        ("CAT-Diffusion", "yours"),
        ("Co-Mod-GAN", "cannot"),
        ("Imagen Editor", "cannot"),
        ("AnyDoor", "other"),
    ],
)
def test_the_states_are_computed(name: str, state: str) -> None:
    by_name = {standing.system.name: standing for standing in standings()}
    assert by_name[name].state == state


def test_an_eraser_that_goes_takes_its_promise_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(found().erasers, "lama")
    lama = next(standing for standing in standings() if standing.system.name == "LaMa")
    assert lama.state == "cannot"


def test_a_machine_has_states_of_its_own() -> None:
    why = Verbatim({"en": "No.", "zh": "不。"})

    def place(spec: EraserSpec) -> tuple[State, Text | None]:
        return ("large", why) if spec.id == "lama" else anywhere(spec)

    by_name = {standing.system.name: standing for standing in standings(place)}
    assert by_name["LaMa"].state == "large"
    assert by_name["LaMa"].why == why
    assert by_name["PixelHacker"].state == "here"


def test_the_documentation_is_the_registrys() -> None:
    written = (ROOT / "docs" / "systems.md").read_text(encoding="utf-8")
    assert written == as_markdown(), "run `python -m examples.systems > docs/systems.md`"


def test_what_a_host_does_not_offer_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = {each.system.name for each in standings() if each.state in ("here", "yours")}
    monkeypatch.setenv("ERASER_LAB_ERASERS", "telea")
    hidden = [each for each in standings() if each.system.name in ran and each.spec is None]
    assert len(hidden) == len(ran) and {each.state for each in hidden} == {"cannot"}
    own = [each for each in hidden if each.system.why is not None]
    assert all("ERASER_LAB_ERASERS" in str(each.why) for each in hidden if each not in own)
    assert len(own) < len(hidden) and all(each.why is each.system.why for each in own)
