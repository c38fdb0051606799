"""Objects by their name, with a tiny random GroundingDINO of the real classes.

What it finds means nothing; what the page does with it does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def searched(tab: Any, examples_dir: Path) -> Any:
    """A tab in which something has been searched for, with everything found shown."""
    tab.photo(examples_dir / "rocket.jpg")
    tab.page.fill("[data-testid=phrase]", "Red car, dog")
    tab.page.press("[data-testid=phrase]", "Enter")
    tab.page.wait_for_selector("[data-testid=threshold-box]")
    tab.page.fill("[data-testid=threshold-box]", "0.05")
    tab.page.fill("[data-testid=threshold-text]", "0.05")
    tab.page.wait_for_selector(".lab-detection")
    return tab


def test_thresholds_choose_without_a_new_request(searched: Any) -> None:
    asked: list[str] = []
    searched.page.on(
        "request", lambda r: asked.append(r.url) if "component_server" in r.url else None
    )
    many = searched.page.locator(".lab-detection").count()
    counts = []
    for threshold in ("0.2", "0.4", "0.6", "0.95"):
        searched.page.fill("[data-testid=threshold-box]", threshold)
        counts.append(searched.page.locator(".lab-detection").count())
    assert many > 0
    assert [many, *counts] == sorted([many, *counts], reverse=True)
    assert counts[-1] < many
    assert asked == []


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_overlaps_beside_the_thresholds(searched: Any, width: int) -> None:
    searched.page.set_viewport_size({"width": width, "height": 860})
    bar = searched.page.locator(".lab-detect").bounding_box()
    rows = [row.bounding_box() for row in searched.page.locator(".lab-detect-results > *").all()]
    for place, row in enumerate(rows):
        assert row["x"] + row["width"] <= bar["x"] + bar["width"] + 1
        for other in rows[:place]:
            beside = other["x"] + other["width"] <= row["x"] + 1
            assert beside or other["y"] + other["height"] <= row["y"] + 1
    for row in searched.page.locator(".lab-detect-results > .lab-grow").all():
        box = row.bounding_box()
        value = row.locator("output").bounding_box()
        assert value["x"] + value["width"] <= box["x"] + box["width"] + 1


def test_what_is_ticked_becomes_objects(searched: Any) -> None:
    labels = searched.page.locator(".lab-detection span").all_inner_texts()
    assert all(label.startswith(("red car", "dog", "red", "car")) for label in labels)
    searched.page.click("text=All or none >> visible=true >> nth=0")
    assert searched.page.locator(".lab-detection.is-ticked").count() == 0
    assert searched.page.is_disabled("[data-testid=use-found]")
    first = searched.page.locator(".lab-detection button").first
    first.evaluate("button => button.click()")  # boxes of a random network may lie on each other
    assert first.get_attribute("aria-pressed") == "true"
    before = searched.count()
    searched.page.click("[data-testid=use-found]")
    searched.drawn(before)
    assert searched.page.locator(".lab-object").count() == 1
    assert searched.page.locator(".lab-box").count() == 1
    assert searched.page.locator(".lab-detection").count() == 0


def test_a_phrase_in_chinese_is_translated_and_said(tab: Any, examples_dir: Path) -> None:
    tab.photo(examples_dir / "rocket.jpg")
    tab.page.fill("[data-testid=phrase]", "狗")
    tab.page.press("[data-testid=phrase]", "Enter")
    tab.page.wait_for_function(
        "document.querySelector('.lab-detect-line').textContent.includes('dog')"
    )


def test_an_empty_find_says_what_to_do(tab: Any, examples_dir: Path) -> None:
    tab.photo(examples_dir / "rocket.jpg")
    tab.page.fill("[data-testid=phrase]", "...")
    tab.page.press("[data-testid=phrase]", "Enter")
    tab.page.wait_for_function("document.querySelector('.lab-detect-line').textContent.length > 10")
    assert tab.page.locator(".lab-detection").count() == 0
