"""The list of erasers: found by words and chips, one line each, true about what can be had."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from methods import Standing

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Tabs = Callable[..., Any]
MOST_HEIGHT, MOST_ROW = 1100, 40
SHOWN = "[data-card]:not([hidden])"


def shown(tab: Any) -> list[str]:
    """The ids of the rows that are not filtered away."""
    return list(tab.page.locator(SHOWN).evaluate_all("rows => rows.map(row => row.dataset.card)"))


def test_it_is_found_by_words_and_by_how_it_stands(tab: Any) -> None:
    everything = shown(tab)
    assert len(everything) >= 25
    tab.page.fill("[data-testid=search]", "stable diffusion")
    assert {"sd_inpainting", "powerpaint"} <= set(shown(tab)) < set(everything)
    tab.page.fill("[data-testid=search]", "no such thing")
    assert shown(tab) == []
    tab.page.click(".lab-nothing button")
    assert shown(tab) == everything
    tab.page.click("[data-chip=ready]")
    ready = shown(tab)
    assert {"telea", "migan"} <= set(ready) and everything[: len(ready)] == ready
    assert len(ready) == int(tab.page.inner_text("[data-chip=ready] span"))
    assert tab.page.get_attribute("[data-chip=ready]", "aria-pressed") == "true"


def test_nothing_is_offered_that_cannot_be_fetched(tab: Any, lab_service: Any) -> None:
    listed = lab_service.erasers({})["erasers"]
    assert {one["standing"] for one in listed} >= {Standing.READY, Standing.CANNOT}
    for one in listed:
        row = tab.page.locator(f"[data-card={one['id']}]")
        row.locator("summary").click()
        offers = row.locator(".lab-fetch, .lab-weights button, [data-testid=fetch-again]").count()
        may = one["standing"] in (Standing.READY, Standing.TO_FETCH) or not one["no_fetch"]
        assert may or offers == 0, one["id"]
        if one["standing"] in (Standing.CANNOT, Standing.NO_WEIGHTS):
            assert offers == 0 and row.locator("input").first.is_disabled(), one["id"]
        row.locator("summary").click()


@pytest.mark.parametrize("width", [1280, 1040])
def test_a_row_is_one_line_and_the_list_not_high(tabs: Tabs, width: int) -> None:
    tab = tabs(locale="en-US", viewport={"width": width, "height": 860}).open()
    heights = tab.page.locator("[data-card]").evaluate_all("r => r.map(row => row.offsetHeight)")
    assert max(heights) <= MOST_ROW
    ours = sum(heights[:25])
    tools = tab.page.locator(".lab-finding").bounding_box()["height"]
    assert ours + tools <= MOST_HEIGHT
    over = tab.page.locator(".lab-erasers").evaluate("list => list.scrollWidth - list.clientWidth")
    assert over == 0


def test_on_a_phone_it_is_one_line_until_it_is_wanted(tabs: Tabs) -> None:
    tab = tabs(locale="en-US", viewport={"width": 390, "height": 844}, has_touch=True).open()
    fold, row = tab.page.get_by_test_id("fold"), tab.page.locator("[data-card=telea]")
    assert not row.is_visible() and "Telea" in fold.inner_text()
    fold.tap()
    assert row.is_visible() and fold.get_attribute("aria-expanded") == "true"
    assert row.bounding_box()["height"] >= 44
    row.locator("label.lab-eraser-name").tap()
    assert "Telea" not in fold.inner_text()


def test_expected_time_follows_the_steps(tab: Any) -> None:
    time = tab.page.locator("[data-time=sd_inpainting]")
    if not (before := time.inner_text()):
        pytest.skip("this machine is too small for it")
    tab.page.click("[data-card=sd_inpainting] summary")
    tab.page.fill("#lab-sd_inpainting-num_inference_steps", "1")
    tab.page.press("#lab-sd_inpainting-num_inference_steps", "Tab")
    assert time.inner_text() != before
