"""For how long a job has a GPU: an estimate before, an average of what was measured after.

A GPU that is lent is asked for by the second, before anybody knows whether the network lies on it
already: so loading is always counted. Who asks for too little loses the job, who asks for too much
is refused sooner, and waits longer.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from methods._base import Eraser, EraserSpec, Settings
from methods._engine.events import Finished
from methods._engine.registry import get_eraser
from methods._system.lent import LARGE, borrows
from methods._system.memory import GPU_MARGIN

LEAST_SECONDS, MOST_SECONDS = 6, 120

_FIXED = 4.0
"""Seconds for a new process and for waking CUDA in it: an estimate."""

_LOADED_PER_SECOND = 1e9
"""Bytes of a network that come from the disk to the GPU: an estimate, not measured there."""

_STEPPED_PER_SECOND = 40e9
"""Bytes of a network that a step goes through: an estimate, from what is published of SD, SDXL and
FLUX.1 on cards of that kind. It is the network's share of the arithmetic that counts, and at the
size of canvas that each is made for, that grows with its bytes."""

_SPARE = 1.3
_NEWEST = 0.3  # of an average is the newest value's


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds of an eraser: to load it, and for each step on each patch."""

    load: float
    step: float

    def seconds(self, steps: int, patches: int = 1) -> int:
        """To ask for."""
        needed = _SPARE * (_FIXED + self.load + self.step * steps * patches)
        return round(min(MOST_SECONDS, max(LEAST_SECONDS, needed)))


@dataclass(frozen=True, slots=True)
class Cost:
    """What a job costs of one's share of GPU time, in seconds: fixed + step for each of `steps`
    steps and each patch, at least `least` and at most `most`. steps: by default."""

    fixed: float
    step: float
    steps: int
    least: int
    most: int


class Paces:
    """What is known of all erasers. Safe between threads."""

    def __init__(self) -> None:
        self._known: dict[str, Pace] = {}
        self._lock = threading.Lock()

    def of(self, eraser: type[Eraser], settings: Settings) -> Pace:
        """As measured; before that, estimated from the network's bytes."""
        with self._lock:
            known = self._known.get(eraser.spec.id)
        return known or _estimated(eraser, settings)

    def note(self, eraser: type[Eraser], settings: Settings, result: Finished) -> None:
        """A job has taken this long. One that found its network loaded says nothing of loading."""
        before = self.of(eraser, settings)
        step = result.erase_seconds / (steps_of(settings) * max(1, result.pieces))
        load = result.load_seconds or before.load
        with self._lock:
            if eraser.spec.id in self._known:
                load, step = _mixed(load, before.load), _mixed(step, before.step)
            self._known[eraser.spec.id] = Pace(load, step)


def _mixed(new: float, old: float) -> float:
    return _NEWEST * new + (1 - _NEWEST) * old


def _estimated(eraser: type[Eraser], settings: Settings) -> Pace:
    size = network_bytes(eraser, settings)
    return Pace(size / _LOADED_PER_SECOND, size / _STEPPED_PER_SECOND)


def network_bytes(eraser: type[Eraser], settings: Settings) -> int:
    """What lies on the GPU for these settings, estimated."""
    return sum(eraser().expected_memory(settings, "cuda").values())


def steps_of(settings: Settings) -> int:
    """Passes through the network for each patch, at least 1."""
    return max(1, int(getattr(settings, "num_inference_steps", 1)))


def needs_whole_gpu(eraser: type[Eraser], settings: Settings) -> bool:
    """Whether half a GPU cannot hold the network."""
    return network_bytes(eraser, settings) > LARGE - 2 * GPU_MARGIN


paces = Paces()
"""The program's."""


def gpu_cost(spec: EraserSpec) -> Cost | None:
    """What an eraser's jobs cost here by its default settings; None where they cost nothing,
    because no GPU is borrowed for them."""
    if not borrows(spec):
        return None
    eraser = get_eraser(spec.id)
    settings = eraser.Settings()
    pace, price = paces.of(eraser, settings), 2 if needs_whole_gpu(eraser, settings) else 1
    return Cost(
        fixed=price * _SPARE * (_FIXED + pace.load),
        step=price * _SPARE * pace.step,
        steps=steps_of(settings),
        least=price * LEAST_SECONDS,
        most=price * MOST_SECONDS,
    )
