"""Several objects, the brush, the mask's shape, and masks and cases as files."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

pytestmark = pytest.mark.browser
Tabs = Callable[..., Any]

ROCKET = (320.0, 165.0)
ROCKET_BOX = (296.0, 122.0, 346.0, 424.0)


@pytest.fixture
def rocket_tab(tab: Any, examples_dir: Path) -> Any:
    """A tab with the rocket photo open."""
    tab.photo(examples_dir / "rocket.jpg")
    return tab


def drag(tab: Any, *points: tuple[float, float], **options: Any) -> None:
    """Press, move through the points, release; waits for the mask."""
    before = tab.count()
    tab.page.mouse.move(*tab.at(*points[0]))
    tab.page.mouse.down(**options)
    for point in points[1:]:
        tab.page.mouse.move(*tab.at(*point), steps=4)
    tab.page.mouse.up(**options)
    tab.drawn(before)


def share(mask: np.ndarray, x0: float, y0: float, x1: float, y1: float) -> float:
    """How much of a rectangle of the photo is in the mask."""
    scale = mask.shape[1] / 640
    return float(mask[int(y0 * scale) : int(y1 * scale), int(x0 * scale) : int(x1 * scale)].mean())


@pytest.mark.slow
def test_the_mask_is_the_union_of_objects_that_are_on(rocket_tab: Any) -> None:
    rocket_tab.box(*ROCKET_BOX)
    rocket = rocket_tab.mask()
    rocket_tab.page.click("[data-testid=new-object]")
    rocket_tab.click(60, 60)
    both = rocket_tab.mask()
    assert (both & rocket).sum() > 0.97 * rocket.sum()
    assert both.sum() > rocket.sum()
    before = rocket_tab.count()
    rocket_tab.page.click("[aria-label='Object 1 in the mask']")
    rocket_tab.drawn(before)
    assert (rocket_tab.mask() & rocket).sum() < 0.5 * rocket.sum()
    before = rocket_tab.count()
    rocket_tab.page.click("[aria-label='Remove object 2']")
    rocket_tab.page.click("[aria-label='Object 1 in the mask']")
    rocket_tab.drawn(before)
    assert np.array_equal(rocket_tab.mask(), rocket)


@pytest.mark.slow
def test_a_negative_box_takes_its_part_away(rocket_tab: Any) -> None:
    rocket_tab.box(*ROCKET_BOX)
    assert share(rocket_tab.mask(), 312, 300, 330, 380) > 0.8
    rocket_tab.page.click("[data-sign=minus]")
    rocket_tab.box(290, 290, 350, 400)
    assert rocket_tab.page.locator(".lab-box.minus").count() == 1
    assert share(rocket_tab.mask(), 312, 300, 330, 380) < 0.2


def test_the_brush_adds_and_takes_away(rocket_tab: Any) -> None:
    rocket_tab.page.click("[data-tool=brush]")
    rocket_tab.page.fill("[data-testid=brush-size]", "20")
    drag(rocket_tab, (400, 60), (520, 60))
    painted = rocket_tab.mask()
    assert share(painted, 410, 52, 510, 68) > 0.95
    assert painted.mean() < 0.05
    drag(rocket_tab, (455, 40), (455, 80), button="right")
    assert share(rocket_tab.mask(), 448, 52, 462, 68) < 0.1
    drawn = rocket_tab.count()
    rocket_tab.page.keyboard.press("Control+z")
    rocket_tab.drawn(drawn)
    assert np.array_equal(rocket_tab.mask(), painted)
    rocket_tab.choose("telea")
    rocket_tab.erase()
    assert rocket_tab.card("telea").get_attribute("data-state") == "done"


@pytest.mark.slow
def test_a_stroke_is_on_the_screen_before_the_server_answers(rocket_tab: Any) -> None:
    rocket_tab.page.click("[data-tool=brush]")
    rocket_tab.page.mouse.move(*rocket_tab.at(400, 60))
    rocket_tab.page.mouse.down()
    rocket_tab.page.mouse.move(*rocket_tab.at(500, 60), steps=5)
    inked = rocket_tab.page.evaluate(
        """(() => { const c = document.querySelector('.lab-scratch');
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        let n = 0; for (let k = 3; k < d.length; k += 4) n += d[k] > 0; return n; })()"""
    )
    assert inked > 500
    assert rocket_tab.count() == 0
    rocket_tab.page.mouse.up()
    rocket_tab.drawn(0)


@pytest.mark.slow
def test_touch_paints(tabs: Tabs, examples_dir: Path) -> None:
    tab = tabs(
        locale="en-US", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    ).open()
    tab.photo(examples_dir / "rocket.jpg")
    tab.tap_button("button[data-tool=brush]")
    tab.page.locator("[data-testid=stage]").scroll_into_view_if_needed()
    tab.touch_drag(tab.at(400, 60), tab.at(520, 60))
    tab.drawn(0)
    assert share(tab.mask(), 420, 55, 500, 65) > 0.9


@pytest.mark.slow
def test_shape_controls_change_the_mask_and_undo_as_one_step(rocket_tab: Any) -> None:
    rocket_tab.box(*ROCKET_BOX)
    exact = rocket_tab.mask()
    rocket_tab.page.click("[data-t='shape.title']:visible")
    before = rocket_tab.count()
    rocket_tab.page.fill("[data-testid=precision]", "1")
    rocket_tab.drawn(before)
    boxed = rocket_tab.mask()
    rows, columns = np.nonzero(boxed)
    assert boxed[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].mean() > 0.97
    before = rocket_tab.count()
    rocket_tab.page.check("[data-testid=invert]", force=True)
    rocket_tab.drawn(before)
    assert (rocket_tab.mask() != boxed).mean() > 0.99
    for _ in range(2):
        rocket_tab.page.keyboard.press("Control+z")
    rocket_tab.page.wait_for_timeout(600)
    assert np.array_equal(rocket_tab.mask(), exact)


@pytest.mark.slow
def test_a_mask_goes_out_and_comes_back_bit_for_bit(
    rocket_tab: Any, tabs: Tabs, examples_dir: Path
) -> None:
    rocket_tab.box(*ROCKET_BOX)
    rocket_tab.page.click("[data-t='mask.title']:visible")
    with rocket_tab.page.expect_download() as download:
        rocket_tab.page.click("[data-testid=mask-download]")
    file = Path(download.value.path()).read_bytes()
    mask = np.asarray(Pillow.open(io.BytesIO(file)).convert("1"))
    assert mask.shape == (427, 640)
    other = tabs(locale="en-US").open()
    other.photo(examples_dir / "rocket.jpg")
    other.page.set_input_files(
        "[data-testid=mask-file]", {"name": "m.png", "mimeType": "image/png", "buffer": file}
    )
    other.drawn(0)
    assert "null" not in other.page.inner_text("[data-testid=status]")  # nobody was asked
    other.page.click(".lab-pop:has([data-testid=mask-download]) > button")
    with other.page.expect_download() as download:
        other.page.click("[data-testid=mask-download]")
    again = np.asarray(Pillow.open(download.value.path()).convert("1"))
    assert np.array_equal(again, mask)


@pytest.mark.slow
def test_a_mask_of_another_aspect_is_refused_with_both_sizes(rocket_tab: Any) -> None:
    file = io.BytesIO()
    Pillow.new("L", (100, 100)).save(file, "PNG")
    rocket_tab.page.set_input_files(
        "[data-testid=mask-file]",
        {"name": "m.png", "mimeType": "image/png", "buffer": file.getvalue()},
    )
    notice = rocket_tab.page.wait_for_selector(".lab-notice.error").inner_text()
    assert "100" in notice
    assert "640" in notice


@pytest.mark.slow
def test_a_case_file_repeats_the_case_exactly(
    rocket_tab: Any, tabs: Tabs, examples_dir: Path
) -> None:
    rocket_tab.box(*ROCKET_BOX)
    rocket_tab.page.click("[data-tool=brush]")
    drag(rocket_tab, (400, 60), (520, 60))
    mask = rocket_tab.mask()
    rocket_tab.choose("telea")
    rocket_tab.page.click("[data-t='mask.title']:visible")
    with rocket_tab.page.expect_download() as download:
        rocket_tab.page.click("[data-testid=case-export]")
    case = Path(download.value.path()).read_bytes()
    assert json.loads(case)["photo"]["width"] == 640
    other = tabs(locale="en-US").open()
    other.photo(examples_dir / "rocket.jpg")
    other.page.click("[data-t='mask.title']:visible")
    with other.page.expect_file_chooser() as chooser:
        other.page.click("[data-testid=case-import]")
    chooser.value.set_files({"name": "c.json", "mimeType": "application/json", "buffer": case})
    other.drawn(0)
    assert np.array_equal(other.mask(), mask)
    other.page.wait_for_function(
        """() => [...document.querySelectorAll('[data-eraser]:checked')]
        .map(n => n.dataset.eraser).join() === 'telea'"""
    )


@pytest.mark.slow
def test_hovering_previews_what_a_click_would_select(rocket_tab: Any) -> None:
    rocket_tab.click(*ROCKET)  # the photo is encoded, the decoder is warm
    rocket_tab.page.click("[data-testid=new-object]")
    rocket_tab.page.mouse.move(*rocket_tab.at(60, 60))
    rocket_tab.page.wait_for_selector(".lab-preview:not([hidden])")
    assert rocket_tab.page.locator(".lab-mark").count() == 1  # nothing has been selected by it
    rocket_tab.page.mouse.move(2, 2)
    rocket_tab.page.wait_for_selector(".lab-preview", state="hidden")


def test_the_mask_survives_run_undo_reload_and_language(rocket_tab: Any) -> None:
    rocket_tab.box(*ROCKET_BOX)
    rocket_tab.page.click("[data-tool=brush]")
    drag(rocket_tab, (400, 60), (520, 60))
    mask = rocket_tab.mask()
    rocket_tab.choose("telea")
    rocket_tab.erase()
    assert np.array_equal(rocket_tab.mask(), mask)
    rocket_tab.page.click("#lab-language")
    assert np.array_equal(rocket_tab.mask(), mask)
    rocket_tab.reload()
    rocket_tab.drawn(0)
    assert np.array_equal(rocket_tab.mask(), mask)
