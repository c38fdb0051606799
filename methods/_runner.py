"""Runs erasers over one photo: jobs in, events out.

    run ── events ──▶ page, command line, API
     └─ worker thread: weights ▶ cache? ▶ device ▶ load ▶ erase patch by patch ▶ measure

Every run has its own worker thread. The thread is a daemon and is never killed: a call
that cannot be interrupted goes on after Stop, holding the device, and its result is
dropped.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from methods import _weights
from methods._base import (
    BadInput,
    Eraser,
    EraserSpec,
    Image,
    Mask,
    Settings,
    Stopped,
    Unavailable,
    UserError,
    WeightFile,
    WeightsUnavailable,
)
from methods._device import StopToken
from methods._events import (
    Channel,
    Event,
    Failed,
    Fetching,
    Finished,
    Loading,
    Started,
    Stepped,
    Stopping,
    Waiting,
)
from methods._geometry import changed_outside, check_mask, erase_in_patches
from methods._memory import MemoryMeter
from methods._registry import get_eraser, missing_packages, settings_of
from methods._residency import Held, residency
from methods._result_cache import ResultCache, job_key, picture_key

logger = logging.getLogger(__name__)

MAX_JOBS = 64
MAX_SEED = 2**32 - 1

STOP_GRACE = 1.0
"""Seconds that the job under way has after Stop to end by itself at its next step."""

_TICK = 0.05
_FETCH_TICK = 0.1

results = ResultCache()
"""Results of earlier jobs of this process."""


@dataclass(frozen=True, slots=True)
class Job:
    """One eraser with its settings and seed (0 … 2**32-1)."""

    eraser: str
    settings: Settings | Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0


def run(
    jobs: Sequence[Job],
    image: Image,
    mask: Mask,
    *,
    token: StopToken | None = None,
    fetch_missing: bool = True,
) -> Iterator[Event]:
    """Erase with every job, one after the other in the order given; yields what happens.

    All jobs are checked before anything starts: the first `next()` raises BadInput for an
    unusable job, photo or mask. After that nothing is raised; each job ends with exactly
    one Finished or Failed. Of a job's other events each kind may be missing.

    fetch_missing: fetch weights that are not here (the device is free meanwhile); False =
    such a job fails with code "weights_missing".

    token.stop() ends the run: Stopping for the job under way, if there is one; then at
    once Failed(stopped=True) for every job not begun; then the job under way has
    STOP_GRACE seconds to end at its next step, which is Failed(stopped=True) or, when it
    was just done, Finished; after that it counts as Failed(stopped=True), the iterator
    ends, and what the job may still bring is dropped. Closing the iterator stops the same
    way and leaves nobody to tell.
    """
    tasks = _checked(jobs, image, mask)
    yield from _Run(tasks, _Picture(image, mask), StopToken(token), fetch_missing).events()


# --- checking ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Task:
    """A job that has passed all checks."""

    index: int
    eraser: type[Eraser]
    settings: Settings
    seed: int

    @property
    def spec(self) -> EraserSpec:
        return self.eraser.spec


@dataclass(frozen=True)
class _Picture:
    image: Image
    mask: Mask

    @cached_property
    def key(self) -> str:
        return picture_key(self.image, self.mask)


def _checked(jobs: Sequence[Job], image: Image, mask: Mask) -> list[_Task]:
    if not 1 <= len(jobs) <= MAX_JOBS:
        raise BadInput(
            f"Choose between 1 and {MAX_JOBS} erasers; {len(jobs)} were chosen.",
            "bad_job_count",
            count=len(jobs),
            most=MAX_JOBS,
        )
    check_mask(image, mask)
    return [_task(index, job) for index, job in enumerate(jobs)]


def _task(index: int, job: Job) -> _Task:
    eraser = get_eraser(job.eraser)
    settings = settings_of(eraser, job.settings)
    whole = isinstance(job.seed, int | np.integer) and not isinstance(job.seed, bool)
    if not whole or not 0 <= job.seed <= MAX_SEED:
        text = f"The seed must be a whole number from 0 to {MAX_SEED}."
        raise BadInput(text, "bad_seed", most=MAX_SEED)
    return _Task(index, eraser, settings, int(job.seed))


# --- the watcher's side ------------------------------------------------------------------


class _Run:
    """One run: `events` in the caller's thread, `_work` and what follows in the worker."""

    def __init__(
        self, tasks: list[_Task], picture: _Picture, token: StopToken, fetch_missing: bool
    ) -> None:
        self._tasks = tasks
        self._picture = picture
        self._token = token
        self._fetch_missing = fetch_missing
        self._channel = Channel()
        self._open = {task.index for task in tasks}  # jobs without their last event
        self._turn = threading.Lock()
        self._under_way: int | None = None

    def events(self) -> Iterator[Event]:
        """What `run` yields."""
        threading.Thread(target=self._work, name="eraser run", daemon=True).start()
        try:
            while self._open and not self._token.stopped and not self._channel.over:
                yield from self._next(_TICK)
            if self._token.stopped:
                yield from self._stop()
            for index in sorted(self._open):  # only when the worker itself has died
                yield _internal(index, self._tasks[index].spec)
        finally:
            self._token.stop()
            self._channel.abandon()

    def _next(self, timeout: float) -> Iterator[Event]:
        event = self._channel.get(timeout)
        if event is not None:
            if isinstance(event, Finished | Failed):
                self._open.discard(event.index)
            yield event

    def _stop(self) -> Iterator[Event]:
        with self._turn:  # the worker begins no other job: the token is stopped
            under_way = self._under_way
        yield from self._said_already()
        if under_way not in self._open:
            under_way = None
        if under_way is not None:
            yield Stopping(under_way)
        for index in sorted(self._open - {under_way}):
            yield from self._give_up(index)
        deadline = time.monotonic() + STOP_GRACE
        while self._open and not self._channel.over and time.monotonic() < deadline:
            yield from self._next(_TICK)
        for index in sorted(self._open):
            yield from self._give_up(index)

    def _said_already(self) -> Iterator[Event]:
        while events := list(self._next(timeout=0)):
            yield from events

    def _give_up(self, index: int) -> Iterator[Event]:
        self._open.discard(index)
        yield _stopped(index)

    # --- the worker's side ---------------------------------------------------------------

    def _work(self) -> None:
        try:
            for task in self._tasks:
                if not self._begin(task.index):
                    return
                self._channel.put(self._outcome(task))
        finally:
            self._channel.end()

    def _begin(self, index: int) -> bool:
        with self._turn:
            if self._token.stopped:
                return False
            self._under_way = index
            return True

    def _outcome(self, task: _Task) -> Finished | Failed:
        try:
            return self._finish(task)
        except Stopped:
            return _stopped(task.index)
        except UserError as error:
            return Failed(task.index, error.code, str(error), dict(error.details), False)
        except Exception:
            # Whatever a method raises must not end the others; the log has the rest.
            logger.exception("%s failed", task.spec.id)
            return _internal(task.index, task.spec)

    def _finish(self, task: _Task) -> Finished:
        """From the cache, or by erasing."""
        _need_packages(task.spec)
        weights = {weight.name: self._digest(task, weight) for weight in task.spec.weights}
        seed = task.seed if task.spec.seeded else 0
        settings = task.settings.model_dump(mode="json")
        key = job_key(self._picture.key, task.spec.id, settings, seed, weights)
        known = results.get(key, self._picture.image, self._picture.mask)
        if known is not None:
            image, facts = known
            told = replace(facts, index=task.index, image=image, seed=task.seed, cached=True)
            return told
        finished = self._erased(task, settings, weights)
        no_pixels = np.empty((0, 0, 3), np.uint8)
        results.put(key, finished.image, self._picture.mask, replace(finished, image=no_pixels))
        return finished

    def _digest(self, task: _Task, weight: WeightFile) -> str:
        """SHA-256 of the file, which is on this machine when this returns."""
        if _weights.find_weights(weight) is None:
            if not self._fetch_missing:
                raise _weights_missing(task.spec, weight)
            self._fetch(task.index, weight)
        self._token.check()
        return _weights.digest(weight)

    def _fetch(self, index: int, weight: WeightFile) -> None:
        told = 0.0

        def tell(done: int, total: int) -> None:
            nonlocal told
            now = time.monotonic()
            if done >= total or now - told >= _FETCH_TICK:
                told = now
                self._channel.put(Fetching(index, weight.name, done, total))

        self._channel.put(Fetching(index, weight.name, 0, weight.size))
        _weights.fetch(weight, tell, lambda: self._token.stopped)

    def _erased(self, task: _Task, settings: dict[str, Any], weights: dict[str, str]) -> Finished:
        index = task.index
        with residency.hold(
            task.eraser,
            token=self._token,
            on_wait=lambda ahead: self._channel.put(Waiting(index, ahead)),
            on_load=lambda: self._channel.put(Loading(index)),
        ) as held:
            self._token.check()
            with MemoryMeter(held.device) as meter:
                start = time.perf_counter()
                image = residency.with_room(task.spec, lambda: self._erase(task, held))
                seconds = time.perf_counter() - start
        return Finished(
            index=index,
            image=image,
            load_seconds=held.load_seconds,
            erase_seconds=seconds,
            peak_memory=held.memory + meter.peak,
            memory_kind=meter.kind,
            device=held.device,
            seed=task.seed,
            settings=settings,
            weights=weights,
            changed_outside=changed_outside(self._picture.image, image, self._picture.mask),
        )

    def _erase(self, task: _Task, held: Held) -> Image:
        def call(image: Image, mask: Mask, patch: int, patches: int) -> Image:
            self._token.check()
            if patch == 0:
                self._channel.put(Started(task.index, patches))
            progress = self._progress(task.index, patch, patches)
            filled = held.eraser.erase(image, mask, task.settings, task.seed, progress)
            return _sound(filled, image, task.spec)

        return erase_in_patches(
            self._picture.image,
            self._picture.mask,
            task.spec.canvas,
            call,
            whole_picture=task.settings.whole_picture,
        )

    def _progress(self, index: int, patch: int, patches: int) -> Callable[[int, int], None]:
        def progress(step: int, total: int) -> None:
            self._token.check()
            self._channel.put(Stepped(index, patch * total + step, patches * total))

        return progress


# --- small things ------------------------------------------------------------------------


def _sound(filled: Image, image: Image, spec: EraserSpec) -> Image:
    """What the eraser returned, when it is what the contract asks for."""
    if filled.shape != image.shape or filled.dtype != np.uint8:
        raise TypeError(f"{spec.id} returned {filled.dtype} {filled.shape} for {image.shape}")
    return filled


def _stopped(index: int) -> Failed:
    return Failed(index, "stopped", "Stopped.", {}, True)


def _internal(index: int, spec: EraserSpec) -> Failed:
    text = (
        f"{spec.name} failed because of an error in the program, not in your photo."
        " The program's log has the details. The other erasers are not affected."
    )
    return Failed(index, "internal", text, {"eraser": spec.id}, False)


def _need_packages(spec: EraserSpec) -> None:
    missing = ", ".join(missing_packages(spec))
    if missing:
        text = f"{spec.name} needs a package that is not installed here: pip install {missing}"
        raise Unavailable(text, "package_missing", eraser=spec.id, packages=missing)


def _weights_missing(spec: EraserSpec, weight: WeightFile) -> WeightsUnavailable:
    megabytes = max(1, round(weight.size / 1e6))
    text = (
        f"{spec.name} needs {weight.name} ({megabytes} MB, {weight.license}), which is not on"
        f" this machine. Fetch it first, on its card or with: python -m methods fetch {spec.id}"
    )
    return WeightsUnavailable(
        text,
        "weights_missing",
        eraser=spec.id,
        name=weight.name,
        size=weight.size,
        license=weight.license,
    )
