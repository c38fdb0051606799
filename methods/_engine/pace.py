"""How long an eraser is likely to take on this machine: from its results here, else a guess.

<cache>/paces.json    {"lama": {"cpu": {"seconds": 3.1, "load": 1.2}}, …}

seconds: of a job, of erasers that take steps for each step; the newest counts for 30 %. A photo
with a larger mask takes longer, so all of it is "about".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from filelock import Timeout
from pydantic import BaseModel, TypeAdapter, ValidationError

from methods._base import EraserSpec, UserError
from methods._engine.events import Finished
from methods._engine.job import Job, SettingValue
from methods._engine.registry import get_eraser, settings_of
from methods._system.device import best_device
from methods._weights.cache import Entries, change_json, read_json

RECORD = "paces.json"
SMOOTHING = 0.3
STEPS = "num_inference_steps"
"""The setting of erasers that take steps, by which their time grows."""

GUESSED_SECONDS, GUESSED_BYTES_A_SECOND = 0.2, 1e9
"""Where nothing has run here yet, as workers are planned: larger networks take longer."""


class _Pace(BaseModel):
    """seconds: of a job, or of a step; load: of bringing the eraser onto the device."""

    seconds: float
    load: float = 0.0


@dataclass(frozen=True, slots=True)
class Expected:
    """seconds: of all jobs one after the other, loading each eraser once. measured: every one of
    the erasers has run here before; else part of it is a guess."""

    seconds: float
    measured: bool


def expected(jobs: Iterable[Job]) -> Expected:
    """Before a run. Jobs that cannot run at all count as nothing."""
    known, total, measured, loaded = _known(), 0.0, True, set()
    for job in jobs:
        try:
            eraser = get_eraser(job.eraser)
            settings = settings_of(eraser, job.settings).model_dump(mode="json")
            device = _device(eraser.spec)
        except UserError:
            continue
        pace = known.get(job.eraser, {}).get(device)
        measured &= pace is not None
        pace = pace or _guessed(eraser.spec, _steps(settings))
        load = 0.0 if job.eraser in loaded else pace.load
        loaded.add(job.eraser)
        total += load + pace.seconds * _steps(settings)
    return Expected(total, measured)


def note_pace(eraser: str, finished: Finished) -> None:
    """Remember how long it took. Never raises: what cannot be written is not needed."""
    if finished.cached:
        return
    seconds = finished.erase_seconds / _steps(finished.settings)
    with suppress(OSError, Timeout, ValueError):
        change_json(RECORD, lambda all_: _with(all_, eraser, finished, seconds))


def _with(entries: Entries, eraser: str, finished: Finished, seconds: float) -> Entries:
    known = _read(entries)
    before = known.get(eraser, {})
    old = before.get(finished.device, _Pace(seconds=seconds))
    new = _Pace(
        seconds=round(old.seconds + SMOOTHING * (seconds - old.seconds), 4),
        load=round(finished.load_seconds or old.load, 3),
    )
    all_ = {**known, eraser: {**before, finished.device: new}}
    return {name: {at: one.model_dump() for at, one in each.items()} for name, each in all_.items()}


def _known() -> Mapping[str, Mapping[str, _Pace]]:
    try:
        return _read(read_json(RECORD))
    except (OSError, ValueError):
        return {}


_PACES = TypeAdapter(dict[str, dict[str, _Pace]])


def _read(entries: Entries) -> Mapping[str, Mapping[str, _Pace]]:
    """Nothing of a damaged file."""
    try:
        return _PACES.validate_python(entries)
    except ValidationError:
        return {}


def _device(spec: EraserSpec) -> str:
    return best_device() if spec.holds_device else "cpu"


def _guessed(spec: EraserSpec, steps: int) -> _Pace:
    size = sum(weight.size for weight in spec.weights)
    return _Pace(seconds=(GUESSED_SECONDS + size / GUESSED_BYTES_A_SECOND) / steps)


def _steps(settings: Mapping[str, SettingValue]) -> int:
    steps = settings.get(STEPS)
    return steps if isinstance(steps, int) and steps > 0 else 1
