"""Erasing in this process: for notebooks, tests and small machines.

An eraser that crashes takes this process with it, and a call that hears no Stop goes on unseen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from numpy import uint8
from numpy.typing import NDArray

from methods._base import Image, Mask, UserError
from methods._engine import runner, worker
from methods._engine.before_fetch import MayFetch
from methods._engine.events import Event, Failed, Finished, Started
from methods._engine.job import Job
from methods._engine.judging import Judge
from methods._system.lock import StopToken
from methods._workers.board import Board
from methods._workers.executor import Executor, Place, SweepJob


class InProcess(Executor):
    """One job of a run after the other; runs share the device."""

    def __init__(self) -> None:
        self._board = Board()

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
        """See `Executor.run`. Visitors have the device in turn, a job at a time."""
        events = runner.run(
            jobs,
            image,
            mask,
            alpha=alpha,
            token=token,
            fetch_missing=fetch_missing,
            judge=judge,
            visitor=visitor,
        )
        return self._shown(jobs, events)

    def _shown(self, jobs: Sequence[Job], events: Iterator[Event]) -> Iterator[Event]:
        """The same events; other programs see what is at work."""
        try:
            for event in events:
                if isinstance(event, Started):
                    self._show(jobs[event.index].eraser)
                elif isinstance(event, Finished | Failed):
                    self._show("")
                yield event
        except GeneratorExit:
            self._show("")
            raise

    def _show(self, at_work: str) -> None:
        self._board.show([Place("here", "here", at_work, worker.residency.loaded)])

    def sweep(
        self,
        jobs: Sequence[SweepJob],
        *,
        token: StopToken | None = None,
        fetch_missing: bool | MayFetch = True,
    ) -> Iterator[Event]:
        """See `Executor.sweep`; in the order given."""
        token = token or StopToken()
        for index, each in enumerate(jobs):
            if token.stopped:
                return
            try:
                for event in self._one(each, token, fetch_missing):
                    yield replace(event, index=index)
            except UserError as error:
                yield worker.failed(index, error)

    def _one(
        self, each: SweepJob, token: StopToken, fetch_missing: bool | MayFetch
    ) -> Iterator[Event]:
        picture = each.open()
        return self.run(
            [each.job],
            picture.image,
            picture.mask,
            alpha=picture.alpha,
            token=token,
            fetch_missing=fetch_missing,
        )

    def places(self) -> tuple[Place, ...]:
        """One."""
        return (Place("here", "here", held=worker.residency.loaded),)

    def start(self) -> None:
        """See `Executor.start`."""
        self._show("")

    def close(self) -> None:
        """Nothing has been started."""
        self._board.clear()
