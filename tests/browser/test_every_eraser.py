"""Every eraser on the page: picked, run on tiny weights of the real classes, its card finished."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

import tiny_lama
import tiny_models
from methods import EraserSpec, list_erasers, load_image
from methods._registry import missing_packages
from tiny_grounding import save_tiny_grounding

pytestmark = pytest.mark.browser

SPECS = list_erasers()
RUNNING = [spec for spec in SPECS if spec.unavailable is None]
VARIANTS = [("powerpaint", {"version": "v1_merged"}), ("powerpaint", {"version": "v2"})]
QUICK = {"num_inference_steps": "2", "init": "telea"}
"""Where an eraser has such settings; no other eraser's weights are then needed."""


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny random weights of everything."""
    folder = tiny_models.save_all(tmp_path_factory.mktemp("tiny"))
    tiny_lama.save(folder)
    save_tiny_grounding(folder)
    return folder


@pytest.fixture(autouse=True)
def our_models(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the detector's alone."""
    monkeypatch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(tiny_folder))


@pytest.fixture(scope="module")
def photo(examples_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rocket with some sky, small."""
    image = load_image(examples_dir / "rocket.jpg").rgb[110:270, 220:420]
    file = tmp_path_factory.mktemp("photo") / "rocket.png"
    Pillow.fromarray(image).save(file)
    return file


@pytest.fixture(scope="module")
def bench(
    browser: Any, lab_url: str, new_tab: Any, photo: Path, tiny_folder: Path
) -> Iterator[Any]:
    """One tab for all of them, with the rocket selected."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(tiny_folder))
        context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
        tab = new_tab(context.new_page(), lab_url).open()
    tab.page.set_default_timeout(280_000)
    tab.photo(photo)
    tab.click(100, 60)
    yield tab
    assert tab.errors == [] and tab.foreign == []
    context.close()


def case(spec_id: str, **values: Any) -> Any:
    return pytest.param(spec_id, values, id="-".join([spec_id, *values.values()]))


def fill(tab: Any, eraser: str, values: dict[str, str]) -> None:
    """Open the card's settings, and set those that it has."""
    tab.page.evaluate(
        "id => document.querySelector(`[data-card=${id}] details`).open = true", eraser
    )
    for name, value in values.items():
        control = tab.page.locator(f"#lab-{eraser}-{name}")
        if not control.count():
            continue
        if control.evaluate("element => element.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
            control.press("Tab")


@pytest.mark.parametrize(
    ("eraser", "values"),
    [*(case(spec.id) for spec in RUNNING), *(case(name, **v) for name, v in VARIANTS)],
)
def test_it_is_picked_run_and_finished(
    bench: Any, eraser: str, values: dict[str, str], photo: Path
) -> None:
    spec = next(spec for spec in SPECS if spec.id == eraser)
    if missing := missing_packages(spec):
        assert bench.page.is_disabled(f"#lab-use-{eraser}")
        assert missing[0] in bench.page.inner_text(f"[data-card={eraser}]")
        return
    bench.choose(eraser)
    fill(bench, eraser, QUICK | values)
    bench.erase()
    card = bench.card(eraser)
    assert card.get_attribute("data-state") == "done", card.inner_text()
    assert "0 pixels changed" in card.inner_text()
    result = Pillow.open(bench.download(f".lab-result[data-eraser={eraser}] a[download]"))
    before = np.asarray(Pillow.open(photo))
    after = np.asarray(result.convert("RGB"))
    assert after.shape == before.shape
    changed = (after != before).any(axis=2)
    assert 0.01 < changed.mean() < 0.9


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
def test_its_card_says_what_one_must_know(bench: Any, spec: EraserSpec) -> None:
    """What it is, its licence, whether that forbids commercial use, its paper, its notes, and
    the size of its weights."""
    fill(bench, spec.id, {})
    text = " ".join(bench.page.inner_text(f"[data-card={spec.id}]").split())
    for expected in (spec.name, spec.summary.en, spec.license, str(spec.paper.year)):
        assert expected in text, expected
    warned = bench.page.locator(f"[data-card={spec.id}] .lab-chip.warn").count()
    assert bool(warned) == spec.non_commercial
    if spec.weights and spec.unavailable is None and not missing_packages(spec):
        assert re.search(r"ready · \d[\d.]* [kMG]B", text), "the size of its weights"
    for note in spec.notes:
        assert " ".join(note.en.split()) in text
    if spec.unavailable is not None:
        assert spec.unavailable.en.split(".")[0] in text
        assert bench.page.is_disabled(f"#lab-use-{spec.id}")
