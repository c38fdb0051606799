"""Results that were made elsewhere beside the rows, in a real browser: ticked, seen, both ways."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from examples.rows import document_rows
from methods import GivenResults
from methods._engine import registry
from table_tools import put, save_documents
from ui_tools import picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROW = "attentive_eraser-1"
CELL = f"#lab-row-{ROW} [data-cell=given-paper]"


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ERASER_LAB_PHOTOS", str(tmp_path / "photos"))
    monkeypatch.setenv("ERASER_LAB_OFFLINE", "1")
    folder = tmp_path / "theirs"
    paper = GivenResults("paper", "Their paper", tmp_path / "p.toml", folder, "{row}", "MIT")
    monkeypatch.setitem(registry.found().given, "paper", paper)
    save_documents()
    painted = picture()
    painted[:2] = 255
    put(folder / f"{ROW}.png", painted)
    return folder


def test_a_ticked_folder_stands_beside_the_rows(theirs: Path, tabs: Callable[..., Any]) -> None:
    assert len(document_rows()) == 17
    tab = tabs(locale="en-US")
    tab.page.goto(tab.url + f"?tab=tables&row={ROW}")
    tab.page.wait_for_selector(f"#lab-row-{ROW} [data-cell=part-photo] img")
    tab.page.click(".lab-pop.down > button")
    tab.page.click("[data-tick-given=paper]")
    tab.page.wait_for_selector(f"{CELL} img")
    assert tab.page.inner_text(f"{CELL} [data-testid=given]") == "given, not run here"
    assert tab.page.get_attribute(f"{CELL} [data-changed]", "data-changed") == "240"
    assert tab.page.query_selector(f"{CELL} [data-testid=readings]")
    tab.page.wait_for_function(
        "() => [...document.querySelectorAll('[data-cell=given-paper] .lab-absent')]"
        ".some((one) => one.textContent === 'not given')"
    )
    tab.page.click("[data-given-pasted=true]")
    tab.page.wait_for_selector(f"{CELL} [data-changed='0']")
    assert "pasted back" in tab.page.inner_text(f"{CELL} [data-testid=given]")
    assert not tab.page.query_selector("[data-card=paper]"), "it is no eraser"
