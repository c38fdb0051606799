"""Every eraser on the page: pick it, run it on tiny random weights, see its card finish.

One server has them all, and a new eraser is tested as soon as `tiny_models` makes its models.
Crops are reduced more than the erasers want it, because it is their way that counts here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from canvas_tools import shrink_canvases, shrink_pictures
from methods import EraserSpec, find_weights, get_eraser, list_erasers
from methods._engine.registry import missing_packages

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # `test_erasing` guards the way by default

QUICK = {"num_inference_steps": "2", "init": "telea"}
ROCKET = (320.0, 165.0)


@pytest.fixture(scope="session")
def local_models(tiny_erasers: Path) -> Path:
    """In place of the other tests' folder: one with tiny models of all erasers."""
    return tiny_erasers


@pytest.fixture(autouse=True)
def small_canvases(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the way to the card that counts here."""
    shrink_canvases(monkeypatch)
    shrink_pictures(monkeypatch)


@pytest.fixture(scope="module")
def selected(shared_tabs: Callable[..., Any], examples_dir: Path) -> Any:
    """A tab with the rocket selected and all cards in sight."""
    tab = shared_tabs(locale="en-US").open()
    tab.photo(examples_dir / "rocket.jpg")
    tab.click(*ROCKET)
    return tab


def make_quick(tab: Any, spec: EraserSpec) -> dict[str, str]:
    """Turn the card's own controls; returns what was set."""
    fields = get_eraser(spec.id).Settings.model_fields
    wanted = {name: value for name, value in QUICK.items() if name in fields}
    if wanted:
        tab.page.click(f"[data-card={spec.id}] summary")
    for name, value in wanted.items():
        control = tab.page.locator(f"#lab-{spec.id}-{name}")
        if control.evaluate("control => control.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
            control.press("Tab")
    return wanted


def can_run(spec: EraserSpec) -> None:
    """Skip where its weights are neither tiny nor here."""
    kind = get_eraser(spec.id)
    init = {"init": "telea"} if "init" in kind.Settings.model_fields else {}
    for weight in kind.weights_for(kind.Settings.model_validate(init)):
        if find_weights(weight) is None:
            pytest.skip(f"{weight.name} is not on this machine")


def one_by_one() -> Iterator[Any]:
    for spec in list_erasers():
        yield pytest.param(spec, id=spec.id)


@pytest.mark.parametrize("spec", one_by_one())
def test_its_card_finishes(spec: EraserSpec, selected: Any) -> None:
    card = selected.page.locator(f"[data-card={spec.id}]")
    assert spec.name in card.inner_text()
    if spec.unavailable is not None or missing_packages(spec):
        why = spec.unavailable.en if spec.unavailable else missing_packages(spec)[0]
        assert why in card.text_content()  # behind its press
        assert selected.page.is_disabled(f"#lab-use-{spec.id}")
        return
    can_run(spec)
    selected.choose(spec.id)
    wanted = make_quick(selected, spec)
    selected.erase()
    result = selected.card(spec.id)
    assert result.get_attribute("data-state") == "done", result.inner_text()
    assert result.get_attribute("data-changed") == "0"
    for name, value in wanted.items():
        assert selected.page.input_value(f"#lab-{spec.id}-{name}") == value
