"""The report in a real Chromium: opened from a disk, without any network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from examples.running.records import write_remark
from examples.tables import main
from table_fixtures import put_case

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=document.title=1>"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    for number, name in enumerate(("first", HOSTILE)):
        put_case(folder / "mine", name, seed=number, size=(300, 400), truth=True)
    write_remark(folder / "out", "first", "telea", HOSTILE)
    call = [str(folder / "mine"), "--erasers", "telea,navier_stokes"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ERASER_LAB_OFFLINE", "1")
        patch.setenv("ERASER_LAB_WEIGHTS", str(folder / "none"))
        assert main([*call, "--out", str(folder / "out")]) == 0
    return folder / "out" / "table.html"


@pytest.fixture
def opened(browser: Browser, report: Path) -> Iterator[Page]:
    """The page from its file; anything that goes wrong in it fails the test."""
    context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 900})
    context.set_offline(True)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text))
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    yield page
    assert wrong == []
    assert [url for url in asked if not url.startswith(("file:", "blob:"))] == []
    context.close()


def cuts(page: Any, case: int) -> set[str]:
    return set(
        page.evaluate(
            "n => [...document.querySelectorAll('.case')[n].querySelectorAll('.compare')]"
            ".map((one) => one.style.getPropertyValue('--cut'))",
            case,
        )
    )


def test_the_pictures_are_there(opened: Page) -> None:
    opened.evaluate("scrollTo(0, document.body.scrollHeight)")
    loaded = opened.evaluate(  # which waits by itself; the page's own rules forbid polling by eval
        "Promise.all([...document.querySelectorAll('img[data-picture]')]"
        ".map((img) => img.decode().then(() => img.naturalWidth)))"
    )
    assert min(loaded) > 100


@pytest.mark.slow
def test_sliders_of_a_case_move_together_and_those_of_others_stay(opened: Page) -> None:
    slider = opened.locator(".case").first.locator(".compare input").first
    box = slider.bounding_box()
    assert box is not None
    opened.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] / 2)
    opened.mouse.down()
    opened.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2, steps=4)
    opened.mouse.up()
    (cut,) = cuts(opened, 0)
    assert 10 < float(cut.rstrip("%")) < 30
    assert cuts(opened, 1) == {""}
    shown = opened.locator(".case").first.locator(".compare").nth(1)
    clip = shown.locator(".after").evaluate("img => getComputedStyle(img).clipPath")
    assert cut in clip  # the second picture really is uncovered as far


@pytest.mark.slow
def test_a_slider_obeys_the_arrow_keys_and_the_one_for_all(opened: Page) -> None:
    slider = opened.locator(".case").nth(1).locator(".compare input").first
    slider.focus()
    for _ in range(20):
        slider.press("ArrowRight")
    assert cuts(opened, 1) == {"52%"}
    opened.locator("#all").fill("30")
    assert cuts(opened, 0) == cuts(opened, 1) == {"30%"}


def test_both_languages_and_the_switch(opened: Page) -> None:
    text = opened.inner_text("main")
    assert "At a glance" in text and "总览" not in text
    opened.click("#language")
    text = opened.inner_text("main")
    assert "总览" in text and "At a glance" not in text
    assert opened.get_attribute("html", "lang") == "zh-CN"
    assert opened.get_attribute("#theme", "title") == "浅色或深色"
    opened.reload()
    assert "总览" in opened.inner_text("main")  # remembered


@pytest.mark.slow
def test_light_and_dark(opened: Page) -> None:
    before = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    opened.click("#theme")
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") != before


@pytest.mark.slow
def test_an_eraser_can_be_left_out(opened: Page) -> None:
    tiles = opened.locator(".case").first.locator("[data-cell]:visible")
    assert tiles.count() == 2
    opened.locator("[data-toggle=telea]").uncheck()
    assert tiles.count() == 1


@pytest.mark.slow
def test_the_large_view_goes_from_result_to_result(opened: Page) -> None:
    compare = opened.locator(".case").first.locator(".compare").first
    compare.hover()
    compare.locator(".enlarge").click()
    assert opened.inner_text("#viewer h3") == "Telea"
    opened.keyboard.press("ArrowRight")
    assert opened.inner_text("#viewer h3") == "Navier-Stokes"
    opened.keyboard.press(" ")
    assert opened.locator("#viewer .compare").evaluate("e => e.style.cssText").count("100%")
    opened.keyboard.press("Escape")
    opened.locator("#viewer").wait_for(state="hidden")


@pytest.mark.slow
def test_what_users_said_is_text(opened: Page) -> None:
    assert HOSTILE in opened.inner_text(".case >> nth=1")
    assert HOSTILE in opened.inner_text(".case >> nth=0")
    assert opened.locator("img[src=x]").count() == 0
    assert opened.title().startswith("mine")


@pytest.mark.slow
def test_a_phone_needs_no_sideways_scrolling(browser: Browser, report: Path) -> None:
    page = browser.new_page(viewport={"width": 375, "height": 800})
    page.goto(report.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.close()
