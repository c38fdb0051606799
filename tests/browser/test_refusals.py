"""What the door says no to is told on the page, and the page goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_run_that_is_not_let_in_leaves_the_page_as_it_was(
    tab: Any, examples_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab.photo(examples_dir / "rocket.jpg")
    tab.click(320, 165)
    tab.choose("telea")
    with monkeypatch.context() as patch:
        patch.setattr("ui.door.door.is_owner", lambda scope: False)
        patch.setattr("ui.door.turns._held", lambda visitor, scope: 99)
        tab.erase()
    assert "did not take this run" in tab.page.inner_text(".lab-problem")
    tab.erase()
    tab.page.wait_for_selector(".lab-result[data-eraser=telea] img")
    assert tab.page.is_hidden(".lab-problem")
