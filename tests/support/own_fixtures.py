"""A folder of an owner's erasers for a test.

Used as a plugin: `pytest_plugins = ["own_fixtures"]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from methods._engine import registry
from methods._texts import catalogue
from own_tools import Own


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Own]:
    """An empty one; afterwards the program knows its own erasers alone."""
    folder = tmp_path / "erasers"
    folder.mkdir()
    monkeypatch.setenv("ERASER_LAB_ERASERS_DIR", str(folder))
    monkeypatch.setenv("ERASER_LAB_DATA", str(tmp_path / "data"))  # where a reload is wished
    registry._kept.clear()
    yield Own(folder)
    registry._kept.clear()
    catalogue._catalogues.cache_clear()  # with the sentences of the folder
