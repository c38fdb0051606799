"""One erase after the other on the page: three steps, the way back, and the file at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

pytestmark = pytest.mark.slow

WAIT = 60000
PLACES = ((60, 60), (200, 60), (120, 150))
"""Where three discs lie on the photo."""


@pytest.fixture
def discs(tmp_path: Path) -> Path:
    """A slope with three discs on it."""
    y, x = np.mgrid[:200, :300]
    image = np.stack([60 + x // 4, 90 + y // 3, 120 - x // 8], axis=2).astype(np.uint8)
    for at_x, at_y in PLACES:
        image[(x - at_x) ** 2 + (y - at_y) ** 2 < 20**2] = (220, 30, 40)
    path = tmp_path / "discs.png"
    Pillow.fromarray(image).save(path)
    return path


def erase_disc(tab: Any, place: tuple[int, int]) -> None:
    tab.click(*place)
    tab.erase()


def steps_of(tab: Any) -> list[str]:
    return [str(text) for text in tab.page.locator(".lab-step").all_inner_texts()]


def wait_for_step(tab: Any, place: int) -> None:
    tab.page.wait_for_selector(f'.lab-step[data-step="{place}"][aria-current=step]', timeout=WAIT)


def test_three_steps_and_the_way_back(tab: Any, discs: Path) -> None:
    tab.photo(discs)
    tab.choose("telea")
    for number, place in enumerate(PLACES[:2], 1):
        erase_disc(tab, place)
        tab.card("telea").locator("[data-testid=continue]").click(timeout=WAIT)
        wait_for_step(tab, number)
        assert tab.page.is_hidden(".lab-results") and tab.page.is_disabled("[data-testid=erase]")
    assert steps_of(tab) == ["Original", "1 · Telea", "2 · Telea"]
    erase_disc(tab, PLACES[2])
    done, first = (np.asarray(Pillow.open(path)) for path in (tab.result("telea"), discs))
    changed = (done != first).any(-1)
    for x, y in PLACES:
        assert changed[y, x]
    y, x = np.mgrid[:200, :300]
    near = [(x - at_x) ** 2 + (y - at_y) ** 2 < 45**2 for at_x, at_y in PLACES]
    assert not changed[~np.logical_or.reduce(near)].any()

    tab.page.locator("[data-testid=stage]").focus()
    tab.page.keyboard.press("Control+z")  # the click
    tab.page.keyboard.press("Control+z")  # the second erase
    wait_for_step(tab, 1)
    tab.page.wait_for_selector("[data-testid=erase]:enabled", timeout=WAIT)  # its mask is there
    tab.page.keyboard.press("Control+Shift+z")
    wait_for_step(tab, 2)
    tab.page.click('.lab-step[data-step="0"]')
    wait_for_step(tab, 0)
    assert len(steps_of(tab)) == 3
    tab.reload()
    wait_for_step(tab, 0)
    erase_disc(tab, PLACES[2])
    tab.card("telea").locator(".lab-name").click()
    tab.page.keyboard.press("n")
    wait_for_step(tab, 1)
    assert steps_of(tab) == ["Original", "1 · Telea"]
