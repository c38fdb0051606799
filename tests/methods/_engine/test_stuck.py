"""Jobs of this process that do nothing any more: they are given up, and others have their turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from methods import BadInput, Failed, Finished, Image, Job, Mask, run
from methods._base import Progress
from methods._engine import stuck, worker
from methods._engine.beside import Beside
from methods._engine.stuck import Life, most_silent_seconds
from methods._system.lock import DeviceLock
from runner_tools import Deaf, Noise, last_of

pytest_plugins = ["runner_fixtures"]
pytestmark = pytest.mark.usefixtures("lock")


class Asleep(Noise):
    """Never comes to an end, in Python, and asks nobody whether it should."""

    def work(self, settings: Any, progress: Progress) -> None:
        while True:
            time.sleep(0.02)


class Asking(Noise):
    """Asks again and again, and makes no step."""

    def work(self, settings: Any, progress: Progress) -> None:
        while True:
            progress(0, 1)
            time.sleep(0.02)


@pytest.fixture(autouse=True)
def toys(add: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds of silence are too long; one place for what loads nothing."""
    monkeypatch.setenv("ERASER_LAB_STUCK_MINUTES", "0.035")
    monkeypatch.setattr(stuck, "GRACE_SECONDS", 0.5)
    monkeypatch.setattr(worker, "beside", Beside(DeviceLock(lets_go=True)))
    add(Asleep, "asleep")
    add(Asking, "asking")
    add(Deaf, "light_deaf", holds_device=False)
    add(Noise, "light_noise", holds_device=False)


def outcomes(image: Image, mask: Mask, *erasers: str) -> list[str]:
    """By job: "done", or the sentence of what it failed with."""
    jobs = [Job(each, seed=n) for n, each in enumerate(erasers)]
    last = sorted(last_of(list(run(jobs, image, mask))), key=lambda each: each.index)
    return [_outcome(each) for each in last]


def _outcome(event: object) -> str:
    if isinstance(event, Failed):
        assert all("0.04" in each for each in event.sentence.plain().values())
        return event.sentence.id.removeprefix("error.")
    assert isinstance(event, Finished), event
    return "done"


@pytest.mark.parametrize("eraser", ["asleep", "asking"])
def test_what_runs_in_python_is_ended(image: Image, mask: Mask, eraser: str) -> None:
    assert outcomes(image, mask, eraser, "noise") == ["eraser_stuck", "done"]
    assert outcomes(image, mask, "noise") == ["done"], "the next visitor has the device"


def test_native_code_keeps_the_device_and_nothing_else(
    image: Image, mask: Mask, lock: DeviceLock
) -> None:
    assert outcomes(image, mask, "deaf", "light_noise") == ["eraser_stuck.device", "done"]
    assert lock.ahead == 1
    assert outcomes(image, mask, "light_noise") == ["done"]
    Deaf.gate.set()  # it comes back after all
    assert outcomes(image, mask, "noise") == ["done"]


def test_native_code_without_a_device_keeps_no_place(image: Image, mask: Mask) -> None:
    found = outcomes(image, mask, "light_deaf", "light_noise")
    assert found == ["eraser_stuck.beside", "done"]


def test_steps_are_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(stuck.time, "monotonic", lambda: now)
    life = Life()
    assert life.silent_seconds == 0, "who waits for a turn is not silent"
    life.sign()
    now += 50
    assert life.silent_seconds == 50
    life.sign()
    assert life.silent_seconds == 0
    now += 50
    life.rest()
    assert life.silent_seconds == 0


@pytest.mark.parametrize(("text", "seconds"), [("", 1800), ("2", 120), ("0", float("inf"))])
def test_the_host_may_set_it(monkeypatch: pytest.MonkeyPatch, text: str, seconds: float) -> None:
    monkeypatch.setenv("ERASER_LAB_STUCK_MINUTES", text)
    assert most_silent_seconds() == seconds


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "inf"])
def test_nonsense_is_a_sentence(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("ERASER_LAB_STUCK_MINUTES", text)
    with pytest.raises(BadInput) as raised:
        most_silent_seconds()
    assert raised.value.code == "bad_stuck_setting"
