"""This process is a ZeroGPU Space: `pytest -n 0 -m zerogpu tests/zerogpu`, with `spaces` installed.

The package changes torch for good, so other tests never run in the same process.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from zerogpu.device_api import DeviceApi

_API = DeviceApi()
_MARKER = "zerogpu"


def _is_space(config: pytest.Config) -> bool:
    return find_spec("spaces") is not None and config.getoption("markexpr") == _MARKER


def pytest_configure(config: pytest.Config) -> None:
    """Before any test module is imported."""
    if _is_space(config):
        from zerogpu.space import become_space

        _API.__enter__()
        become_space(_API, Path(tempfile.mkdtemp(prefix="eraser-lab-space-")))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Elsewhere they are skipped."""
    if not _is_space(config):
        reason = "needs the package spaces and a process of its own: -n 0 -m zerogpu tests/zerogpu"
        for item in items:
            if item.get_closest_marker(_MARKER):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session", autouse=True)
def no_forks_left(no_leftover_processes: None) -> Iterator[None]:
    """The package keeps the last ones."""
    yield
    from zerogpu.space import end_forks

    end_forks()


@pytest.fixture
def api() -> Iterator[DeviceApi]:
    """The device API, which grants a GPU to all and has heard nothing yet."""
    _API.reset()
    yield _API
    _API.reset()


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (90, 120, 3)).astype(np.uint8)


@pytest.fixture
def mask() -> np.ndarray:
    found = np.zeros((90, 120), bool)
    found[30:50, 40:70] = True
    return found
