"""Whoever cannot see, point or tell colours apart: axe-core on every state, and what it misses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest

from access_tools import beyond_the_edge, require_axe, small_targets, violations

pytestmark = pytest.mark.browser

Tabs = Callable[..., Any]
MOST_STOPS = 12
PHONE: dict[str, Any] = {"has_touch": True}
WAYS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1366, "height": 768}, "locale": "en-US"},
    "phone, dark, in Chinese": {
        "viewport": {"width": 360, "height": 780},
        "locale": "zh-CN", "color_scheme": "dark", **PHONE,
    },
    "smallest phone": {"viewport": {"width": 320, "height": 700}, "locale": "en-US", **PHONE},
}  # fmt: skip
VIEWS = ("rows", "papers", "systems")


def states(tab: Any, is_phone: bool) -> Iterator[str]:
    """Leads a page from one state to the next, and names each."""
    page = tab.page
    yield "empty"
    page.click("[data-first-open=tree]")
    page.wait_for_selector("[data-testid=erase]:enabled")
    yield "mask"
    page.locator(".lab-shapebar .lab-pop button").first.click()
    yield "shape"
    page.keyboard.press("Escape")
    if is_phone:
        page.click("[data-testid=fold]")
    page.click("[data-card=telea] summary")
    yield "list and settings"
    tab.choose("telea", "navier_stokes")
    tab.erase()
    page.wait_for_selector("[data-testid=numbers]:enabled")
    yield "results"
    page.locator(".lab-result [data-testid=details]").first.click()
    yield "details"
    page.keyboard.press("Escape")
    page.click("[data-testid=numbers]")
    yield "numbers"
    page.keyboard.press("Escape")
    page.locator(".lab-picture").first.click()
    page.wait_for_selector(".lab-viewer[open]")
    yield "viewer"
    page.keyboard.press("Escape")
    for view in VIEWS:
        page.goto(f"{tab.url}?tab=tables&view={view}")
        page.wait_for_selector(f"#lab-view-{view} .lab-card, .lab-tables .lab-card")
        yield f"tables, {view}"


@pytest.mark.slow
def test_the_page_with_a_mask_is_open_to_everybody(tabs: Tabs) -> None:
    """The first states of those that follow."""
    require_axe()
    tab = tabs(**WAYS["phone, dark, in Chinese"]).open()
    assert {name: violations(tab.page) for name in islice(states(tab, True), 2)} == {
        "empty": [],
        "mask": [],
    }


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_every_state_is_open_to_everybody(tabs: Tabs, way: str) -> None:
    require_axe()
    tab, is_phone = tabs(**WAYS[way]).open(), "phone" in way
    wrong: dict[str, list[str]] = {}
    for state in states(tab, is_phone):
        found = violations(tab.page)
        if is_phone:
            found += beyond_the_edge(tab.page) + small_targets(tab.page)
        if found:
            wrong[state] = found
    assert wrong == {}


@pytest.fixture
def selected(tabs: Tabs) -> Any:
    """A tab with a photo and a mask."""
    tab = tabs(locale="en-US").open()
    tab.page.click("[data-first-open=tree]")
    tab.page.wait_for_selector("[data-testid=erase]:enabled")
    tab.choose("telea", "navier_stokes")
    return tab


@pytest.mark.slow
def test_from_photo_to_erase_by_few_stops_and_with_a_ring_at_each(selected: Any) -> None:
    page = selected.page
    page.locator(".lab-stage, .lab-view").and_(page.locator("[tabindex='0']")).first.focus()
    stops: list[str] = []
    while len(stops) <= MOST_STOPS and "erase" not in stops:
        page.keyboard.press("Tab")
        name, ring = page.evaluate(
            """() => { const one = document.activeElement, style = getComputedStyle(one);
            return [one.dataset.testid || one.className || one.id, style.outlineStyle]; }"""
        )
        assert ring != "none", name
        stops.append(name)
    assert stops[-1] == "erase" and len(stops) <= MOST_STOPS, stops


@pytest.mark.slow
def test_the_list_is_walked_with_arrows(selected: Any) -> None:
    page = selected.page

    def at() -> str:
        return str(page.evaluate("document.activeElement.id || document.activeElement.tagName"))

    rows = page.locator("[data-card]").evaluate_all("rows => rows.map(row => row.dataset.card)")
    page.focus(f"#lab-use-{rows[0]}")
    page.keyboard.press("ArrowDown")
    assert at() == f"lab-use-{rows[1]}"
    page.keyboard.press("ArrowRight")
    assert at() == "SUMMARY"
    page.keyboard.press("ArrowUp")
    assert at() == "SUMMARY"
    page.keyboard.press("Home")
    assert at() == f"lab-use-{rows[0]}"
    assert page.locator(".lab-rows [tabindex='0']").count() == 1


@pytest.mark.slow
def test_focus_goes_to_the_results_and_all_is_said_once(selected: Any) -> None:
    page = selected.page
    selected.erase()
    assert page.evaluate("document.activeElement.closest('.lab-results') !== null")
    assert page.evaluate("document.activeElement.tagName") == "H2"
    spoken = page.locator(".lab-results :is([role=status], [aria-live]):visible")
    assert spoken.count() == 1 and "2 of 2 done" in spoken.inner_text()
    assert page.get_by_role("slider").and_(page.locator(".lab-results *")).count() == 1


@pytest.mark.slow
def test_settings_are_named_with_their_eraser(selected: Any) -> None:
    names = selected.page.locator("[data-card] summary").all_inner_texts()
    erasers = selected.page.locator(".lab-eraser-name > span").all_inner_texts()
    assert len(set(names)) == len(names) == len(erasers)
    assert all(eraser in name for eraser, name in zip(erasers, names, strict=True))


@pytest.mark.slow
def test_in_forced_colours_what_is_pressed_shows(tabs: Tabs) -> None:
    tab = tabs(locale="en-US", forced_colors="active").open()
    tab.page.click("[data-first-open=tree]")
    tab.page.wait_for_selector("[data-testid=erase]:enabled")
    look = (
        "one => { const s = getComputedStyle(one); return [s.backgroundColor, s.borderTopStyle]; }"
    )
    pressed, other = (
        tab.page.locator(f".lab-toolbar [data-tool][aria-pressed={state}]").first.evaluate(look)
        for state in ("true", "false")
    )
    assert pressed[0] != other[0]
    assert tab.page.locator("[data-testid=erase]").evaluate(look)[1] == "solid"
    assert tab.page.locator("#lab-use-telea").evaluate(look)[1] == "solid"


@pytest.mark.slow
def test_on_paper_nothing_floats_and_columns_can_be_read(selected: Any) -> None:
    selected.erase()
    selected.page.emulate_media(media="print")
    assert not selected.page.locator(".lab-go").is_visible()
    assert not selected.page.locator(".lab-panel").is_visible()
    widths = selected.page.locator(".lab-result").evaluate_all("r => r.map(one => one.offsetWidth)")
    assert len(widths) == 2 and min(widths) > 250
