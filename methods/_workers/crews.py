"""Who does the jobs of a run, or of a sweep, in worker processes; see `_engine.runner.Crew`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from methods._base import UserError
from methods._engine.before_fetch import MayFetch
from methods._engine.endings import failed
from methods._engine.events import Event, Failed, Finished
from methods._engine.runner import Run
from methods._engine.worker import Picture, Ready, Task, Worker, guarded
from methods._system.lock import StopToken
from methods._weights import store
from methods._workers.shift import Shift

Open = Callable[[], Picture]


class RunCrew:
    """Makes every job ready at home, the ones first whose weights are here, and hands it over."""

    def __init__(self, shift: Shift, picture: Picture, worker: Worker, tell: Tell) -> None:
        self._shift = shift
        self._picture = picture
        self._worker = worker
        self._tell = tell

    def work(self, run: Run) -> None:
        """See `Crew`."""
        for task in sorted(run.tasks, key=_lacks_weights):
            if not run.begin(task.index):
                break
            self._hand_over(run, task)
        self._shift.close()

    def _hand_over(self, run: Run, task: Task) -> None:
        found = guarded(task, lambda: self._worker.prepared(task))
        if isinstance(found, Ready):
            run.set_aside(task.index)
            self._shift.add(_RunErrand(task, run, self._tell, found, self._picture))
        else:
            run.end(found)


def _lacks_weights(task: Task) -> bool:
    try:
        needed = task.eraser.weights_for(task.settings)
        return any(store.find_weights(weight) is None for weight in needed)
    except UserError:
        return False  # which will be said at once


Tell = Callable[[Event], None]
MakeWorker = Callable[[Picture, StopToken, Tell, bool | MayFetch], Worker]


@dataclass(frozen=True, slots=True, eq=False)
class _Errand:
    """What both kinds have in common; see `shift.Errand`."""

    task: Task
    run: Run
    put: Tell

    def begin(self) -> bool:
        return self.run.begin(self.task.index)

    def tell(self, event: Event) -> None:
        self.put(replace(event, index=self.task.index))

    def end(self, outcome: Finished | Failed) -> None:
        self.run.end(outcome)


@dataclass(frozen=True, slots=True, eq=False)
class _RunErrand(_Errand):
    ready: Ready
    picture: Picture

    def prepared(self) -> tuple[Ready, Picture] | Finished | Failed:
        return self.ready, self.picture


class SweepCrew:
    """Opens each picture when its job has a place. begun: the jobs that had one."""

    def __init__(
        self,
        shift: Shift,
        pictures: Mapping[int, Open],
        token: StopToken,
        tell: Tell,
        fetch_missing: bool | MayFetch,
        worker: MakeWorker = Worker,
    ) -> None:
        self.begun: set[int] = set()
        self._shift = shift
        self._pictures = pictures
        self._token = token
        self._tell = tell
        self._fetch_missing = fetch_missing
        self._worker = worker

    def work(self, run: Run) -> None:
        """See `Crew`."""
        for task in run.tasks:
            if self._token.stopped:
                break
            self._shift.add(_SweptErrand(task, run, self._tell, self))
        self._shift.close()

    def prepared(self, task: Task) -> tuple[Ready, Picture] | Finished | Failed:
        """See `shift.Errand`."""
        self.begun.add(task.index)
        try:
            picture = self._pictures[task.index]()
        except UserError as error:
            return failed(task.index, error)
        worker = self._worker(picture, self._token, self._tell, self._fetch_missing)
        found = guarded(task, lambda: worker.prepared(task))
        return (found, picture) if isinstance(found, Ready) else found


@dataclass(frozen=True, slots=True, eq=False)
class _SweptErrand(_Errand):
    crew: SweepCrew

    def prepared(self) -> tuple[Ready, Picture] | Finished | Failed:
        return self.crew.prepared(self.task)
