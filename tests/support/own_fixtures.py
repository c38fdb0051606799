"""A folder of an owner's erasers for a test, and jobs for them.

Used as a plugin: `pytest_plugins = ["own_fixtures"]`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from methods import Failed, Finished, Image, Job, Mask, StopToken, run
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


@pytest.fixture
def image() -> Image:
    return np.random.default_rng(1).integers(0, 256, (48, 64, 3)).astype(np.uint8)


@pytest.fixture
def mask() -> Mask:
    found = np.zeros((48, 64), bool)
    found[16:30, 20:40] = True
    return found


@pytest.fixture
def erase(image: Image, mask: Mask) -> Callable[..., Finished | Failed]:
    """The last event of one job."""

    def erased(
        name: str, settings: dict[str, object] | None = None, seed: int = 0, **more: object
    ) -> Finished | Failed:
        token = more.get("token")
        assert token is None or isinstance(token, StopToken)
        job = Job(name, settings or {}, seed)  # type: ignore[arg-type]
        *_, last = run([job], image, mask, token=token)
        assert isinstance(last, Finished | Failed)
        return last

    return erased
