"""Erasers that need no device to themselves: they wait for no network, and none waits for them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import cast

import pytest

from methods import Event, Failed, Finished, Image, Job, Mask, Started, Waiting, list_erasers, run
from methods._engine import worker
from methods._engine.beside import Beside
from methods._system.lock import DeviceLock
from runner_tools import Deaf, Noise, Raising, failed, finished, wait_until

pytest_plugins = ["runner_fixtures"]


@pytest.fixture(autouse=True)
def line(lock: DeviceLock, add: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> DeviceLock:
    """Two places, and toys that stand there."""
    own = DeviceLock(places=2)
    monkeypatch.setattr(worker, "beside", Beside(own))
    for kind in (Noise, Deaf, Raising):
        add(kind, "light_" + kind.__name__.lower(), holds_device=False)
    return own


def begun(name: str, image: Image, mask: Mask, seed: int = 0) -> Generator[Event, None, None]:
    """A run whose eraser is at work."""
    events = cast("Generator[Event, None, None]", run([Job(name, seed=seed)], image, mask))
    while not isinstance(next(events), Started):
        pass
    return events


def test_what_is_beside_has_nothing_that_others_would_want() -> None:
    beside = {spec.id: spec for spec in list_erasers() if not spec.holds_device}
    beside = {name: spec for name, spec in beside.items() if not name.startswith("light_")}
    assert set(beside) == {"telea", "navier_stokes", "patchmatch"}
    for spec in beside.values():
        assert spec.devices == ("cpu",)
        assert not spec.weights and not spec.more_weights and not spec.memory


def test_it_does_not_wait_for_the_device(image: Image, mask: Mask, lock: DeviceLock) -> None:
    network = begun("deaf", image, mask)
    assert lock.ahead == 1
    events = list(run([Job("light_noise")], image, mask))
    assert isinstance(events[-1], Finished)
    assert not any(isinstance(event, Waiting) for event in events)
    Deaf.gate.set()
    assert isinstance(list(network)[-1], Finished)


def test_the_device_does_not_wait_for_it(image: Image, mask: Mask, lock: DeviceLock) -> None:
    """However long a fill takes, another visitor's network begins at once; so does a second one
    that needs no device, and only a third waits in line."""
    slow = begun("light_deaf", image, mask)
    assert lock.ahead == 0
    others = [list(run([Job(name)], image, mask)) for name in ("noise", "light_noise")]
    assert not any(isinstance(event, Waiting) for events in others for event in events)
    assert all(isinstance(events[-1], Finished) for events in others)

    second = begun("light_deaf", image, mask, seed=1)
    third = run([Job("light_noise", seed=1)], image, mask)
    assert next(third) == Waiting(0, 1)
    Deaf.gate.set()
    assert all(isinstance(list(events)[-1], Finished) for events in (slow, second, third))


def test_a_stop_while_it_hears_nothing_keeps_no_device(
    image: Image, mask: Mask, lock: DeviceLock, line: DeviceLock
) -> None:
    begun("light_deaf", image, mask).close()
    assert line.ahead == 1 and lock.ahead == 0
    assert isinstance(list(run([Job("noise")], image, mask))[-1], Finished)
    Deaf.gate.set()
    wait_until(lambda: line.ahead == 0)


def test_each_job_has_an_instance_of_its_own(
    image: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Noise] = []
    monkeypatch.setattr(Noise, "load", lambda self, *given: seen.append(self))
    monkeypatch.setattr(Noise, "unload", lambda self: seen.remove(self))
    slow = begun("light_deaf", image, mask)
    other = begun("light_deaf", image, mask, seed=1)
    assert len(seen) == 2 and seen[0] is not seen[1]
    Deaf.gate.set()
    for events in (slow, other):
        list(events)
    wait_until(lambda: not seen)


def test_too_little_memory_is_said(image: Image, mask: Mask) -> None:
    Raising.errors.append(MemoryError())
    last = failed(list(run([Job("light_raising")], image, mask)))
    assert last.code == "not_enough_memory"


def test_an_error_gives_its_place_back(image: Image, mask: Mask, line: DeviceLock) -> None:
    Raising.errors.append(RuntimeError("a bug"))
    assert isinstance(failed(list(run([Job("light_raising")], image, mask))), Failed)
    assert line.ahead == 0
    assert finished(list(run([Job("light_raising", seed=1)], image, mask))).changed_outside == 0
