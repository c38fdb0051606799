"""How long an eraser is likely to take on this machine: from its results here, else a guess.

<cache>/paces.json    {"lama": {"cpu": {"seconds": 3.1, "load": 1.2, "size": 205669692}}, …}

seconds: of a job, of erasers that take steps for each step; the newest counts for 30 %. A photo
with a larger mask takes longer, so all of it is "about". size: bytes of its weights: what was
measured with others, a smaller variant or a user's own, says nothing of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from filelock import Timeout
from pydantic import BaseModel, TypeAdapter, ValidationError

from methods._base import DeviceName, Eraser, EraserSpec, Settings, UserError
from methods._engine.events import Finished
from methods._engine.job import Job, SettingValue
from methods._engine.registry import get_eraser, settings_of
from methods._system.container import cores
from methods._system.device import best_device
from methods._weights.cache import Entries, change_json, read_json
from methods._weights.status import weight_status

RECORD = "paces.json"
SMOOTHING = 0.3
STEPS = "num_inference_steps"
"""The setting of erasers that take steps, by which their time grows."""

GUESSED_SECONDS = 0.2
"""Of what has no network, where nothing has run here yet."""

LOADED_A_SECOND = 1e9
"""Bytes of a network that come from the disk: an estimate."""

STEPPED_A_SECOND = 40e9
"""Bytes of a network that a step goes through on a GPU, as `_workers.zerogpu.pace` has it."""

STEPPED_A_CORE = 0.1e9
"""The same of one core of a CPU: what LaMa, MI-GAN and Stable Diffusion take on machines of two to
eight cores lies within a factor of three of it."""


class _Pace(BaseModel):
    """seconds: of a job, or of a step; load: of bringing the eraser onto the device; size: bytes
    of the weights that it had then."""

    seconds: float
    load: float = 0.0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Expected:
    """seconds: of all jobs one after the other, loading each eraser once. measured: every one of
    the erasers has run here before; else part of it is a guess."""

    seconds: float
    measured: bool


@dataclass(frozen=True, slots=True)
class Ahead:
    """How long one job of an eraser takes here by default: seconds of loading, and of each of
    `steps` steps. measured: it has run here before; else a guess."""

    load: float
    step: float
    steps: int
    measured: bool


def ahead_of(eraser: type[Eraser]) -> Ahead:
    """For whoever lists erasers."""
    settings = eraser.Settings()
    steps, device = _steps(settings.model_dump(mode="json")), _device(eraser.spec)
    known = _measured(_known(), eraser, settings, device)
    pace = known or _guessed(eraser, settings, device, steps)
    return Ahead(pace.load, pace.seconds, steps, known is not None)


def expected(jobs: Iterable[Job]) -> Expected:
    """Before a run. Jobs that cannot run at all count as nothing."""
    known, total, measured, loaded = _known(), 0.0, True, set()
    for job in jobs:
        try:
            eraser = get_eraser(job.eraser)
            asked = settings_of(eraser, job.settings)
            settings = asked.model_dump(mode="json")
            device = _device(eraser.spec)
        except UserError:
            continue
        pace = _measured(known, eraser, asked, device)
        measured &= pace is not None
        pace = pace or _guessed(eraser, asked, device, _steps(settings))
        load = 0.0 if job.eraser in loaded else pace.load
        loaded.add(job.eraser)
        total += load + pace.seconds * _steps(settings)
    return Expected(total, measured)


def note_pace(eraser: str, finished: Finished) -> None:
    """Remember how long it took. Never raises: what cannot be written is not needed."""
    if finished.cached:
        return
    with suppress(OSError, Timeout, ValueError, UserError):
        change_json(RECORD, lambda all_: _with(all_, eraser, finished))


def _with(entries: Entries, eraser: str, finished: Finished) -> Entries:
    known, seconds = _read(entries), finished.erase_seconds / _steps(finished.settings)
    before, kind = known.get(eraser, {}), get_eraser(eraser)
    size = _size(kind, settings_of(kind, finished.settings))
    old = before.get(finished.device)
    if old is None or old.size != size:
        old = _Pace(seconds=seconds)
    new = _Pace(
        seconds=round(old.seconds + SMOOTHING * (seconds - old.seconds), 4),
        load=round(finished.load_seconds or old.load, 3),
        size=size,
    )
    all_ = {**known, eraser: {**before, finished.device: new}}
    return {name: {at: one.model_dump() for at, one in each.items()} for name, each in all_.items()}


def _measured(
    known: Mapping[str, Mapping[str, _Pace]],
    eraser: type[Eraser],
    settings: Settings,
    device: DeviceName,
) -> _Pace | None:
    """With the weights that it would have now."""
    pace = known.get(eraser.spec.id, {}).get(device)
    return pace if pace is not None and pace.size == _size(eraser, settings) else None


def _size(eraser: type[Eraser], settings: Settings) -> int:
    return sum(weight_status(file).size for file in eraser.weights_for(settings))


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


def _device(spec: EraserSpec) -> DeviceName:
    return best_device() if spec.holds_device else "cpu"


def _guessed(eraser: type[Eraser], settings: Settings, device: DeviceName, steps: int) -> _Pace:
    """By the bytes of its network as it would lie there: they stand for the arithmetic of a step
    at the size of canvas that each is made for."""
    size = sum(eraser().expected_memory(settings, device).values())
    through = STEPPED_A_CORE * cores() if device == "cpu" else STEPPED_A_SECOND
    return _Pace(seconds=GUESSED_SECONDS / steps + size / through, load=size / LOADED_A_SECOND)


def _steps(settings: Mapping[str, SettingValue]) -> int:
    steps = settings.get(STEPS)
    return steps if isinstance(steps, int) and steps > 0 else 1
