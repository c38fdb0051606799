"""Erasing in this process, and jobs of large networks on a GPU that is lent for each of them.

    this process: weights ▶ cache? ▶ part of the picture ─▶ a process that has the GPU (`borrowed`)
                       events, pixels under the mask     ◀─

One call of the lender is one job: what is asked for at once stays small, and a refusal costs one
job. Networks stay loaded in the other process for as long as the lender lets it live. Jobs of one
run that need no GPU are done meanwhile; runs of several visitors borrow side by side, since the
lender has several GPUs.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from importlib import import_module
from typing import Protocol

from numpy import uint8
from numpy.typing import NDArray

from methods._base import EraserSpec, Image, Mask, Stopped, UserError
from methods._engine.before_fetch import MayFetch
from methods._engine.events import (
    Borrowing,
    Channel,
    Event,
    Failed,
    Finished,
    Loading,
    Waiting,
)
from methods._engine.job import Job
from methods._engine.judging import Judge
from methods._engine.result_cache import filled
from methods._engine.runner import Run, checked, judging_of
from methods._engine.worker import Picture, Ready, Task, Tell, Worker
from methods._system.lent import wants_gpu
from methods._system.lock import StopToken, device_lock
from methods._system.threads import begin_thread
from methods._weights.store import find_weights
from methods._workers.executor import Place
from methods._workers.in_process import InProcess
from methods._workers.process.messages import Done, Patch, Told
from methods._workers.zerogpu.borrowed import Message
from methods._workers.zerogpu.pace import Paces, needs_whole_gpu, paces, steps_of
from methods._workers.zerogpu.parcel import Parcel, packed, part_for

_FIRST = (
    "torch",
    "accelerate",
    "peft",
    "transformers:CLIPTextModel",
    "transformers:CLIPVisionModelWithProjection",
    "diffusers:StableDiffusionInpaintPipeline",
    "diffusers:StableDiffusionXLInpaintPipeline",
    "diffusers:Flux2KleinInpaintPipeline",
    "diffusers:FluxFillPipeline",
)
"""Imported before the first GPU is borrowed: a new process takes them along, and would else spend
ten seconds of the visitor's time on them."""


class Lender(Protocol):
    """Has a job done where the GPU is, as `borrowed.erased` does it.

    Raises UserError where there is no GPU to be had, or it was taken away; Stopped where nobody
    waits for the job any more.
    """

    def __call__(self, parcel: Parcel) -> Generator[Message, None, None]:
        """Closing it ends the job at its next step, and returns when it has ended."""


class Lent(InProcess):
    """lend: has the GPUs. borrows: for which erasers one is borrowed. paces: for how long."""

    def __init__(
        self,
        lend: Lender,
        borrows: Callable[[EraserSpec], bool] = wants_gpu,
        known: Paces = paces,
    ) -> None:
        super().__init__()
        self._desk = _Desk(lend, borrows, known)

    def run(
        self,
        jobs: Sequence[Job],
        image: Image,
        mask: Mask,
        *,
        alpha: NDArray[uint8] | None = None,
        token: StopToken | None = None,
        fetch_missing: bool | MayFetch = True,
        judge: Judge | None = None,
        visitor: str = "",
    ) -> Iterator[Event]:
        """See `Executor.run`. One job at a time on a GPU, and one here."""
        own_token, channel = StopToken(token), Channel()
        picture = Picture(image, mask, alpha)
        tasks = checked(jobs, picture)
        worker = _Customer(picture, own_token, channel.put, fetch_missing, self._desk, visitor)
        crew = _HereAndThere(worker, self._desk.borrows)
        yield from Run(tasks, crew, judging_of(judge, picture), own_token, channel).events()

    def places(self) -> tuple[Place, ...]:
        """This process, and wherever the GPU is."""
        return (*super().places(), self._desk.place())

    def start(self) -> None:
        """Import what every borrowing process needs. Returns when that is done: a process that is
        copied in the middle of an import could never finish it."""
        for name in _FIRST:
            module, _, attribute = name.partition(":")
            with suppress(ImportError, AttributeError):  # whoever needs it says what is missing
                found = import_module(module)
                if attribute:
                    getattr(found, attribute)


class _Desk:
    """Where GPUs are borrowed: what all runs of an executor share."""

    def __init__(self, lend: Lender, borrows: Callable[[EraserSpec], bool], known: Paces) -> None:
        self.lend = lend
        self.borrows = borrows
        self.paces = known
        self._out: Counter[str] = Counter()  # ids of the erasers that have a GPU, or wait for one
        self._held: tuple[str, ...] = ()
        self._lock = threading.Lock()

    def place(self) -> Place:
        with self._lock:
            at_work = next((eraser for eraser, count in self._out.items() if count > 0), "")
            return Place("lent", "cuda", at_work, self._held)

    def begin(self, eraser: str) -> None:
        with self._lock:
            self._out[eraser] += 1

    def end(self, eraser: str) -> None:
        with self._lock:
            self._out[eraser] -= 1

    def note_held(self, erasers: tuple[str, ...]) -> None:
        with self._lock:
            self._held = erasers


class _HereAndThere:
    """Two workers of one run: what needs a GPU waits for it, and keeps nothing else waiting."""

    def __init__(self, worker: Worker, borrows: Callable[[EraserSpec], bool]) -> None:
        self._worker = worker
        self._borrows = borrows

    def work(self, run: Run) -> None:
        """See `Crew`."""
        there = [task for task in run.tasks if self._borrows(task.spec)]
        here = [task for task in run.tasks if not self._borrows(task.spec)]
        borrowing = begin_thread(lambda: self._in_turn(run, there), "eraser run") if there else None
        self._in_turn(run, here)
        if borrowing is not None:
            borrowing.join()

    def _in_turn(self, run: Run, tasks: Sequence[Task]) -> None:
        for task in tasks:
            if not run.begin(task.index):
                return
            run.end(self._worker.outcome(task))


class _Customer(Worker):
    """A worker that borrows a GPU for what needs one."""

    def __init__(
        self,
        picture: Picture,
        token: StopToken,
        tell: Tell,
        fetch_missing: bool | MayFetch,
        desk: _Desk,
        visitor: str = "",
    ) -> None:
        super().__init__(picture, token, tell, fetch_missing, visitor)
        self._desk = desk

    def erased(self, ready: Ready) -> Finished:
        """See `Worker.erased`."""
        if not self._desk.borrows(ready.task.spec):
            return super().erased(ready)
        self._desk.begin(ready.task.spec.id)
        try:
            return self._borrowed(ready)
        finally:
            self._desk.end(ready.task.spec.id)

    def _borrowed(self, ready: Ready) -> Finished:
        task = ready.task
        self._do_beforehand(task)
        part = part_for(task, self._picture)
        pace = self._desk.paces.of(task.eraser, task.settings)
        seconds = pace.seconds(steps_of(task.settings), part.patches)
        parcel = packed(ready, part, seconds, needs_whole_gpu(task.eraser, task.settings))
        read_ahead(ready)
        self._token.check()
        self._tell(Borrowing(task.index, seconds))
        try:
            result = self._result(ready, self._followed(task.index, parcel))
        except UserError:
            self._token.check()  # at a Stop, whatever the lender says is no news
            raise
        self._desk.paces.note(task.eraser, task.settings, result)
        return result

    def _do_beforehand(self, task: Task) -> None:
        """What needs no GPU costs nobody's time on one: large text encoders read here, once. In
        turn with all else that computes here."""
        if task.eraser.beforehand(task.settings, "cuda") is None:
            return
        with device_lock.hold(self._token, lambda ahead: self._tell(Waiting(task.index, ahead))):
            work = task.eraser.beforehand(task.settings, "cuda")  # somebody ahead may have done it
            if work is not None:
                self._tell(Loading(task.index))
                work()

    def _followed(self, index: int, parcel: Parcel) -> Patch:
        """Told as it comes. Raises Stopped, and the job's failure."""
        with closing(self._desk.lend(parcel)) as messages:
            for message in messages:
                if isinstance(message, Done):
                    self._desk.note_held(message.held)
                    return _patch(message.outcome)
                self._token.check()
                if isinstance(message, Told):
                    self._tell(replace(message.event, index=index))
        raise RuntimeError("the job ended without a word")

    def _result(self, ready: Ready, patch: Patch) -> Finished:
        task, picture = ready.task, self._picture
        image = filled(picture.image, picture.mask, patch.pixels)
        return replace(
            patch.facts,
            index=task.index,
            image=image,
            alpha=picture.filled_alpha,
            seed=task.seed,
            changed_outside=picture.changed_outside(image),
        )


def _patch(outcome: Patch | Failed) -> Patch:
    """Raises what has ended the job there."""
    if isinstance(outcome, Patch):
        return outcome
    if outcome.stopped:
        raise Stopped
    error = UserError(outcome.code)
    error.sentence, error.details = outcome.sentence, outcome.details
    raise error


def read_ahead(ready: Ready) -> None:
    """Have the system read the job's files while a GPU is waited for: whoever has one should not
    wait for a disk."""
    if not hasattr(os, "posix_fadvise"):
        return
    for weight in ready.task.eraser.weights_for(ready.task.settings):
        with suppress(OSError, UserError):
            if (path := find_weights(weight)) is not None:
                file = os.open(path, os.O_RDONLY)
                try:
                    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_WILLNEED)
                finally:
                    os.close(file)
