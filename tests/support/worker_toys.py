"""Erasers that end their process, hear nothing, or take long; the same here and in workers.

A worker calls `register` (see `messages.Start.setup`), and the tests do so for their own process.
"""

from __future__ import annotations

import ctypes
import os
import time
from typing import Any, ClassVar

import numpy as np

from methods._base import DeviceName, Progress, setting
from methods._engine import registry
from methods._workers.process import host
from runner_tools import Endless, Noise, ToySettings, spec_of


class WorkSettings(ToySettings):
    seconds: float = setting(0.0, "How long.", ge=0, le=100)


class Patient(Noise):
    """Takes as long as it is told, and hears Stop at its steps."""

    Settings = WorkSettings

    def work(self, settings: Any, progress: Progress) -> None:
        for step in range(settings.steps):
            time.sleep(settings.seconds / settings.steps)
            progress(step + 1, settings.steps)


class Segfault(Noise):
    """Reads where there is no memory; seed 0 alone does not."""

    def erase(self, image: Any, mask: Any, settings: Any, seed: int, progress: Progress) -> Any:
        if seed:
            ctypes.string_at(0)
        return super().erase(image, mask, settings, seed, progress)


class Abort(Noise):
    def work(self, settings: Any, progress: Progress) -> None:
        os.abort()


class Exits(Noise):
    def work(self, settings: Any, progress: Progress) -> None:
        os._exit(3)


class Hung(Noise):
    """One call that never returns and lets no other thread of its process run: asleep with the
    interpreter's lock, since one that computed would keep a core from other tests."""

    def work(self, settings: Any, progress: Progress) -> None:
        ctypes.PyDLL(None).sleep(100_000)


class SlowLoad(Noise):
    def load(self, device: DeviceName, dtype: Any) -> None:
        time.sleep(1.5)


class Buggy(Noise):
    def work(self, settings: Any, progress: Progress) -> None:
        raise ZeroDivisionError("/secret/path")


class Greedy(Noise):
    """Takes 600 MB for a moment; to be seen where there are fewer."""

    def work(self, settings: Any, progress: Progress) -> None:
        assert np.ones(600 * 2**20, np.uint8).all()


class Keeps(Noise):
    """Never gives back what it has taken."""

    kept: ClassVar[list[Any]] = []

    def work(self, settings: Any, progress: Progress) -> None:
        self.kept.append(np.ones(200 * 2**20, np.uint8))


def __getattr__(name: str) -> object:
    """What a template does when it names one of these (see `template._bring`): find all erasers,
    which its copies then need not, or believe that CUDA's driver is awake."""
    if name == "all_are_found":
        registry.found()
        return None
    if name == "pretend_a_gpu_is_awake":
        from methods._workers.process import template

        template._has_touched_a_gpu = lambda: True
        return None
    raise AttributeError(name)


KINDS = (Noise, Endless, Patient, Segfault, Abort, Exits, Hung, SlowLoad, Buggy, Greedy, Keeps)


def register() -> None:
    """Each as a network; as light_…, as one that loads nothing; as gpu_…, as one for GPUs. Workers
    rest sooner."""
    host._IDLE_SECONDS = 0.5
    for kind in KINDS:
        name = kind.__name__.lower()
        for eraser_id, more in (
            (name, {}),
            (f"light_{name}", {"holds_device": False}),
            (f"gpu_{name}", {"devices": ("cuda", "cpu")}),
        ):
            made = type(eraser_id, (kind,), {"spec": spec_of(eraser_id, **more)})
            registry.found().erasers[eraser_id] = made
