"""A run goes on whatever becomes of its page, and the page walks through its runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cut_proxy import cut_proxy

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Tabs = Callable[..., Any]

PART = (566, 290)  # a small lamp of the rocket's photo
CUT = 30_000  # milliseconds
PATIENCE = 240_000  # milliseconds, on a busy machine


def begun(tab: Any, examples_dir: Path, steps: int) -> None:
    """A run of a quick eraser and of one that takes a while, which has begun."""
    tab.photo(examples_dir / "rocket.jpg")
    tab.page.click("button[data-tool=brush]")
    tab.click(*PART)
    tab.choose("telea", "slow_test")
    tab.page.evaluate(f"eraserLab.jobOf('slow_test').settings.steps = {steps}")
    tab.page.click("[data-testid=erase]")
    going = ".lab-result[data-eraser=slow_test] progress"
    tab.page.wait_for_selector(going, timeout=PATIENCE)


def all_done(tab: Any) -> None:
    """Both erasers have ended well, in the page."""
    for eraser in ("telea", "slow_test"):
        done = f".lab-result[data-eraser={eraser}][data-state=done]"
        tab.page.wait_for_selector(done, timeout=PATIENCE)


def test_a_line_cut_for_half_a_minute_loses_no_eraser(
    tabs: Tabs, lab_url: str, examples_dir: Path
) -> None:
    with cut_proxy(lab_url) as line:
        tab = tabs(locale="en-US")
        tab.url = line.url
        tab.open()
        begun(tab, examples_dir, 900)  # of three quarters of a minute at least
        line.cut()
        tab.page.wait_for_timeout(CUT)
        line.mend()
        all_done(tab)
        assert "?run=" in tab.page.url
        tab.errors.clear()  # what Gradio's own scripts say of the lost line


def test_a_reload_in_the_middle_loses_no_eraser(tab: Any, examples_dir: Path) -> None:
    begun(tab, examples_dir, 200)
    tab.page.reload()
    tab.page.wait_for_selector("[data-testid=stop]:visible")
    all_done(tab)


def erased(tab: Any, eraser: str) -> str:
    """The address of a run of this eraser."""
    tab.choose(eraser)
    tab.erase()
    tab.page.wait_for_selector(f".lab-result[data-eraser={eraser}][data-state=done]")
    return tab.page.url


def shelf(tab: Any) -> list[str]:
    return tab.page.eval_on_selector_all(
        ".lab-shelf-item", "all => all.map((one) => one.dataset.run)"
    )


def test_back_forward_and_the_shelf_lead_to_earlier_runs(tab: Any, examples_dir: Path) -> None:
    tab.photo(examples_dir / "rocket.jpg")
    tab.page.click("button[data-tool=brush]")
    tab.click(*PART)
    first, second = erased(tab, "telea"), erased(tab, "navier_stokes")
    runs = [url.partition("run=")[2].partition("&")[0] for url in (second, first)]
    assert shelf(tab) == runs
    tab.page.go_back()
    tab.page.wait_for_selector(".lab-result[data-eraser=telea]")
    assert tab.page.locator(".lab-result").count() == 1
    tab.page.go_forward()
    tab.page.wait_for_selector(".lab-result[data-eraser=navier_stokes]")
    tab.page.click(f".lab-shelf-item[data-run='{runs[1]}'] .lab-shelf-open")
    tab.page.wait_for_selector(".lab-result[data-eraser=telea]")
    tab.page.wait_for_function("eraserLab.jobs().map((job) => job.eraser).join() === 'telea'")
    tab.page.click(f".lab-shelf-item[data-run='{runs[0]}'] .lab-shelf-gone")
    assert shelf(tab) == runs[1:]
    tab.page.click(".lab-notice-act")
    assert shelf(tab) == runs
    tab.reload()
    tab.page.wait_for_selector(".lab-result[data-eraser=telea][data-state=done]")
    assert shelf(tab) == runs
    tab.photo(examples_dir / "coffee.png")
    assert tab.page.is_hidden(".lab-results") and "run=" not in tab.page.url
    tab.page.go_back()
    tab.page.wait_for_selector(".lab-result[data-eraser=telea][data-state=done]")
    tab.page.wait_for_function("eraserLab.photo.name === 'rocket.jpg'")


def test_what_failed_is_tried_again(tab: Any, examples_dir: Path) -> None:
    """The others come from the cache of results, so that it alone is done once more."""
    tab.photo(examples_dir / "rocket.jpg")
    tab.page.click("button[data-tool=brush]")
    tab.click(*PART)
    tab.choose("telea", "failing_test")
    tab.erase()
    first = tab.page.url
    tab.page.click(".lab-result[data-eraser=failing_test] [data-testid=again]")
    tab.page.wait_for_url(lambda url: url != first)
    tab.finished()
    assert tab.card("failing_test").get_attribute("data-state") == "failed"
    assert "from the cache" in tab.details("telea").inner_text()


def test_several_values_are_a_table_of_pictures(tab: Any, examples_dir: Path) -> None:
    tab.photo(examples_dir / "rocket.jpg")
    tab.page.click("button[data-tool=brush]")
    tab.click(*PART)
    tab.choose("telea", "navier_stokes")
    tab.page.click("[data-testid=sweep]")
    tab.page.fill("[data-axis='telea.radius']", "3, 9")
    tab.page.wait_for_selector("[data-testid=sweep-plan]:has-text('3 results')")
    tab.page.fill("[data-axis=dilate]", "0-3")
    tab.page.wait_for_selector("[data-testid=sweep-plan].is-bad")
    assert tab.page.is_disabled("[data-testid=sweep-go]")
    tab.page.fill("[data-axis=dilate]", "")
    tab.page.click("[data-testid=sweep-go]:enabled")
    tab.page.wait_for_selector(".lab-grid.is-sweep")
    tab.finished()
    heads = tab.page.locator(".lab-sweep-column").all_inner_texts()
    assert heads[1:] == ["radius 3", "radius 9"] and len(heads) == 3
    assert tab.page.locator(".lab-result[data-state=done]").count() == 3
    names = tab.page.locator(".lab-result h3").all_inner_texts()
    assert len(set(names)) == 3, "each can be told apart"
    tab.page.set_viewport_size({"width": 360, "height": 700})
    widest = tab.page.evaluate("document.documentElement.scrollWidth")
    assert widest <= 360, "the table is scrolled in itself"
