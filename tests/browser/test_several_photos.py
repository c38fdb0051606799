"""Several photos at once: a tray of them, one table with a row for each; dilations in one table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHOTOS = ("one.png", "two.png")


@pytest.fixture
def photos(tmp_path: Path, examples_dir: Path) -> list[Path]:
    """Two small photos of the same size."""
    paths = [tmp_path / name for name in PHOTOS]
    for path, source in zip(paths, ("rocket.jpg", "tree.jpg"), strict=True):
        with Image.open(examples_dir / source) as photo:
            photo.convert("RGB").resize((240, 160)).save(path)
    return paths


def dropped(tab: Any, photos: list[Path]) -> None:
    tab.page.set_input_files("[data-testid=file]", photos)
    tab.page.wait_for_selector(".lab-tray .lab-shelf-item >> nth=1")
    tab.page.wait_for_function("eraserLab.photo && eraserLab.photo.name === 'one.png'")


def test_photos_are_rows_and_survive_a_reload(tab: Any, photos: list[Path]) -> None:
    dropped(tab, photos)
    tab.page.click("button[data-tool=brush]")
    tab.click(120, 80)
    tab.choose("telea", "navier_stokes")
    assert tab.page.inner_text("[data-testid=erase]") == "Erase with 2 erasers"
    tab.page.click("[data-testid=tray-same]")
    tab.page.wait_for_selector("[data-testid=erase]:has-text('2 photos')")
    assert "4 results" in tab.page.inner_text("#lab-why")
    tab.page.click("[data-testid=erase]")
    tab.page.wait_for_selector(".lab-result[data-state=done] >> nth=3")
    tab.finished()
    rows = tab.page.locator(".lab-sweep-row strong").all_inner_texts()
    assert rows == list(PHOTOS)
    assert tab.page.locator(".lab-sweep-column").count() == 2
    tab.reload()
    tab.page.wait_for_selector(".lab-result[data-state=done] >> nth=3")
    assert tab.page.locator(".lab-sweep-row strong").all_inner_texts() == rows
    assert tab.page.locator(".lab-tray .is-selected").count() == 2
    tab.page.locator(".lab-result .lab-name").nth(2).click()
    tab.page.wait_for_selector("dialog.lab-viewer[open]")
    assert not tab.errors


def test_dilations_are_one_grid(tab: Any, photos: list[Path]) -> None:
    tab.photo(photos[0])
    tab.page.click("button[data-tool=brush]")
    tab.click(120, 80)
    tab.choose("telea")
    tab.page.click("[data-testid=sweep]")
    tab.page.fill("[data-axis=dilate]", "0, 8, 16")
    tab.page.wait_for_selector("[data-testid=sweep-plan]:has-text('3 results')")
    tab.page.click("[data-testid=sweep-go]:enabled")
    tab.page.wait_for_selector(".lab-result[data-state=done] >> nth=2")
    names = tab.page.locator(".lab-result h3").all_inner_texts()
    assert names == ["Telea · dilate 0", "Telea · dilate 8", "Telea · dilate 16"]
    assert tab.page.locator(".lab-sweep-row").count() == 0  # what is one row fills the window
    assert not tab.errors
