"""One job, from its weights to its result.

weights ▶ cache? ▶ device ▶ load ▶ erase patch by patch in its tone ▶ compare with the photo
"""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from methods._base import (
    Eraser,
    EraserSpec,
    Image,
    Mask,
    Progress,
    Settings,
    Stopped,
    Unavailable,
    UserError,
    WeightFile,
    WeightsUnavailable,
)
from methods._engine.before_fetch import MayFetch, demand_memory, fetched
from methods._engine.beside import beside
from methods._engine.endings import failed, gave_up, internal, stopped
from methods._engine.events import (
    Event,
    Failed,
    Finished,
    Loading,
    Started,
    Stepped,
    Waiting,
)
from methods._engine.fetch_report import FetchReport
from methods._engine.job import SettingValue
from methods._engine.registry import missing_packages
from methods._engine.residency import Held, residency
from methods._engine.result_cache import ResultCache, job_key, picture_key
from methods._engine.stuck import Life, Stuck
from methods._geometry.paste import changed_outside, erase_in_patches
from methods._geometry.transparency import filled_alpha, visible_alone
from methods._photo.tone import Tone, tone_of
from methods._system.lock import StopToken
from methods._system.logs import keeping_private
from methods._system.memory import MemoryMeter
from methods._weights import store
from methods._weights.errors import to_be_brought
from methods._weights.uses import in_use, keep_weights, note_use

logger = logging.getLogger(__name__)

keep_weights(lambda: residency.files())

R = TypeVar("R")

Tell: TypeAlias = Callable[[Event], None]

results: ResultCache[Finished] = ResultCache()
"""Results of earlier jobs of this process."""


@dataclass(frozen=True, slots=True)
class Task:
    """A job that has passed all checks."""

    index: int
    eraser: type[Eraser]
    settings: Settings
    seed: int

    @property
    def spec(self) -> EraserSpec:
        """Its eraser's."""
        return self.eraser.spec


@dataclass(frozen=True)
class Picture:
    """The photo and the mask of a run; what follows from them is found once for all jobs.

    alpha: (H, W) uint8, where the photo has transparent parts.
    """

    image: Image
    mask: Mask
    alpha: NDArray[np.uint8] | None = None

    @cached_property
    def visible(self) -> Image:
        """The photo as erasers may see it, without the colours that transparency hides."""
        if self.alpha is None:
            return self.image
        return visible_alone(self.image, self.alpha, self.mask)

    @cached_property
    def filled_alpha(self) -> NDArray[np.uint8] | None:
        """Every result's transparency."""
        return None if self.alpha is None else filled_alpha(self.alpha, self.mask)

    @cached_property
    def tone(self) -> Tone | None:
        """The colours of its medium, where these are not all."""
        return tone_of(self.visible, self.mask)

    @cached_property
    def key(self) -> str:
        """Identifies all three."""
        return picture_key(self.image, self.mask, self.alpha)

    def finished(self, result: Image) -> Image:
        """The photo itself with the result's pixels in the mask."""
        if self.alpha is None:
            return result
        whole = self.image.copy()
        np.copyto(whole, result, where=self.mask[:, :, None])
        return whole

    def changed_outside(self, result: Image) -> int:
        """Pixels outside the mask of which any channel differs."""
        if self.alpha is None or self.filled_alpha is None:
            return changed_outside(self.image, result, self.mask)
        before, after = np.dstack((self.image, self.alpha)), np.dstack((result, self.filled_alpha))
        return changed_outside(before, after, self.mask)


@dataclass(frozen=True, slots=True)
class Ready:
    """A job that is to be erased: its files are here, and its result is not known yet.

    settings: all of them, as plain values. weights: SHA-256 of its files by name. key: of the
    result, see `job_key`; "" = it is not kept. fetch: None = its files are here; else whoever
    erases looks after them, and whether it may fetch them.
    """

    task: Task
    settings: dict[str, SettingValue]
    weights: dict[str, str]
    key: str
    fetch: bool | None = None


class Worker:
    """Does the jobs of one run. tell: takes the events that come before a job's last one. visitor:
    whose run it is; visitors are served in turn."""

    def __init__(
        self,
        picture: Picture,
        token: StopToken,
        tell: Tell,
        fetch_missing: bool | MayFetch,
        visitor: str = "",
    ) -> None:
        self._visitor = visitor
        self._picture = picture
        self._token = token
        self._tell = tell
        self._fetch_missing = fetch_missing
        self._life = Life()

    def alone(self, life: Life) -> Worker:
        """The same for one job, which may be given up: then it hears a Stop, and tells nothing."""
        own = copy.copy(self)
        own._life, own._token = life, StopToken(self._token)
        own._tell = lambda event: None if life.given_up else self._tell(event)
        return own

    def give_up(self) -> None:
        """Nobody waits for its job any more; where it held no device, others have its place."""
        self._token.abandon()

    def outcome(self, task: Task) -> Finished | Failed:
        """The job's last event; raises nothing."""
        return guarded(task, lambda: self._finish(task))

    def prepared(self, task: Task) -> Ready | Finished:
        """All that comes before erasing: its files are fetched; from the cache, it is finished.

        Raises what keeps it from being erased.
        """
        return self.known(task, self.weights_of(task))

    def weights_of(self, task: Task) -> dict[str, str]:
        """SHA-256 of its files by name; all are here then. Raises what keeps them away."""
        _need_packages(task.spec)
        needed = task.eraser.weights_for(task.settings)
        self._bring(task, needed)
        return {weight.name: store.digest(weight) for weight in needed}

    def known(self, task: Task, weights: dict[str, str]) -> Ready | Finished:
        """A job with these files; from the cache, it is finished."""
        seed = task.seed if task.spec.seeded else 0
        settings = task.settings.model_dump(mode="json")
        if task.spec.version:  # what an owner's eraser is made of may change at any time
            return Ready(task, settings, weights, "")
        key = job_key(self._picture.key, task.spec.id, settings, seed, weights)
        known = results.get(key, self._picture.image, self._picture.mask)
        if known is None:
            return Ready(task, settings, weights, key)
        image, facts = known
        alpha, at = self._picture.filled_alpha, task.index
        return replace(facts, index=at, image=image, alpha=alpha, seed=task.seed, cached=True)

    def erased(self, ready: Ready) -> Finished:
        """The job's result, which is not kept. Raises what keeps it from being one."""
        task = ready.task
        with in_use(task.eraser.weights_for(task.settings)):
            return self._erased(task, ready.settings, ready.weights)

    def _finish(self, task: Task) -> Finished:
        """From the cache, or by erasing; between fetching and erasing nobody removes its files."""
        with in_use(task.eraser.weights_for(task.settings)):
            ready = self.prepared(task)
            if isinstance(ready, Finished):
                return ready
            finished = self.erased(ready)
        if ready.key:
            results.put(ready.key, finished.image, self._picture.mask, facts_of(finished))
        return finished

    def _bring(self, task: Task, needed: Sequence[WeightFile]) -> None:
        """All these files are on this machine when this returns."""
        missing = [weight for weight in needed if store.take_over(weight) is None]
        if missing:
            if not self._fetch_missing:
                raise _weights_missing(task.spec, missing[0])
            demand_memory(task.eraser, task.settings, on_gpu=False)
            if callable(self._fetch_missing):
                self._fetch_missing(task.eraser, task.settings)
            report = FetchReport(task.index, task.spec.name, missing, self._tell)
            stop, unload = lambda: self._token.stopped, lambda: residency.clear(self._token)
            failures = fetched(missing, report.observer, stop, unload)
            if failures:
                raise next(iter(failures.values()))
        note_use(needed)
        self._token.check()

    def _erased(
        self, task: Task, settings: dict[str, SettingValue], weights: dict[str, str]
    ) -> Finished:
        index = task.index
        keeper = residency if task.spec.holds_device else beside
        with (
            keeper.hold(
                task.eraser,
                weights=weights,
                settings=task.settings,
                token=self._token,
                on_wait=lambda ahead: self._tell(Waiting(index, ahead)),
                on_load=lambda: self._loading(index),
                visitor=self._visitor,
            ) as held,
            self._alive(),
        ):
            self._token.check()
            with MemoryMeter(held.device) as meter:
                start = time.perf_counter()
                image, masks = keeper.with_room(task.spec, lambda: self._erase(task, held))
                seconds = time.perf_counter() - start
            if held.load_seconds:  # the first call
                keeper.add_memory(task.spec, max(0, meter.kept - image.nbytes))
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
            changed_outside=self._picture.changed_outside(image),
            pieces=len(masks),
            alpha=self._picture.filled_alpha,
            notes=task.eraser.notes_on(masks, task.settings),
        )

    def _loading(self, index: int) -> None:
        self._life.sign()
        self._tell(Loading(index))

    @contextmanager
    def _alive(self) -> Iterator[None]:
        self._life.sign()
        try:
            yield
        finally:
            self._life.rest()

    def _erase(self, task: Task, held: Held) -> tuple[Image, list[Mask]]:
        """The result, and what was erased of each part that the eraser was shown."""
        masks: list[Mask] = []

        def call(image: Image, mask: Mask, patch: int, patches: int) -> Image:
            self._token.check()
            masks.append(mask)
            self._life.sign()
            if patch == 0:
                self._tell(Started(task.index, patches))
            progress = self._progress(task.index, patch, patches)
            filled = held.eraser.erase(image, mask, task.settings, task.seed, progress)
            return filled if tone is None else tone.applied(filled)

        tone, hole = self._picture.tone, self._picture.mask
        result = erase_in_patches(
            self._picture.visible,
            self._picture.mask,
            task.eraser.canvas_for(task.settings),
            call,
            whole_picture=task.settings.whole_picture,
            seamless=task.settings.seamless,
            sees_object=task.spec.sees_object,
        )
        if tone is not None:  # where fill and photo were made to meet, colours may have shifted
            result[hole] = tone.applied(result[hole][None])[0]
        return self._picture.finished(result), masks

    def _progress(self, index: int, patch: int, patches: int) -> Progress:
        told = 0

        def progress(step: int, total: int) -> None:
            nonlocal told
            self._token.check()
            if step != told:  # else it only asks
                told = step
                self._life.sign()
                self._tell(Stepped(index, patch * total + step, patches * total))

        return progress


def guarded(task: Task, action: Callable[[], R]) -> R | Failed:
    """`action()`; whatever it raises becomes the job's failure."""
    try:
        return action()
    except Stopped:
        return stopped(task.index)
    except UserError as error:
        return failed(task.index, error)
    except Stuck:
        return gave_up(task.index, task.spec)
    except BaseException:
        # Whatever a method raises, even SystemExit, must not end the others.
        with keeping_private(task.settings):  # prompts among them
            logger.exception("%s failed", task.spec.id)
        return internal(task.index, task.spec)


_NO_PIXELS = np.empty((0, 0, 3), np.uint8)


def facts_of(finished: Finished) -> Finished:
    """A result without its pixels."""
    return replace(finished, image=_NO_PIXELS, alpha=None)


def _need_packages(spec: EraserSpec) -> None:
    missing = ", ".join(missing_packages(spec))
    if missing:
        raise Unavailable("package_missing", eraser=spec.id, packages=missing, title=spec.name)


def _weights_missing(spec: EraserSpec, weight: WeightFile) -> WeightsUnavailable:
    if weight.by_hand:
        return to_be_brought(weight, weight.by_hand)
    megabytes = max(1, round(weight.size / 1e6))
    return WeightsUnavailable(
        "weights_missing",
        eraser=spec.id,
        name=weight.name,
        size=weight.size,
        license=weight.license,
        title=spec.name,
        megabytes=megabytes,
    )
