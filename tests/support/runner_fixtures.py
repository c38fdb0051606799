"""A device, a cache and toy erasers of a test's own.

Used as a plugin: `pytest_plugins = ["runner_fixtures"]`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from methods import Eraser, Image, Mask
from methods._engine import registry, worker
from methods._engine.residency import Residency
from methods._engine.result_cache import ResultCache
from methods._system.lock import DeviceLock
from runner_tools import Cropping, Deaf, Endless, Noise, Raising, runs_alive, spec_of, wait_until


@pytest.fixture
def add(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Registers a toy for one test: add(Noise, "id", spec fields…) -> id."""

    def add_one(kind: type[Eraser], eraser_id: str, **more: Any) -> str:
        eraser = type(eraser_id, (kind,), {"spec": spec_of(eraser_id, **more)})
        monkeypatch.setitem(registry.found().erasers, eraser_id, eraser)
        return eraser_id

    return add_one


@pytest.fixture
def lock(monkeypatch: pytest.MonkeyPatch, add: Callable[..., str]) -> Iterator[DeviceLock]:
    """A device, a cache and toys of this test's own; no thread is left at its end."""
    own = DeviceLock()
    monkeypatch.setattr(worker, "residency", Residency(2**30, own))
    monkeypatch.setattr(worker, "results", ResultCache())
    monkeypatch.setattr(Deaf, "gate", threading.Event())
    monkeypatch.setattr(Noise, "calls", [])
    monkeypatch.setattr(Noise, "at_work", [0, 0])
    monkeypatch.setattr(Raising, "errors", [])
    for kind in (Noise, Endless, Deaf, Raising, Cropping):
        add(kind, kind.__name__.lower())
    yield own
    Deaf.gate.set()
    wait_until(lambda: own.ahead == 0 and not runs_alive())


@pytest.fixture
def image() -> Image:
    return np.random.default_rng(1).integers(0, 256, (90, 120, 3)).astype(np.uint8)


@pytest.fixture
def mask() -> Mask:
    found = np.zeros((90, 120), bool)
    found[30:50, 40:70] = True
    return found
