"""The one contract of all who erase: page, command line, API and tables know nothing else.

    Executor
    ├── InProcess   in this process, job after job
    └── Pool        in worker processes, several jobs at once

A suite of tests holds all fillings to it (tests/methods/_workers/test_contract.py).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from numpy import uint8
from numpy.typing import NDArray

from methods._base import Image, Mask
from methods._engine.before_fetch import MayFetch
from methods._engine.events import Event
from methods._engine.job import Job
from methods._engine.judging import Judge
from methods._engine.worker import Picture
from methods._system.lock import StopToken
from methods._workers.helper import Helper


@dataclass(frozen=True, slots=True, eq=False)
class SweepJob:
    """One of very many jobs. open: reads photo and mask when its turn comes; may raise UserError,
    which is the job's failure then. It may be called in any thread."""

    job: Job
    open: Callable[[], Picture]


@dataclass(frozen=True, slots=True)
class Place:
    """Where one job at a time is done.

    kind: "cuda", "mps", "cpu": networks on such a device; "lane": what loads nothing; "here": this
    process, which does all. at_work: id of the eraser, "" = idle. held: ids of those that are
    loaded. starts: processes begun so far; lost: of them, those that died. out: why no further one
    is tried, "" = it is in use.
    """

    id: str
    kind: str
    at_work: str = ""
    held: tuple[str, ...] = ()
    starts: int = 0
    lost: int = 0
    out: str = ""


class Executor(ABC):
    """Does jobs. Safe between threads; a context manager that closes it."""

    @abstractmethod
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
        """Erase with every job; yields what happens, as `methods.run` does.

        The same checks, the same events, the same promises about Stop. Where several jobs are
        under way at once their events come mixed, those of each job in their order; Stopping is
        told of each. visitor: whose run it is; visitors are served in turn.
        """

    @abstractmethod
    def sweep(
        self,
        jobs: Sequence[SweepJob],
        *,
        token: StopToken | None = None,
        fetch_missing: bool | MayFetch = True,
    ) -> Iterator[Event]:
        """Erase with very many jobs, in whatever order loads the fewest networks; `index` of an
        event is the job's place in `jobs`.

        Raises nothing. Each job ends with one Finished or Failed. When the token is stopped, the
        jobs under way end as in `run`, and of those not begun nothing is told.
        """

    @abstractmethod
    def places(self) -> tuple[Place, ...]:
        """Where jobs are done, as it is now."""

    @abstractmethod
    def close(self) -> None:
        """End all that it has started; no run may be under way. Calling it twice is allowed."""

    def start(self) -> None:  # noqa: B027 - there need not be anything
        """Begin in the background with what the first job would else wait for."""

    def helper(self, entry: str) -> Helper | None:
        """A process for work beside erasing, closed with the executor; None = such work is done in
        this process. entry: "module:function", which gives what it answers; see `Helper`."""
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
