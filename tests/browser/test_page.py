"""The page itself: private, safe, in two languages, light and dark, on small screens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tiers import rest_is_slow

pytestmark = pytest.mark.browser
Tabs = Callable[..., Any]


@pytest.mark.slow
def test_no_request_leaves_the_machine(tab: Any) -> None:
    tab.page.wait_for_timeout(1500)
    assert tab.foreign == []  # the fixture looks again at the end of every test


@pytest.mark.parametrize(
    ("locale", "words", "other"),
    rest_is_slow(
        [
            pytest.param("zh-CN", "照片拖到这里", "English", id="zh"),
            pytest.param("en-US", "Drop one photo", "中文", id="en"),
        ]
    ),
)
def test_the_page_speaks_the_browsers_language_and_switches(
    tabs: Tabs, locale: str, words: str, other: str
) -> None:
    tab = tabs(locale=locale).open()
    assert words in tab.page.inner_text(".lab-empty")
    assert tab.page.inner_text("#lab-language") == other
    others = "words => !document.querySelector('.lab-empty').innerText.includes(words)"
    tab.switch_language()
    tab.page.wait_for_function(others, arg=words)
    tab.reload()
    tab.page.wait_for_function(others, arg=words)  # the choice is remembered


@pytest.mark.slow
def test_switching_language_keeps_the_work(tab: Any, examples_dir: Path) -> None:
    tab.photo(examples_dir / "rocket.jpg")
    tab.click(320, 165)
    tab.choose("telea")
    tab.erase()
    before = tab.mask()
    tab.switch_language()
    assert (tab.mask() == before).all()
    assert "蒙版之外毫无改变" in tab.page.inner_text("[data-testid=kept]")
    assert "蒙版覆盖" in tab.page.inner_text("[data-testid=status]")


def test_dark_follows_the_system_and_the_button(tabs: Tabs) -> None:
    tab = tabs(locale="en-US", color_scheme="dark").open()
    colour = "getComputedStyle(document.body).backgroundColor"
    dark = tab.page.evaluate(colour)
    assert sum(int(part) for part in dark[4:-1].split(",")) < 150
    tab.page.click("#lab-theme")
    assert sum(int(part) for part in tab.page.evaluate(colour)[4:-1].split(",")) > 600


@pytest.mark.parametrize(
    "width",
    rest_is_slow([390, 1280, 768, 1920]),
)
def test_nothing_overflows(tabs: Tabs, examples_dir: Path, width: int) -> None:
    tab = tabs(locale="en-US", viewport={"width": width, "height": 844}).open()
    tab.photo(examples_dir / "rocket.jpg")
    tab.click(320, 165)
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.page.locator("[data-testid=erase]").is_visible()
    photo = tab.page.locator(".lab-view").bounding_box()
    assert photo["width"] > 0.42 * width


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
@pytest.mark.parametrize(
    "width",
    [390, 900, 1280],
)
def test_small_panels_open_wholly_on_the_page(
    tabs: Tabs, examples_dir: Path, width: int, locale: str
) -> None:
    tab = tabs(locale=locale, viewport={"width": width, "height": 844}).open()
    tab.photo(examples_dir / "rocket.jpg")
    tab.click(320, 165)
    for button in tab.page.locator(".lab-pop > button:visible").all():
        button.click()
        panel = tab.page.locator(".lab-popover:not([hidden])").bounding_box()
        assert panel["x"] >= 0 and panel["x"] + panel["width"] <= width
        tab.page.keyboard.press("Escape")
        tab.page.wait_for_selector(".lab-popover:not([hidden])", state="detached")


@pytest.mark.slow
def test_on_a_wide_screen_each_bar_is_one_row(tab: Any, examples_dir: Path) -> None:
    tab.photo(examples_dir / "rocket.jpg")
    tab.click(320, 165)
    for bar in (".lab-toolbar", ".lab-objectbar", ".lab-shapebar"):
        assert tab.page.locator(bar).bounding_box()["height"] < 60, bar
    shape, words = (
        tab.page.locator(bar).bounding_box() for bar in (".lab-shapebar", ".lab-detect")
    )
    assert abs(shape["y"] - words["y"]) < 4


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
def test_erase_is_always_in_sight(tabs: Tabs, examples_dir: Path, width: int) -> None:
    tab = tabs(locale="en-US", viewport={"width": width, "height": 844}).open()
    tab.photo(examples_dir / "rocket.jpg")
    tab.click(320, 165)
    tab.choose("telea")
    for place in ("0", "document.body.scrollHeight" if width < 800 else "120"):
        tab.page.evaluate(f"scrollTo(0, {place})")
        button = tab.page.locator("[data-testid=erase]").bounding_box()
        assert button["y"] > 0 and button["y"] + button["height"] <= 844
    tab.erase()


@pytest.mark.slow
def test_hostile_names_stay_text(tab: Any, examples_dir: Path) -> None:
    tab.page.evaluate("window.hacked = 0; window.alert = () => { window.hacked = 1; }")
    name = "<img src=x onerror=alert(1)>${alert(2)}{{alert(3)}}.jpg"
    buffer = (examples_dir / "rocket.jpg").read_bytes()
    tab.photo({"name": name, "mimeType": "image/jpeg", "buffer": buffer})
    tab.click(320, 165)
    tab.choose("slow_test", "telea")
    tab.page.click("[data-card=slow_test] summary")
    tab.page.fill("#lab-slow_test-steps", "2")
    tab.page.press("#lab-slow_test-steps", "Tab")
    tab.erase()
    assert tab.card("slow_test").locator("h3").inner_text() == "Slow <b onclick=alert(1)>eraser</b>"
    assert tab.page.locator(".lab-result img[src=x]").count() == 0
    tab.page.goto(tab.url + "?run=<img src=x onerror=alert(1)>")
    said = tab.page.wait_for_selector(".lab-notice.error").inner_text()
    assert "This run is not on this server" in said
    assert tab.page.evaluate("window.hacked || 0") == 0


@pytest.mark.slow
def test_hostile_settings_stay_text(tab: Any, tabs: Tabs, examples_dir: Path) -> None:
    words = '"><img src=x onerror=hacked=1>${hacked=2}{{hacked}}</script>'
    tab.photo(examples_dir / "rocket.jpg")
    tab.click(320, 165)
    tab.choose("slow_test")
    tab.page.click("[data-card=slow_test] summary")
    for name, value in (("steps", "1"), ("words", words)):
        tab.page.fill(f"#lab-slow_test-{name}", value)
        tab.page.press(f"#lab-slow_test-{name}", "Tab")
    tab.erase()
    other = tabs(locale="zh-CN").open(tab.page.url.removeprefix(tab.url))
    other.page.wait_for_function(
        "words => document.querySelector('#lab-slow_test-words').value === words", arg=words
    )
    for one in (tab, other):
        assert one.page.locator("img[src=x]").count() == 0
        assert one.page.evaluate("typeof hacked") == "undefined"


@pytest.mark.slow
def test_every_control_has_a_name_for_a_screen_reader(tab: Any, examples_dir: Path) -> None:
    tab.photo(examples_dir / "rocket.jpg")
    tab.click(320, 165)
    nameless = tab.page.evaluate(
        """[...document.querySelectorAll('.lab-slot :is(button, input, select, a)')]
        .filter(n => n.offsetParent && n.type !== 'file')
        .filter(n => n.getAttribute('aria-hidden') !== 'true')
        .filter(n => !(n.getAttribute('aria-label') || n.textContent.trim() || n.title ||
                       (n.labels && n.labels.length)))
        .map(n => n.outerHTML.slice(0, 120))"""
    )
    assert nameless == []


@pytest.mark.slow
def test_a_lost_server_is_said(tabs: Tabs, examples_dir: Path) -> None:
    tab = tabs(locale="en-US").open()
    tab.photo(examples_dir / "rocket.jpg")
    tab.page.route("**/component_server/**", lambda route: route.abort())
    tab.page.mouse.click(*tab.at(320, 165))
    assert "does not answer" in tab.page.wait_for_selector(".lab-notice.error").inner_text()
    tab.errors.clear()  # the browser reports the broken connection itself


def test_the_first_screen_shows_an_earlier_run_and_begins_another(tabs: Tabs) -> None:
    tab = tabs(locale="en-US", reduced_motion="reduce")
    page = tab.page
    page.goto(tab.url)
    page.wait_for_selector(".lab-first-tile")
    assert page.locator(".lab-first-tile").count() == 4
    assert "Prepared" in page.inner_text(".lab-first-note")
    assert page.locator("[data-card]").first.is_hidden()  # the erasers are one line
    assert "erasers: " in page.inner_text("[data-testid=fold]")
    still = "document.getAnimations().filter(a => a.effect.target.closest('.lab-empty')).length"
    assert page.evaluate(still) == 0
    page.click("[data-first=tree]")
    page.wait_for_function(
        """[...document.querySelectorAll('.lab-first-tile img')].every(
        i => i.complete && i.naturalWidth === 480 && i.src.includes('/tree/'))"""
    )
    page.click("[data-first-open=rocket]")
    page.wait_for_selector("[data-testid=erase]:enabled")
    page.wait_for_selector(".lab-empty", state="hidden")
    page.wait_for_selector("[data-card]:visible")
