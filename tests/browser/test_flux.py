"""The erasers on FLUX.1 in a real browser, on a tiny FLUX: cards, steps, Stop."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

import tiny_flux
from methods import load_image

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NAMES = ("omnieraser", "omnipaint", "flux_fill")
ROCKET = (320.0, 165.0)


@pytest.fixture(scope="module")
def with_flux(local_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of tiny models, with FLUX beside them."""
    folder = tmp_path_factory.mktemp("with-flux")
    shutil.copytree(local_models, folder, dirs_exist_ok=True)
    for name, build in tiny_flux.FLUX.items():
        build(folder / name)
    return folder


@pytest.fixture
def selected(tab: Any, with_flux: Path, examples_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A tab with the rocket selected, and the tiny FLUX in place."""
    monkeypatch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(with_flux))
    tab.open()
    tab.photo(examples_dir / "rocket.jpg")
    tab.click(*ROCKET)
    return tab


def steps(tab: Any, eraser: str, count: int) -> None:
    """Set the number of steps on an eraser's card."""
    field = f"#lab-{eraser}-num_inference_steps"
    if not tab.page.is_visible(field):
        tab.page.click(f"[data-card={eraser}] summary")
    tab.page.fill(field, str(count))
    tab.page.press(field, "Tab")


@pytest.mark.parametrize("name", NAMES)
def test_the_card_says_what_to_accept(selected: Any, name: str) -> None:
    selected.page.click(f"[data-card={name}] summary")
    text = selected.page.inner_text(f"[data-card={name}]")
    assert "non-commercial" in text
    page = "FLUX.1-Fill-dev" if name == "flux_fill" else "FLUX.1-dev"
    assert f"huggingface.co/black-forest-labs/{page}" in text and "HF_TOKEN" in text


def test_all_three_erase_on_one_flux(selected: Any, examples_dir: Path) -> None:
    for name in NAMES:
        steps(selected, name, 2)
    selected.choose(*NAMES)
    selected.erase()
    photo = load_image(examples_dir / "rocket.jpg").rgb
    for name in NAMES:
        assert selected.card(name).get_attribute("data-state") == "done"
        assert selected.card(name).get_attribute("data-changed") == "0"
        file = selected.result(name)
        result = np.asarray(Pillow.open(file).convert("RGB"))
        assert result.shape == photo.shape and (result != photo).any()


def test_stop_between_two_steps_and_once_more(selected: Any) -> None:
    steps(selected, "omnieraser", 150)
    steps(selected, "omnipaint", 2)
    selected.choose("omnieraser")
    selected.page.click("[data-testid=erase]")
    selected.page.wait_for_function(
        "document.querySelector('.lab-result[data-eraser=omnieraser] progress')?.value > 0"
    )
    selected.page.click("[data-testid=stop]")
    selected.finished()
    assert selected.card("omnieraser").get_attribute("data-state") == "stopped"
    selected.choose("omnipaint")  # on the transformer that was just left
    selected.erase()
    assert selected.card("omnipaint").get_attribute("data-state") == "done"
