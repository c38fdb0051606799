"""A pool of real worker processes for a module's tests, with toys in them.

Used as a plugin: `pytest_plugins = ["worker_fixtures"]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from methods import Image, Mask
from methods._engine import registry, worker
from methods._engine.residency import Residency
from methods._engine.result_cache import ResultCache
from methods._system.lock import DeviceLock
from methods._workers.pool import Pool
from methods._workers.process.processes import Copies, Starter
from methods._workers.seat import Seat
from worker_toys import register

SETUP = "worker_toys:register"
FOUND = ("worker_toys:all_are_found",)
"""For a template: crashes need many copies, each of which would search for half a second."""

TWO_LANES = (("cpu", "cpu"), ("lane1", "lane"), ("lane2", "lane"))


def pool_of(places: Sequence[tuple[str, str]] = TWO_LANES, starter: Starter | None = None) -> Pool:
    """A pool with these places: (id, kind)."""
    starter = starter or Copies(FOUND)
    seats = [Seat(name, kind, starter, {"PLACE": name}, SETUP) for name, kind in places]
    return Pool(seats, starter)


@pytest.fixture(scope="module")
def toys() -> Iterator[None]:
    """In the registry of this process, too, for the module."""
    before = dict(registry.found().erasers)
    register()
    yield
    registry.found().erasers.clear()
    registry.found().erasers.update(before)


@pytest.fixture(scope="module")
def pool(toys: None) -> Iterator[Pool]:
    """A place for networks and two lanes; shared by the module's tests."""
    with pool_of() as made:
        yield made


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No result of another test answers a job, and no device is in use."""
    held = Residency(2**30, DeviceLock())
    monkeypatch.setattr(worker, "results", ResultCache())
    monkeypatch.setattr(worker, "residency", held)
    yield
    if held.loaded:
        held.clear()  # what is kept there may be a process


@pytest.fixture
def image() -> Image:
    return np.random.default_rng(1).integers(0, 256, (90, 120, 3)).astype(np.uint8)


@pytest.fixture
def mask() -> Mask:
    found = np.zeros((90, 120), bool)
    found[30:50, 40:70] = True
    return found
