"""What is left to do when a result is there: its PNG, its record, its numbers.

On a GPU this happens beside the next cell, which it does not slow down. Where erasers work on the
CPU, the next cell waits for it: seconds that stand side by side in a table must not depend on what
was judged meanwhile, and there are no idle cores to be won.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from examples.running.cases import Opened
from examples.running.records import Cell
from examples.running.work import Work
from methods import Finished, StopToken

logger = logging.getLogger(__name__)

MOST_WAITING = 2
"""Results that wait beside the one at work: each is a whole photo in memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A result of which nothing is kept yet."""

    work: Work
    cell_id: str
    event: Finished
    opened: Opened


class Finishing:
    """One thread; cells come out in the order in which results went in."""

    def __init__(self, token: StopToken) -> None:
        self._token = token
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="finishing")
        self._waiting: deque[tuple[Work, Future[Cell]]] = deque()

    def __enter__(self) -> Finishing:
        return self

    def __exit__(self, *raised: object) -> None:
        """What is finished is written, whatever ends the run; numbers can be made up for."""
        if any(raised):
            self._token.stop()
        self._thread.shutdown(wait=True)

    def add(self, made: Made) -> None:
        """Begin with it when those before it are done."""
        self._waiting.append((made.work, self._thread.submit(self._finished, made)))

    def done(self, most_left: int) -> Iterator[tuple[Work, Cell]]:
        """Those that are done; waits until at most so many are left. Raises BadInput where the
        folder cannot be written."""
        while self._waiting and (len(self._waiting) > most_left or self._waiting[0][1].done()):
            work, cell = self._waiting.popleft()
            yield work, cell.result()

    def _finished(self, made: Made) -> Cell:
        cell = made.work.written(made.cell_id, made.event, made.opened)
        if self._token.stopped:
            return cell
        try:
            return made.work.judged(cell, made.event.image, made.event.alpha, made.opened)
        except Exception:
            logger.exception("a result could not be judged")
            return cell  # a number is not worth a result
