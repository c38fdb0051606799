"""Runs a table: every case with every eraser, each cell once, whatever interrupts it.

cases ▶ open (a failure fills the row) ▶ what is finished already?
      ▶ eraser after eraser over all open cases: Executor.sweep ▶ finishing ▶ records

An eraser's networks are loaded once for all the cases of a window, not once for each: with room
for few of many erasers, loading is what a table takes longest with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice

from examples.running.cases import Case, CaseTable, Opened, open_case
from examples.running.finishing import MOST_WAITING, Finishing, Made
from examples.running.jobs import Choice, order_of_loads
from examples.running.numbers import ENTRY, Measure, measured, measured_by
from examples.running.records import Cell, Folder
from examples.running.work import RowResult, Work
from methods import (
    BoundedCache,
    Event,
    Executor,
    Failed,
    Finished,
    InProcess,
    Mask,
    Picture,
    StopToken,
    SweepJob,
    Text,
    UserError,
)

AHEAD = 500
"""Cases that are open at a time: rows are complete after so many, and loads are few."""

OPENED = 2**29
"""Bytes of pictures that are kept between two erasers; others are read anew."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something has happened: case `number` of `total`. event: of the cell under way; cell: one
    that is finished; both None where the case has just been opened, or could not be. notes: how
    the mask of a case that has just been opened was read."""

    number: int
    total: int
    case: Case
    cell: Cell | None = None
    event: Event | None = None
    eraser: str = ""
    failure: UserError | None = None
    notes: tuple[Text, ...] = ()


Tell = Callable[[Step], None]


def run_table(
    table: CaseTable,
    choice: Choice,
    folder: Folder,
    token: StopToken,
    tell: Tell,
    *,
    only_kept: bool = False,
    ahead: int = AHEAD,
    executor: Executor | None = None,
) -> Iterator[RowResult]:
    """Yield the rows, in order, each window of `ahead` cases when it is done; a stopped run
    yields the rows that have a cell by then. only_kept: take what is finished and erase nothing.
    executor: who erases; None = this process.
    Raises BadInput only where the folder cannot be written."""
    executor = executor or InProcess()
    helper, total = executor.helper(ENTRY), len(table.cases)
    numbered = iter(enumerate(table.cases, 1))
    with helper or nullcontext():
        measure = measured if helper is None else measured_by(helper)
        while (cases := list(islice(numbered, ahead))) and not token.stopped:
            window = _Window(choice, folder, token, tell, total, measure)
            window.open(cases)
            window.give()
            if not only_kept:
                window.erase(executor)
            yield from window.rows()


class _Window:
    """Cases that are run together."""

    def __init__(
        self,
        choice: Choice,
        folder: Folder,
        token: StopToken,
        tell: Tell,
        total: int,
        measure: Measure,
    ) -> None:
        self._measure = measure
        self._choice = choice
        self._folder = folder
        self._token = token
        self._tell = tell
        self._total = total
        self._entries: list[tuple[int, RowResult | Work]] = []
        self._opened: BoundedCache[str, Opened] = BoundedCache(
            OPENED, _bytes_of, newest_always=True, kind="photos"
        )

    def open(self, cases: Iterable[tuple[int, Case]]) -> None:
        """Find out what is finished and what is to be run; what cannot be opened is a failure."""
        for number, case in cases:
            if self._token.stopped:
                return
            try:
                entry: RowResult | Work = self._work(number, case)
            except UserError as error:
                entry = RowResult(case, failure=error)
                self._tell(Step(number, self._total, case, failure=error))
            self._entries.append((number, entry))

    def give(self) -> None:
        """What was made elsewhere and has only to be looked at."""
        works = [entry for _, entry in self._entries if isinstance(entry, Work)]
        for work, cell_id in ((each, cell_id) for each in works for cell_id in each.columns):
            if self._token.stopped:
                return
            with suppress(UserError):  # the photo has gone since: its erasers will say so
                self._end(work, work.give(cell_id, self._open(work.case)))

    def rows(self) -> Iterator[RowResult]:
        """All; of a stopped run those with a cell."""
        for _, entry in self._entries:
            row = entry.row() if isinstance(entry, Work) else entry
            if row.cells or row.failure or not self._token.stopped:
                yield row

    def erase(self, executor: Executor) -> None:
        """Every open cell, eraser after eraser; its numbers and files beside it where they do
        not slow it down."""
        cells = list(self._in_order())
        jobs = [SweepJob(work.open[cell], partial(self._picture, work)) for work, cell in cells]
        fetch = self._choice.fetch
        with Finishing(self._token) as finishing:
            for event in executor.sweep(jobs, token=self._token, fetch_missing=fetch):
                self._follow(*cells[event.index], event, finishing)
            self._take(finishing, most_left=0)

    def _in_order(self) -> Iterator[tuple[Work, str]]:
        """Erasers as they first come, each with the cases in the table's order."""
        works = [entry for _, entry in self._entries if isinstance(entry, Work)]
        groups: dict[tuple[str, str], list[tuple[Work, str]]] = {}
        for work in works:
            for cell_id, job in work.open.items():
                groups.setdefault(order_of_loads(job), []).append((work, cell_id))
        first = {key[0]: place for place, key in reversed(list(enumerate(groups)))}
        for key in sorted(groups, key=lambda key: first[key[0]]):
            yield from groups[key]

    def _picture(self, work: Work) -> Picture:
        """Of one cell. Raises UserError where it has gone since it was opened first."""
        opened = self._open(work.case)
        return Picture(opened.photo.rgb, opened.mask, opened.photo.alpha)

    def _follow(self, work: Work, cell_id: str, event: Event, finishing: Finishing) -> None:
        """What happens to one cell."""
        if isinstance(event, Failed):
            self._end(work, work.failed(cell_id, event))
        elif isinstance(event, Finished):
            finishing.add(Made(work, cell_id, event, self._open(work.case)))
            self._take(finishing, most_left=MOST_WAITING if event.device != "cpu" else 0)
        else:
            self._tell(Step(work.number, self._total, work.case, event=event, eraser=cell_id))

    def _take(self, finishing: Finishing, most_left: int) -> None:
        for work, cell in finishing.done(most_left):
            self._end(work, cell)

    def _end(self, work: Work, cell: Cell) -> None:
        work.made[cell.id] = cell
        self._tell(Step(work.number, self._total, work.case, cell=cell))

    def _work(self, number: int, case: Case) -> Work:
        opened = self._open(case)
        work = Work(number, case, opened, self._choice, self._folder, self._measure)
        self._tell(Step(number, self._total, case, notes=opened.mask_notes))
        for cell in work.made.values():
            self._tell(Step(number, self._total, case, cell=cell))
        return work

    def _open(self, case: Case) -> Opened:
        return self._opened.get(case.id, lambda: self._read(case))

    def _read(self, case: Case) -> Opened:
        return open_case(
            case,
            accept_changed=self._choice.accept_changed,
            should_stop=lambda: self._token.stopped,
        )


def _bytes_of(opened: Opened) -> int:
    truth = 0 if opened.truth is None else opened.truth.nbytes
    return opened.photo.rgb.nbytes + opened.mask.nbytes + truth


def mask_share(mask: Mask) -> float:
    """Of the photo, 0 … 1."""
    return float(mask.mean())
