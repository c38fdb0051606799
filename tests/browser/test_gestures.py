"""Every other gesture: taking away, removing a point, keys, drop and paste, fingers."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from segmentation import decode_rle
from tiers import rest_is_slow

pytestmark = pytest.mark.browser
Tabs = Callable[..., Any]

ROCKET = (320.0, 165.0)
ROCKET_BOX = (296.0, 122.0, 346.0, 424.0)
BODY = (312, 300, 330, 380)
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def boxed(tab: Any, examples_dir: Path) -> Any:
    """A tab with the rocket in a box."""
    tab.photo(examples_dir / "rocket.jpg")
    tab.box(*ROCKET_BOX)
    return tab


@pytest.fixture
def phone(tabs: Tabs, examples_dir: Path) -> Any:
    """A phone with the rocket tapped."""
    tab = tabs(locale="en-US", **PHONE).open()
    tab.photo(examples_dir / "rocket.jpg")
    tab.page.touchscreen.tap(*tab.at(*ROCKET))
    tab.drawn(0)
    return tab


def share(mask: np.ndarray, x0: float, y0: float, x1: float, y1: float) -> float:
    """How much of a rectangle of the photo is in the mask."""
    scale = mask.shape[1] / 640
    return float(mask[int(y0 * scale) : int(y1 * scale), int(x0 * scale) : int(x1 * scale)].mean())


def changed(tab: Any, act: Callable[[], Any]) -> None:
    """Do something and wait for the mask that answers it."""
    before = tab.count()
    act()
    tab.drawn(before)


def labels(tab: Any) -> list[int]:
    """What the points of the object at work say: 1 = belongs to it."""
    points = tab.page.evaluate("eraserLab.work.active.points")
    return [point["label"] for point in points]


# --- taking away -------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "way",
    ["toggle", "right", "Shift", "x"],
)
def test_a_click_takes_away(boxed: Any, way: str) -> None:
    whole = share(boxed.mask(), *BODY)
    if way == "toggle":
        boxed.page.click("[data-sign=minus]")
    if way == "x":
        boxed.page.focus("[data-testid=stage]")
    if way in ("Shift", "x"):
        boxed.page.keyboard.down(way)
    boxed.click(320, 340, button="right" if way == "right" else "left")
    if way in ("Shift", "x"):
        boxed.page.keyboard.up(way)
    assert labels(boxed) == [0]
    assert share(boxed.mask(), *BODY) < whole


@pytest.mark.slow
def test_taking_away_twice_means_adding(boxed: Any) -> None:
    boxed.page.click("[data-sign=minus]")
    boxed.click(320, 200, button="right")
    assert labels(boxed) == [1]


@pytest.mark.slow
def test_a_box_drawn_with_the_right_button_takes_away(boxed: Any) -> None:
    boxed.page.mouse.move(*boxed.at(290, 290))
    boxed.page.mouse.down(button="right")
    boxed.page.mouse.move(*boxed.at(350, 400), steps=4)
    changed(boxed, lambda: boxed.page.mouse.up(button="right"))
    assert boxed.page.locator(".lab-box.minus").count() == 1
    assert share(boxed.mask(), *BODY) < 0.2


@pytest.mark.slow
def test_clicking_a_point_removes_it(boxed: Any) -> None:
    mask = boxed.mask()
    boxed.click(320, 340, button="right")
    changed(boxed, lambda: boxed.page.click(".lab-mark"))
    assert labels(boxed) == []
    assert np.array_equal(boxed.mask(), mask)


# --- keys --------------------------------------------------------------------------------


@pytest.mark.slow
def test_keys_choose_the_level_grow_hide_and_clear(tab: Any, examples_dir: Path) -> None:
    tab.photo(examples_dir / "rocket.jpg")
    tab.click(*ROCKET)
    tab.page.focus("[data-testid=stage]")
    areas = []
    for key in "132":
        before = tab.count()
        tab.page.keyboard.press(key)
        tab.drawn(before)
        areas.append(float(tab.mask().mean()))
    assert areas[0] <= areas[2] <= areas[1]
    changed(tab, lambda: tab.page.keyboard.press("]"))
    assert tab.mask().mean() > areas[2]
    tab.page.keyboard.press("m")
    assert not tab.mask().size  # hidden, not forgotten
    tab.page.keyboard.press("m")
    assert tab.mask().any()
    tab.page.keyboard.press("n")
    tab.idle()
    assert tab.page.locator(".lab-object").count() == 2
    tab.page.keyboard.press("Delete")
    tab.idle()
    assert not tab.mask().size and tab.page.locator(".lab-mark").count() == 0


@pytest.mark.slow
def test_the_space_bar_drags_the_zoomed_photo(tab: Any, examples_dir: Path) -> None:
    tab.photo(examples_dir / "rocket.jpg")
    tab.page.focus("[data-testid=stage]")
    for _ in range(6):
        tab.page.keyboard.press("+")
    x, y = tab.at(*ROCKET)
    tab.page.keyboard.down(" ")
    tab.page.mouse.move(x, y)
    tab.page.mouse.down()
    tab.page.mouse.move(x + 60, y + 30, steps=3)
    tab.page.mouse.up()
    tab.page.keyboard.up(" ")
    assert tab.at(*ROCKET) == pytest.approx((x + 60, y + 30), abs=1.5)
    assert tab.page.locator(".lab-mark").count() == 0


# --- what comes in and goes out ----------------------------------------------------------

BRING = """async ([kind, name, type, data]) => {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const carried = new DataTransfer();
    carried.items.add(new File([bytes], name, { type }));
    const event = kind === "paste"
        ? new ClipboardEvent("paste", { clipboardData: carried, bubbles: true, cancelable: true })
        : new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true });
    document.querySelector(".lab-stage").dispatchEvent(event); }"""


def bring(tab: Any, kind: str, name: str, content: bytes) -> None:
    """Drop a file on the photo, or paste it."""
    mime = "application/json" if name.endswith(".json") else "image/jpeg"
    tab.page.evaluate(BRING, [kind, name, mime, base64.b64encode(content).decode()])


@pytest.mark.parametrize("kind", rest_is_slow(["drop", "paste"]))
def test_a_photo_can_be_dropped_and_pasted(tab: Any, examples_dir: Path, kind: str) -> None:
    bring(tab, kind, "from elsewhere.jpg", (examples_dir / "rocket.jpg").read_bytes())
    tab.page.wait_for_function("eraserLab.photo && eraserLab.photo.width === 640")
    tab.click(*ROCKET)
    assert tab.mask().any()


@pytest.mark.slow
def test_a_case_can_be_dropped(boxed: Any) -> None:
    mask = boxed.mask()
    boxed.page.click(".lab-pop:has([data-testid=case-export]) > button")
    case = boxed.download("[data-testid=case-export]").read_bytes()
    boxed.page.keyboard.press("Control+z")
    boxed.idle()
    changed(boxed, lambda: bring(boxed, "drop", "rocket.case.json", case))
    assert np.array_equal(boxed.mask(), mask)


@pytest.mark.slow
def test_an_example_brings_its_own_prompt(tab: Any) -> None:
    tab.page.click("[data-first-open=rocket]")
    tab.drawn(0)
    assert share(tab.mask(), *BODY) > 0.8


@pytest.mark.slow
def test_run_lengths_and_links_can_be_copied(tabs: Tabs, examples_dir: Path) -> None:
    tab = tabs(locale="en-US", permissions=["clipboard-read", "clipboard-write"]).open()
    tab.photo(examples_dir / "rocket.jpg")
    tab.box(*ROCKET_BOX)
    menu = ".lab-pop:has([data-testid=mask-rle]) > button"
    tab.page.click(menu)
    tab.page.click("[data-testid=mask-rle]")
    tab.page.wait_for_selector(".lab-notice")
    copied = json.loads(tab.page.evaluate("navigator.clipboard.readText()"))
    tab.page.click(menu)
    file = Pillow.open(tab.download("[data-testid=mask-download]"))
    assert np.array_equal(decode_rle(copied, (427, 640)), np.asarray(file))
    tab.choose("telea")
    tab.erase()
    tab.page.click("text=Copy link")
    tab.page.wait_for_selector("text=The link to this run is copied")
    assert tab.page.evaluate("navigator.clipboard.readText()") == tab.page.url


@pytest.mark.slow
def test_growing_in_percent_and_the_margin_are_shown(boxed: Any) -> None:
    tones = """async () => { const i = document.querySelector('.lab-view .lab-overlay');
        await i.decode(); const c = document.createElement('canvas');
        c.width = i.naturalWidth; c.height = i.naturalHeight;
        const g = c.getContext('2d'); g.drawImage(i, 0, 0);
        const d = g.getImageData(0, 0, c.width, c.height).data;
        const seen = new Set(); for (let k = 3; k < d.length; k += 4) seen.add(d[k]);
        return seen.size; }"""
    assert boxed.page.evaluate(tones) == 2
    changed(boxed, lambda: boxed.page.click("[data-testid=unit]"))
    assert "%" in boxed.page.inner_text("output[for=lab-shape-dilate]")
    few = boxed.mask().mean()
    changed(boxed, lambda: boxed.page.fill("[data-testid=dilate]", "20"))
    assert boxed.mask().mean() > few
    boxed.page.click(".lab-pop:has([data-testid=margin]) > button")
    changed(boxed, lambda: boxed.page.click("[data-testid=margin]"))
    assert boxed.page.evaluate(tones) >= 2
    assert re.search(r"\d px|No soft edge", boxed.page.inner_text("[data-testid=margin-width]"))


# --- fingers -----------------------------------------------------------------------------


@pytest.mark.slow
def test_fingers_take_away_and_remove_points(phone: Any) -> None:
    mask = phone.mask()
    phone.tap_button("button[data-sign=minus]")
    changed(phone, lambda: phone.page.touchscreen.tap(*phone.at(320, 340)))
    assert labels(phone) == [1, 0]
    phone.page.wait_for_timeout(500)  # so that the next tap is no second half of a double one
    changed(phone, lambda: phone.page.tap(".lab-mark.minus"))
    assert labels(phone) == [1]
    assert np.array_equal(phone.mask(), mask)


@pytest.mark.slow
def test_fingers_draw_boxes_of_both_kinds(phone: Any) -> None:
    phone.tap_button("button[data-tool=box]")
    changed(phone, lambda: phone.touch_drag(phone.at(296, 122), phone.at(346, 424)))
    assert share(phone.mask(), *BODY) > 0.8
    phone.tap_button("button[data-sign=minus]")
    changed(phone, lambda: phone.touch_drag(phone.at(290, 290), phone.at(350, 400)))
    assert share(phone.mask(), *BODY) < 0.2


@pytest.mark.slow
def test_fingers_brush_away(phone: Any) -> None:
    phone.tap_button("button[data-tool=brush]")
    phone.tap_button("button[data-sign=minus]")
    before = share(phone.mask(), *BODY)
    changed(phone, lambda: phone.touch_drag(phone.at(320, 290), phone.at(320, 400)))
    assert share(phone.mask(), *BODY) < before


@pytest.mark.slow
def test_fingers_reach_levels_objects_history_and_erase(phone: Any) -> None:
    changed(phone, lambda: phone.page.tap(".levels button >> nth=0"))
    small = phone.mask()
    changed(phone, lambda: phone.page.tap("[aria-label^=Undo]"))
    assert not np.array_equal(phone.mask(), small)
    phone.page.tap("[data-testid=new-object]")
    phone.idle()
    changed(phone, lambda: phone.page.touchscreen.tap(*phone.at(60, 60)))
    both = phone.mask().mean()
    changed(phone, lambda: phone.page.tap("[aria-label='Object 2 in the mask']"))
    assert phone.mask().mean() < both
    phone.choose("telea")
    phone.page.tap("[data-testid=erase]")
    phone.finished()
    assert phone.card("telea").get_attribute("data-state") == "done"
    phone.card("telea").locator(".lab-picture").tap()
    assert phone.page.inner_text("dialog.lab-viewer[open] h2") == "Telea"
