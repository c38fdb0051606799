"""Runs erasers over one photo: jobs in, events out.

run ── events ──▶ page, command line, API
 └─ a thread with its crew, then its `judging.Judging`

Who does the jobs is the crew's affair: one worker in this process, job after job (`InTurn`), or
several processes at once (`methods._workers`). A run has a thread to itself while it goes on. It is
a daemon and is never killed: in this process a call that cannot be interrupted goes on after Stop,
holding the device, and nobody is told of its result. A job that nobody stops is given up when it
has done nothing for long (`stuck`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from methods._base import BadInput, Image, Mask
from methods._engine.before_fetch import MayFetch
from methods._engine.endings import gave_up, stopped
from methods._engine.events import Channel, Event, Failed, Finished, Judged, Stopping
from methods._engine.job import MAX_SEED, Job
from methods._engine.judging import Judge, Judging
from methods._engine.registry import get_eraser, settings_of
from methods._engine.stuck import Attempt, Life, most_silent_seconds
from methods._engine.worker import Picture, Task, Worker
from methods._geometry.canvas import check_mask
from methods._system.lock import StopToken
from methods._system.threads import begin_thread

logger = logging.getLogger(__name__)

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
    visitor: str = "",
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

    visitor: whose run it is; visitors are served in turn.

    token.stop() ends the run: Stopping for the job under way, if there is one; then at
    once Failed(stopped=True) for every job not begun; then the job under way has
    STOP_GRACE seconds to end at its next step, which is Failed(stopped=True) or, when it
    was just done, Finished; after that it counts as Failed(stopped=True) and the iterator
    ends, while the call goes on unseen and holds the device until it returns. What has not
    been judged by then stays so. Closing the iterator stops the same way and leaves nobody
    to tell.
    """
    own_token, channel = StopToken(token), Channel()
    picture = Picture(image, mask, alpha)
    tasks = checked(jobs, picture)
    crew = InTurn(Worker(picture, own_token, channel.put, fetch_missing, visitor))
    yield from Run(tasks, crew, judging_of(judge, picture), own_token, channel).events()


# --- checking ----------------------------------------------------------------------------


def checked(jobs: Sequence[Job], picture: Picture) -> list[Task]:
    """The jobs as tasks. Raises BadInput for one that is unusable, or for the picture."""
    if not 1 <= len(jobs) <= MAX_JOBS:
        raise BadInput("bad_job_count", count=len(jobs), most=MAX_JOBS)
    check_mask(picture.image, picture.mask)
    tasks = [task_of(index, job) for index, job in enumerate(jobs)]
    _check_alpha(picture.alpha, picture.mask)
    return tasks


def _check_alpha(alpha: NDArray[np.uint8] | None, mask: Mask) -> None:
    if alpha is not None and (alpha.dtype != np.uint8 or alpha.shape != mask.shape):
        raise ValueError(f"alpha must be {mask.shape} uint8, not {alpha.shape} {alpha.dtype}")


def task_of(index: int, job: Job) -> Task:
    """One job as a task. Raises BadInput for an unusable one, Unavailable for a broken eraser."""
    eraser = get_eraser(job.eraser)
    settings = settings_of(eraser, job.settings)
    whole = isinstance(job.seed, int | np.integer) and not isinstance(job.seed, bool)
    if not whole or not 0 <= job.seed <= MAX_SEED:
        raise BadInput("bad_seed", most=MAX_SEED)
    return Task(index, eraser, settings, int(job.seed))


def judging_of(judge: Judge | None, picture: Picture) -> Judging | None:
    """Who judges the results of a picture, if anybody does."""
    return None if judge is None else Judging(judge, picture.image, picture.mask, picture.alpha)


# --- running -----------------------------------------------------------------------------


class Crew(Protocol):
    """Who does the jobs of a run."""

    def work(self, run: Run) -> None:
        """Begin and end every task of the run, in its own order, until it is stopped."""


class InTurn:
    """One worker, which does job after job; what is stuck is given up. Raises BadInput where the
    host's setting for that makes no sense."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._most = most_silent_seconds()

    def work(self, run: Run) -> None:
        """See `Crew`."""
        for task in run.tasks:
            if not run.begin(task.index):
                return
            run.end(self._outcome(task))

    def _outcome(self, task: Task) -> Finished | Failed:
        life = Life()
        worker = self._worker.alone(life)
        found = Attempt(lambda: worker.outcome(task)).within(life, self._most)
        if not life.given_up and found is not None:
            return found
        logger.error(
            "%s did nothing for %g minutes and was given up%s",
            task.spec.id,
            self._most / 60,
            "" if found else "; its native code goes on",
        )
        if found is not None:
            return found if isinstance(found, Finished) else gave_up(task.index, task.spec)
        worker.give_up()
        return gave_up(task.index, task.spec, "device" if task.spec.holds_device else "beside")


class Run:
    """One run: `events` in the caller's thread, its crew in another one."""

    def __init__(
        self,
        tasks: list[Task],
        crew: Crew,
        judging: Judging | None,
        token: StopToken,
        channel: Channel,
    ) -> None:
        self.tasks = tasks
        self._crew = crew
        self._judging = judging
        self._token = token
        self._channel = channel
        self._open = {task.index for task in tasks}  # jobs without their last event
        self._unjudged: set[int] = set()  # finished jobs without their numbers
        self._turn = threading.Lock()
        self._under_way: set[int] = set()

    # --- the watcher's side --------------------------------------------------------------

    def events(self) -> Iterator[Event]:
        """What `run` yields."""
        begin_thread(self._work, "eraser run", background=True)
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
        with self._turn:  # the crew begins no other job: the token is stopped
            under_way = set(self._under_way)
        yield from self._said_already()
        under_way &= self._open
        for index in sorted(under_way):
            yield Stopping(index)
        for index in sorted(self._open - under_way):
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

    # --- the crew's side -----------------------------------------------------------------

    def begin(self, index: int) -> bool:
        """Note that a job is under way; False = the run is stopped, leave it alone."""
        with self._turn:
            if self._token.stopped:
                return False
            self._under_way.add(index)
            return True

    def set_aside(self, index: int) -> None:
        """A job that was begun waits again: at a Stop it ends at once."""
        with self._turn:
            self._under_way.discard(index)

    def end(self, outcome: Finished | Failed) -> None:
        """A job's last event; waits while the watcher has results to read."""
        if self._judging is not None and isinstance(outcome, Finished):
            self._judging.keep(outcome)
        self._channel.put(outcome)
        self.set_aside(outcome.index)

    def _work(self) -> None:
        self._crew.work(self)
        if self._judging is not None:
            for judged in self._judging.all(self._token):
                self._channel.put(judged)
