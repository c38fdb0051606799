"""Runs erasers over one photo: jobs in, events out.

    run ── events ──▶ page, command line, API
     └─ a thread with its `_worker.Worker`, job after job, then its `_judging.Judging`

Every run has a thread of its own. It is a daemon and is never killed: a call
that cannot be interrupted goes on after Stop, holding the device, and nobody is told of
its result.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from methods._base import BadInput, Image, Mask
from methods._engine.before_fetch import MayFetch
from methods._engine.events import Channel, Event, Failed, Finished, Judged, Stopping
from methods._engine.job import MAX_SEED, Job
from methods._engine.judging import Judge, Judging
from methods._engine.registry import get_eraser, settings_of
from methods._engine.worker import Picture, Task, Worker, stopped
from methods._geometry.canvas import check_mask
from methods._system.lock import StopToken

MAX_JOBS = 64

STOP_GRACE = 1.0
"""Seconds that the job under way has after Stop to end by itself at its next step."""

_TICK = 0.05


def run(
    jobs: Sequence[Job],
    image: Image,
    mask: Mask,
    *,
    alpha: NDArray[np.uint8] | None = None,
    token: StopToken | None = None,
    fetch_missing: bool | MayFetch = True,
    judge: Judge | None = None,
) -> Iterator[Event]:
    """Erase with every job, one after the other in the order given; yields what happens.

    All jobs are checked before anything starts: the first `next()` raises BadInput for an
    unusable job, photo or mask. After that nothing is raised; each job ends with exactly
    one Finished or Failed. Of a job's other events each kind may be missing.

    alpha: (H, W) uint8, where the photo has transparent parts. Erasers do not see what it hides,
    and each Finished brings its alpha, filled as the photo is.

    fetch_missing: fetch weights that are not here (the device is free meanwhile); False =
    such a job fails with code "weights_missing". A function is asked before: fetch_missing(eraser,
    settings) raises UserError where they are not to be fetched for the job, which fails with it.

    judge: judge(image, mask, result) gives the numbers of a result (`methods.judge`, or that
    with its options bound); where photos are transparent it sees them over a plain ground. When
    the last job has ended, each Finished is followed by one Judged, in the order of the jobs: no
    result waits for a number.

    token.stop() ends the run: Stopping for the job under way, if there is one; then at
    once Failed(stopped=True) for every job not begun; then the job under way has
    STOP_GRACE seconds to end at its next step, which is Failed(stopped=True) or, when it
    was just done, Finished; after that it counts as Failed(stopped=True) and the iterator
    ends, while the call goes on unseen and holds the device until it returns. What has not
    been judged by then stays so. Closing the iterator stops the same way and leaves nobody
    to tell.
    """
    tasks = _checked(jobs, image, mask)
    _check_alpha(alpha, mask)
    own_token = StopToken(token)
    channel = Channel()
    worker = Worker(Picture(image, mask, alpha), own_token, channel.put, fetch_missing)
    judging = None if judge is None else Judging(judge, image, mask, alpha)
    yield from _Run(tasks, worker, judging, own_token, channel).events()


# --- checking ----------------------------------------------------------------------------


def _checked(jobs: Sequence[Job], image: Image, mask: Mask) -> list[Task]:
    if not 1 <= len(jobs) <= MAX_JOBS:
        raise BadInput("bad_job_count", count=len(jobs), most=MAX_JOBS)
    check_mask(image, mask)
    return [_task(index, job) for index, job in enumerate(jobs)]


def _check_alpha(alpha: NDArray[np.uint8] | None, mask: Mask) -> None:
    if alpha is not None and (alpha.dtype != np.uint8 or alpha.shape != mask.shape):
        raise ValueError(f"alpha must be {mask.shape} uint8, not {alpha.shape} {alpha.dtype}")


def _task(index: int, job: Job) -> Task:
    eraser = get_eraser(job.eraser)
    settings = settings_of(eraser, job.settings)
    whole = isinstance(job.seed, int | np.integer) and not isinstance(job.seed, bool)
    if not whole or not 0 <= job.seed <= MAX_SEED:
        raise BadInput("bad_seed", most=MAX_SEED)
    return Task(index, eraser, settings, int(job.seed))


# --- running -----------------------------------------------------------------------------


class _Run:
    """One run: `events` in the caller's thread, `_work` in its own."""

    def __init__(
        self,
        tasks: list[Task],
        worker: Worker,
        judging: Judging | None,
        token: StopToken,
        channel: Channel,
    ) -> None:
        self._tasks = tasks
        self._worker = worker
        self._judging = judging
        self._token = token
        self._channel = channel
        self._open = {task.index for task in tasks}  # jobs without their last event
        self._unjudged: set[int] = set()  # finished jobs without their numbers
        self._turn = threading.Lock()
        self._under_way: int | None = None

    def events(self) -> Iterator[Event]:
        """What `run` yields."""
        threading.Thread(target=self._work, name="eraser run", daemon=True).start()
        try:
            while (self._open or self._unjudged) and not self._token.stopped:
                yield from self._next(_TICK)
            if self._token.stopped:
                yield from self._stop()
        finally:
            self._token.stop()
            self._channel.abandon()

    def _next(self, timeout: float) -> Iterator[Event]:
        event = self._channel.get(timeout)
        if event is not None:
            self._note(event)
            yield event

    def _note(self, event: Event) -> None:
        if isinstance(event, Finished | Failed):
            self._open.discard(event.index)
        if isinstance(event, Finished) and self._judging is not None:
            self._unjudged.add(event.index)
        if isinstance(event, Judged):
            self._unjudged.discard(event.index)

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
        while self._open and time.monotonic() < deadline:
            yield from self._next(_TICK)
        for index in sorted(self._open):
            yield from self._give_up(index)

    def _said_already(self) -> Iterator[Event]:
        while events := list(self._next(timeout=0)):
            yield from events

    def _give_up(self, index: int) -> Iterator[Event]:
        self._open.discard(index)
        yield stopped(index)

    def _work(self) -> None:
        for task in self._tasks:
            if not self._begin(task.index):
                return
            outcome = self._worker.outcome(task)
            if self._judging is not None and isinstance(outcome, Finished):
                self._judging.keep(outcome)
            self._channel.put(outcome)
            del outcome  # it is the watcher's now; a large photo is not held while the next runs
        if self._judging is not None:
            for judged in self._judging.all(self._token):
                self._channel.put(judged)

    def _begin(self, index: int) -> bool:
        with self._turn:
            if self._token.stopped:
                return False
            self._under_way = index
            return True
