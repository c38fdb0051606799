"""Erasers that fail, dawdle or hear nothing, for the tests of the runner."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from methods import (
    Eraser,
    EraserSpec,
    Event,
    Failed,
    Finished,
    Image,
    Mask,
    Paper,
    Settings,
    Verbatim,
)
from methods._base import Canvas, DeviceName, Progress, setting


class ToySettings(Settings):
    steps: int = setting(3, "How many steps.", ge=1, le=100_000)


class Noise(Eraser):
    """Fills with noise that depends on the seed, in `steps` steps."""

    Settings = ToySettings
    calls: ClassVar[list[tuple[str, tuple[int, ...]]]] = []
    at_work: ClassVar[list[int]] = [0, 0]  # now, at most

    def load(self, device: DeviceName, dtype: Any) -> None:
        """Nothing to bring."""

    def unload(self) -> None:
        """Nothing to drop."""

    def erase(
        self, image: Image, mask: Mask, settings: Any, seed: int, progress: Progress
    ) -> Image:
        self.calls.append((self.spec.id, image.shape))
        self.at_work[0] += 1
        self.at_work[1] = max(self.at_work)
        try:
            self.work(settings, progress)
        finally:
            self.at_work[0] -= 1
        noise = np.random.default_rng(seed).integers(0, 256, image.shape)
        return np.where(mask[..., None], noise, image).astype(np.uint8)

    def work(self, settings: Any, progress: Progress) -> None:
        for step in range(settings.steps):
            progress(step + 1, settings.steps)


class Endless(Noise):
    """Steps until it is stopped."""

    def work(self, settings: Any, progress: Progress) -> None:
        step = 0
        while True:
            step += 1
            progress(step, step + 1)
            threading.Event().wait(0.005)


class Deaf(Noise):
    """One call that hears nothing until the gate opens."""

    gate: ClassVar[threading.Event] = threading.Event()

    def work(self, settings: Any, progress: Progress) -> None:
        assert self.gate.wait(60)


class Raising(Noise):
    """Raises the errors of its list, one at each call, and then works."""

    errors: ClassVar[list[BaseException]] = []

    def work(self, settings: Any, progress: Progress) -> None:
        if self.errors:
            raise self.errors.pop(0)


class Cropping(Noise):
    """Breaks the contract: another size comes back."""

    def erase(self, image: Image, *rest: Any) -> Image:
        return image[:-1].copy()


def spec_of(eraser_id: str, **more: Any) -> EraserSpec:
    given: dict[str, Any] = {
        "id": eraser_id,
        "name": eraser_id.title(),
        "summary": Verbatim({"en": "a", "zh": "b"}),
        "paper": Paper("t", "https://example.org", 2020),
        "license": "MIT",
        "devices": ("cpu",),
        "canvas": Canvas(context=0.5, min_context=8),
        **more,
    }
    return EraserSpec(**given)


def wire() -> tuple[Image, Mask]:
    """A photo of 80 x 600 pixels, and a thin line along it."""
    mask = np.zeros((80, 600), np.bool_)
    mask[40:43, 5:595] = True
    return np.random.default_rng(2).integers(0, 256, (80, 600, 3)).astype(np.uint8), mask


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never came about")


def runs_alive() -> list[threading.Thread]:
    """The threads of runs that have not ended."""
    return [thread for thread in threading.enumerate() if thread.name == "eraser run"]


def last_of(events: Sequence[Event]) -> list[Event]:
    """The events that end jobs, by job."""
    ends = [event for event in events if isinstance(event, Finished | Failed)]
    assert len({event.index for event in ends}) == len(ends), "a job ended twice"
    return sorted(ends, key=lambda event: event.index)


def finished(events: Sequence[Event]) -> Finished:
    (event,) = last_of(events)
    assert isinstance(event, Finished), event
    return event


def failed(events: Sequence[Event]) -> Failed:
    (event,) = last_of(events)
    assert isinstance(event, Failed), event
    return event
