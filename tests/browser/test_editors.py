"""The editing models in a real browser, on tiny ones: cards, settings, steps, Stop."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

import tiny_editors
from methods import load_image

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NAMES = ("flux2_klein", "qwen_image_edit")
ROCKET = (320.0, 165.0)


@pytest.fixture(scope="module")
def with_editors(local_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of tiny models, with the editors beside them."""
    folder = tmp_path_factory.mktemp("with-editors")
    shutil.copytree(local_models, folder, dirs_exist_ok=True)
    for name, build in tiny_editors.EDITORS.items():
        build(folder / name)
    return folder


@pytest.fixture
def selected(
    tab: Any, with_editors: Path, examples_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """A tab with the rocket selected, and the tiny editors in place."""
    monkeypatch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(with_editors))
    tab.open()
    tab.photo(examples_dir / "rocket.jpg")
    tab.click(*ROCKET)
    return tab


def field(tab: Any, eraser: str, name: str) -> str:
    """A setting on an eraser's opened card."""
    found = f"#lab-{eraser}-{name}"
    if not tab.page.is_visible(found):
        tab.page.click(f"[data-card={eraser}] summary")
    return found


def steps(tab: Any, eraser: str, count: int) -> None:
    """Set the number of steps on an eraser's card."""
    at = field(tab, eraser, "num_inference_steps")
    tab.page.fill(at, str(count))
    tab.page.press(at, "Tab")


def test_the_cards_say_how_the_object_is_shown(selected: Any) -> None:
    for name in NAMES:
        mark = field(selected, name, "mark")
        offered = selected.page.locator(f"{mark} option").all_inner_texts()
        assert {"tint", "box", "cover", "none"} <= {text.strip() for text in offered}
        text = selected.page.inner_text(f"[data-card={name}]")
        assert "takes no mask" in text and "Apache-2.0" in text
        assert selected.page.is_visible(f"#lab-{name}-quantization")


def test_both_erase_and_change_nothing_outside(selected: Any, examples_dir: Path) -> None:
    for name in NAMES:
        steps(selected, name, 2)
    selected.page.select_option(field(selected, "flux2_klein", "mark"), "tint")
    selected.choose(*NAMES)
    selected.erase()
    photo = load_image(examples_dir / "rocket.jpg").rgb
    for name in NAMES:
        assert selected.card(name).get_attribute("data-state") == "done"
        assert selected.card(name).get_attribute("data-changed") == "0"
        file = selected.result(name)
        result = np.asarray(Pillow.open(file).convert("RGB"))
        assert result.shape == photo.shape and (result != photo).any()


def test_without_a_mark_it_asks_for_words(selected: Any) -> None:
    selected.page.select_option(field(selected, "flux2_klein", "mark"), "none")
    selected.choose("flux2_klein")
    selected.page.click("[data-testid=erase]")
    selected.page.wait_for_function("document.body.innerText.includes('must say what to remove')")


def test_stop_between_two_steps_and_once_more(selected: Any) -> None:
    steps(selected, "flux2_klein", 50)
    selected.choose("flux2_klein")
    selected.page.click("[data-testid=erase]")
    selected.page.wait_for_function(
        "document.querySelector('.lab-result[data-eraser=flux2_klein] progress')?.value > 0"
    )
    selected.page.click("[data-testid=stop]")
    selected.finished()
    assert selected.card("flux2_klein").get_attribute("data-state") == "stopped"
    steps(selected, "flux2_klein", 2)
    selected.erase()
    assert selected.card("flux2_klein").get_attribute("data-state") == "done"
