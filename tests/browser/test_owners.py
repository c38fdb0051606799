"""Whose a run is, in a real browser: its owner hides and deletes it, others see it by the link."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Tabs = Callable[..., Any]


def test_a_link_shows_and_its_owner_hides_and_deletes(
    tab: Any, tabs: Tabs, examples_dir: Path
) -> None:
    tab.photo(examples_dir / "rocket.jpg")
    tab.click(320, 165)
    tab.choose("telea")
    tab.erase()
    query = f"?run={tab.page.url.rpartition('run=')[2]}"
    other = tabs(locale="en-US").open(query)
    other.page.wait_for_selector(".lab-result[data-state=done]")
    assert other.page.is_visible("[data-testid=from-link]")
    assert not other.page.is_visible(".lab-grid-bar .lab-pop")
    assert other.details("telea").locator(".lab-own button").count() == 0
    assert not tab.page.is_visible("[data-testid=from-link]")

    menu = ".lab-grid-bar .lab-pop > button"
    tab.page.click(menu)
    tab.page.check("[data-testid=private]")
    tab.page.wait_for_function(
        "/runs.[^/]+[.]/.test(document.querySelector('[data-testid=zip]').getAttribute('href'))"
        " && [...document.querySelectorAll('.lab-result img')].every((one) => one.naturalWidth)"
    )
    other.page.goto(other.url + query)
    other.page.wait_for_selector(".lab-notice:has-text('keeps it to themselves')")

    tab.page.click("[data-testid=delete-run]")
    tab.page.click("[data-testid=delete-run]")
    tab.page.wait_for_selector(".lab-results", state="hidden")
    assert "run=" not in tab.page.url
    tab.page.goto(tab.url + query)
    tab.page.wait_for_selector(".lab-notice:has-text('not on this server')")
