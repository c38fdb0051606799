"""The main job in a real browser, with the real networks: select, erase, compare, keep."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from methods import load_image

pytestmark = pytest.mark.browser
Tabs = Callable[..., Any]

ROCKET = (320.0, 165.0)


@pytest.fixture
def selected(tab: Any, examples_dir: Path) -> Any:
    """A tab with the rocket selected."""
    tab.photo(examples_dir / "rocket.jpg")
    tab.click(*ROCKET)
    return tab


def has_the_keyboard(control: Any) -> None:
    """Wait for the focus: a closing dialog gives it back a moment after the key."""
    from playwright.sync_api import expect  # optional, as Chromium is

    expect(control).to_be_focused()


def pixels(path: Path) -> np.ndarray:
    """A downloaded picture as the program sees it: it has the photo's own colours."""
    return load_image(path).rgb


def test_the_rocket_goes_and_nothing_else_changes(selected: Any, examples_dir: Path) -> None:
    selected.choose("migan", "patchmatch")
    selected.erase()
    photo = load_image(examples_dir / "rocket.jpg").rgb
    archive = zipfile.ZipFile(selected.download("[data-testid=zip]"))
    names = archive.namelist()
    mask_name = next(name for name in names if name.endswith("mask.png"))
    mask = np.asarray(Pillow.open(io.BytesIO(archive.read(mask_name))).convert("1"))
    assert mask.shape == photo.shape[:2]
    assert mask[165, 320]
    for eraser in ("migan", "patchmatch"):
        result = pixels(selected.result(eraser))
        assert result.shape == photo.shape
        assert np.array_equal(result[~mask], photo[~mask])
        assert np.abs(result[mask].astype(int) - photo[mask]).mean() > 25
        assert selected.card(eraser).get_attribute("data-changed") == "0"
        stored = next(name for name in names if eraser in name and name.endswith(".png"))
        plain = np.asarray(Pillow.open(io.BytesIO(archive.read(stored))).convert("RGB"))
        # In the photo's colours and back again: rounded twice.
        assert np.abs(plain.astype(int) - result)[mask].mean() < 2


@pytest.mark.slow
def test_the_zip_tells_how_to_repeat_the_run(selected: Any, examples_dir: Path) -> None:
    selected.choose("telea")
    selected.erase()
    archive = zipfile.ZipFile(selected.download("[data-testid=zip]"))
    settings = json.loads(
        archive.read(next(n for n in archive.namelist() if n.endswith("settings.json")))
    )
    text = json.dumps(settings)
    assert "telea" in text
    assert "320" in text  # the point that was clicked
    originals = [name for name in archive.namelist() if name.endswith(".jpg")]
    assert (examples_dir / "rocket.jpg").read_bytes() in [archive.read(name) for name in originals]


@pytest.mark.slow
def test_the_same_run_again_comes_from_the_cache(selected: Any) -> None:
    selected.choose("patchmatch")
    selected.erase()
    first = pixels(selected.result("patchmatch"))
    selected.erase()
    details = selected.details("patchmatch")
    assert "from the cache" in details.inner_text()
    selected.page.keyboard.press("Escape")
    assert np.array_equal(pixels(selected.result("patchmatch")), first)


@pytest.mark.slow
def test_a_card_says_of_how_many_pieces_its_result_is(tab: Any, tmp_path: Path) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (200, 2600, 3), np.uint8)
    wire = np.zeros((200, 2600), np.uint8)
    wire[90:95, 10:2590] = 255
    for name, picture in (("photo.png", noise), ("wire.png", wire)):
        Pillow.fromarray(picture).save(tmp_path / name)
    tab.photo(tmp_path / "photo.png")
    before = tab.count()
    tab.page.set_input_files("[data-testid=mask-file]", tmp_path / "wire.png")
    tab.drawn(before)
    tab.choose("telea", "slow_test")
    tab.page.click("[data-testid=erase]")
    tab.page.wait_for_selector(".lab-result[data-eraser=slow_test] progress")
    assert "pieces" not in tab.card("slow_test").inner_text(), "its canvas takes any size"
    tab.page.click("[data-testid=stop]")
    tab.finished()
    assert " · 4 pieces" in tab.details("telea").inner_text()
    tab.page.keyboard.press("Escape")
    under_way = [
        tab.page.evaluate("card => eraserLab.stateText({ state: 'running', ...card })", card)
        for card in ({"step": 2, "total": 4, "pieces": 4}, {"step": 9, "total": 40, "pieces": 4})
    ]
    assert under_way == ["piece 2 of 4", "step 9 of 40 · 4 pieces"]
    tab.switch_language()
    assert " · 4 块" in tab.details("telea").inner_text()


def test_a_failing_eraser_fails_its_own_card_only(selected: Any) -> None:
    selected.choose("failing_test", "telea")
    selected.erase()
    assert selected.card("telea").get_attribute("data-state") == "done"
    failed = selected.card("failing_test")
    assert failed.get_attribute("data-state") == "failed"
    for secret in ("secret /home", "token-1234", "Traceback", "RuntimeError"):
        assert secret not in selected.page.content()


def test_stop_in_the_middle_keeps_what_is_done(selected: Any) -> None:
    selected.choose("telea", "slow_test")
    selected.page.click("[data-testid=erase]")
    slow = selected.card("slow_test")
    selected.page.wait_for_selector(".lab-result[data-eraser=slow_test] progress")
    selected.page.click("[data-testid=stop]")
    selected.finished()
    assert slow.get_attribute("data-state") == "stopped"
    assert selected.card("telea").get_attribute("data-state") == "done"
    selected.page.wait_for_selector("[data-testid=erase]:enabled")


@pytest.mark.slow
def test_clicks_are_answered_while_an_eraser_works(selected: Any) -> None:
    selected.choose("slow_test")
    selected.page.click("[data-testid=erase]")
    selected.page.wait_for_selector(".lab-result[data-eraser=slow_test] progress")
    selected.click(320, 300)
    assert selected.page.evaluate("eraserLab.running !== null")
    selected.page.click("[data-testid=stop]")
    selected.finished()


@pytest.mark.slow
def test_one_slider_moves_every_card(selected: Any) -> None:
    selected.choose("telea", "navier_stokes")
    selected.erase()
    selected.page.fill("[data-testid=split]", "60")
    left = selected.page.evaluate(
        "[...document.querySelectorAll('.lab-before')].map(n => getComputedStyle(n).clipPath)"
    )
    assert len(left) == 2
    assert left[0] == left[1]
    assert "40%" in left[0]
    picture = selected.card("telea").locator(".lab-picture").bounding_box()
    selected.page.mouse.move(picture["x"] + 20, picture["y"] + 40)
    selected.page.mouse.down()
    selected.page.mouse.move(picture["x"] + picture["width"] * 0.25, picture["y"] + 40, steps=4)
    selected.page.mouse.up()
    assert abs(float(selected.page.input_value("[data-testid=split]")) - 25) < 1.5
    assert not selected.page.is_visible("dialog.lab-viewer")


@pytest.mark.slow
def test_the_large_view_zooms_compares_and_steps(selected: Any) -> None:
    selected.choose("telea", "navier_stokes")
    selected.erase()
    selected.card("telea").locator(".lab-picture").click()
    dialog = selected.page.wait_for_selector("dialog.lab-viewer[open]")
    assert dialog.query_selector("h2").inner_text() == "Telea"
    selected.page.mouse.move(600, 400)
    selected.page.mouse.wheel(0, -300)
    selected.page.wait_for_function(
        "!document.querySelector('.lab-viewer-layer').style.transform.includes('scale(1)')"
    )
    before = selected.page.locator(".lab-viewer-before")
    assert before.is_hidden()
    box = selected.page.locator("[data-testid=hold]").bounding_box()
    selected.page.mouse.move(box["x"] + 10, box["y"] + 10)
    selected.page.mouse.down()
    before.wait_for()
    selected.page.mouse.up()
    before.wait_for(state="hidden")
    selected.page.keyboard.press("ArrowRight")
    selected.page.wait_for_selector("dialog.lab-viewer[open] h2:text-is('Navier-Stokes')")
    selected.page.keyboard.press("Escape")
    selected.page.wait_for_selector("dialog.lab-viewer[open]", state="detached")


@pytest.mark.slow
def test_the_large_view_opens_and_closes_by_keyboard(selected: Any) -> None:
    selected.choose("telea")
    selected.erase()
    selected.page.wait_for_selector("[data-testid=readings]")  # the last that comes
    name = selected.card("telea").locator("h3 button")
    name.focus()
    selected.page.keyboard.press("Enter")
    assert selected.page.inner_text("dialog.lab-viewer[open] h2") == "Telea"
    selected.page.keyboard.press("Escape")
    has_the_keyboard(name)


@pytest.mark.slow
def test_the_keyboard_stays_where_it_is_when_a_card_is_drawn_again(selected: Any) -> None:
    """Numbers and files come later than the picture."""
    again = """() => {
        const caption = document.querySelector(".lab-result[data-eraser=telea] .lab-caption");
        const parts = [...caption.childNodes].map((part) => part.cloneNode(true));
        eraserLab.redraw(caption, ...parts); }"""
    selected.choose("telea")
    selected.erase()
    selected.page.wait_for_selector("[data-testid=readings]")  # the last that comes
    name = selected.card("telea").locator("h3 button")
    name.focus()
    selected.page.keyboard.press("Enter")
    selected.page.wait_for_selector("dialog.lab-viewer[open]")
    selected.page.evaluate(again)
    selected.page.keyboard.press("Escape")
    has_the_keyboard(name)
    selected.page.evaluate(again)
    has_the_keyboard(name)


def test_the_link_reopens_the_run_in_another_browser(selected: Any, tabs: Tabs) -> None:
    selected.choose("telea", "patchmatch")
    selected.page.evaluate("eraserLab.phrase = 'red car'")  # as if it had been found by these words
    selected.erase()
    assert "?run=" in selected.page.url
    mask = selected.mask()
    other = tabs(locale="en-US").open(selected.page.url.removeprefix(selected.url))
    other.page.wait_for_selector(".lab-result[data-eraser=patchmatch][data-state=done]")
    other.page.click("[data-testid=unfold]")
    other.page.wait_for_selector(".lab-mark")
    other.drawn(0)
    assert np.array_equal(other.mask(), mask)
    other.page.wait_for_function(
        "document.querySelector('[data-testid=phrase]').value === 'red car'"
    )
    assert other.card("telea").get_attribute("data-changed") == "0"


@pytest.mark.slow
def test_a_link_to_a_run_that_goes_on_follows_it_to_its_end(selected: Any, tabs: Tabs) -> None:
    selected.choose("slow_test")
    selected.page.click("[data-card=slow_test] summary")
    selected.page.fill("#lab-slow_test-steps", "500")  # half a minute, to be watched
    selected.page.press("#lab-slow_test-steps", "Tab")
    selected.page.click("[data-testid=erase]")
    selected.page.wait_for_selector(".lab-result[data-eraser=slow_test] progress")
    assert "?run=" in selected.page.url  # from the first moment
    other = tabs(locale="en-US").open(selected.page.url.removeprefix(selected.url))
    other.page.wait_for_selector(".lab-result[data-eraser=slow_test][data-state=running]")
    other.page.wait_for_selector(".lab-result[data-eraser=slow_test][data-state=done]")
    selected.finished()


@pytest.mark.slow
def test_a_reload_after_a_run_keeps_what_was_pointed_at_since(
    selected: Any, examples_dir: Path
) -> None:
    selected.choose("telea")
    selected.erase()
    selected.page.evaluate("scrollTo(0, 0)")
    selected.page.click("[data-testid=new-object]")
    selected.idle()
    selected.click(60, 60)
    mask = selected.mask()
    selected.reload()
    selected.page.wait_for_selector(".lab-result[data-eraser=telea][data-state=done]")
    selected.drawn(0)
    assert np.array_equal(selected.mask(), mask)
    selected.photo(examples_dir / "coffee.png")  # begins with a clean page
    assert selected.page.is_hidden(".lab-results") and "run=" not in selected.page.url
    selected.reload()
    selected.page.wait_for_selector(".lab-photo[alt='coffee.png']")
    assert selected.page.is_hidden(".lab-results")


@pytest.mark.slow
def test_settings_reach_the_eraser(selected: Any) -> None:
    selected.choose("telea")
    selected.erase()
    first = pixels(selected.result("telea"))
    selected.page.click("[data-card=telea] summary")
    selected.page.fill("#lab-telea-radius", "15")
    selected.page.press("#lab-telea-radius", "Tab")
    selected.erase()
    second = pixels(selected.result("telea"))
    assert not np.array_equal(first, second)


@pytest.mark.slow
def test_two_sessions_at_once_never_meet(tabs: Tabs, examples_dir: Path) -> None:
    one, two = tabs(locale="en-US").open(), tabs(locale="en-US").open()
    one.photo(examples_dir / "rocket.jpg")
    two.photo(examples_dir / "coffee.png")
    one.click(*ROCKET)
    two.click(300, 200)
    for tab in (one, two):
        tab.choose("telea")
        tab.page.click("[data-testid=erase]")
    for tab in (one, two):
        tab.finished()
    for tab, name in ((one, "rocket.jpg"), (two, "coffee.png")):
        photo = load_image(examples_dir / name).rgb
        result = pixels(tab.result("telea"))
        assert result.shape == photo.shape
        assert 0 < (result != photo).any(-1).mean() < 0.6
    assert one.page.url != two.page.url


@pytest.mark.slow
def test_close_up_shows_the_object_on_every_card(selected: Any) -> None:
    selected.page.click(".levels button >> nth=0")  # the smallest part: worth a closer look
    selected.page.wait_for_function("!document.querySelector('.is-busy')")
    selected.choose("telea")
    selected.erase()
    picture = selected.card("telea").locator(".lab-picture").bounding_box()
    shot = selected.card("telea").locator(".lab-after img").first.bounding_box()
    assert shot["width"] > 1.2 * picture["width"]
    # The middle of the mask lies within the card's window.
    x, y = (shot["x"] + shot["width"] / 2, shot["y"] + shot["height"] * ROCKET[1] / 427)
    assert picture["x"] < x < picture["x"] + picture["width"]
    assert picture["y"] < y < picture["y"] + picture["height"]
