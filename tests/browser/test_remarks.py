"""Numbers and a person's words on the result cards, in a real browser."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from methods import METRICS

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Tabs = Callable[..., Any]

WORDS = "The tower <b onclick=alert(1)>stays</b>, a smear is left."


@pytest.fixture
def done(tab: Any, examples_dir: Path) -> Any:
    """A finished run of two erasers, judged."""
    tab.photo(examples_dir / "rocket.jpg")
    tab.click(320, 165)
    tab.choose("telea", "navier_stokes")
    tab.erase()
    tab.page.wait_for_selector(".lab-result[data-eraser=navier_stokes] [data-testid=readings]")
    return tab


def write(tab: Any, words: str, eraser: str = "telea") -> None:
    """Write a remark on a result by keyboard, and leave it open."""
    details = tab.details(eraser)
    details.locator(".lab-own button").click()
    tab.page.keyboard.insert_text(words)
    tab.page.keyboard.press("Enter")
    details.locator(".lab-own q").wait_for()


def test_a_smear_is_called_blurred_with_its_number_behind(done: Any) -> None:
    card = done.card("telea")
    assert "Blurred inside" in card.locator(".lab-said").first.inner_text()
    assert "%" in card.locator(".lab-said").first.get_attribute("title")
    height = card.bounding_box()["height"]
    details = done.details("telea")
    assert not details.locator("[data-reading=sharpness]").is_visible()
    details.locator("[data-testid=readings]").click()
    assert details.locator("[data-reading=sharpness] .lab-reading-value").is_visible()
    details.locator("[data-reading=sharpness]").click()
    assert METRICS["sharpness"].formula.en in details.locator(".lab-reading[open]").inner_text()
    assert "higher is better" in details.locator(".lab-reading[open]").inner_text()
    assert card.bounding_box()["height"] == height, "what is told opens over the row"
    done.page.keyboard.press("Escape")
    done.page.click("#lab-language")
    assert "内部模糊" in card.locator(".lab-said").first.inner_text()


def test_a_remark_is_text_and_comes_back_by_the_link(done: Any, tabs: Tabs) -> None:
    write(done, WORDS)
    other = tabs(locale="en-US").open(f"?run={done.page.url.rpartition('run=')[2]}")
    other.page.wait_for_selector(".lab-result[data-state=done]")
    own = other.details("telea").locator(".lab-own q")
    assert own.inner_text().strip('“”"') == WORDS
    assert other.page.locator(".lab-own b").count() == 0


def test_a_remark_goes_into_the_zip(done: Any) -> None:
    write(done, "Soft.")
    done.page.keyboard.press("Escape")
    with zipfile.ZipFile(done.download("[data-testid=zip]")) as packed:
        jobs = {job["eraser"]: job for job in json.loads(packed.read("settings.json"))["jobs"]}
    assert jobs["telea"]["remark"] == "Soft."
    assert jobs["telea"]["readings"] and "remark" not in jobs["navier_stokes"]


def test_a_remark_is_changed_and_taken_away(done: Any) -> None:
    write(done, "Soft.")
    own = done.page.locator(".lab-details .lab-own")
    own.locator("button").click()
    assert own.locator("textarea").input_value() == "Soft."
    done.page.keyboard.press("Escape")
    assert "Soft." in own.inner_text()
    own.locator("button").click()
    done.page.keyboard.press("Control+a")
    done.page.keyboard.press("Delete")
    done.page.keyboard.press("Enter")
    own.locator("button:has-text('Write a remark')").wait_for()


def test_what_is_being_written_survives_a_change_of_language(done: Any) -> None:
    done.details("telea").locator(".lab-own button").click()
    done.page.keyboard.insert_text("half a sen")
    done.page.keyboard.press("Tab")
    done.page.click(".lab-details [data-t-label=close]")
    done.page.click("#lab-language")
    assert done.details("telea").locator("textarea").input_value() == "half a sen"


def test_a_new_run_can_begin_while_the_last_is_judged(
    tab: Any, examples_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    from methods import judge

    def slow(*pictures: Any, **more: Any) -> Any:
        time.sleep(3)
        return judge(*pictures, **more)

    monkeypatch.setattr("ui.service.helper.judge.judge", slow)
    tab.photo(examples_dir / "rocket.jpg")
    tab.click(320, 165)
    tab.choose("telea")
    tab.erase()
    first = tab.page.url
    assert tab.page.locator(".lab-measuring").count() == 1
    tab.choose("navier_stokes")
    tab.erase()
    assert tab.card("navier_stokes").locator("img").count() >= 1
    assert tab.page.url != first
    tab.page.wait_for_selector(".lab-result[data-eraser=navier_stokes] [data-testid=readings]")
    assert tab.card("telea").count() == 0
