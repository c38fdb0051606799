"""One line for each eraser over all cases, added up while a table runs: no row is kept for it."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field

from examples.report.labels import label_of
from examples.report.shapes import PlainLine
from examples.running.jobs import is_of_document
from examples.running.records import Cell
from examples.running.work import RowResult
from methods import METRICS, PlainText

SUMMED = [name for name, metric in METRICS.items() if metric.needs == "truth"]
"""The numbers that may be averaged over cases, because a truth stands behind them."""


def summary(rows: Iterable[RowResult]) -> list[PlainLine]:
    """`Totals` of rows that are all there."""
    totals = Totals()
    for row in rows:
        totals.add(row)
    return totals.lines()


class Totals:
    """Averages only of numbers that have a truth behind them.

    A number is averaged over the cases that every eraser has finished, so that nobody gains
    by failing on a hard one; `truth_cases` says how many these are.
    """

    def __init__(self) -> None:
        self._of: dict[str, _Total] = {}

    def add(self, row: RowResult) -> None:
        """Count a case in."""
        for cell in row.cells:
            total = self._of.get(cell.id)
            if total is None:
                total = self._of[cell.id] = _Total(
                    cell.id, label_of(cell).plain(), bool(cell.given)
                )
            base = row.case.base or row.case.id  # of all dilations alike
            total.add(cell, base if row.case.truth else "")

    def lines(self) -> list[PlainLine]:
        """In the order in which cells first came."""
        common = self._finished_by_all()
        return [total.line(common) for total in self._of.values()]

    def _finished_by_all(self) -> set[str]:
        """Cases with a truth; erasers that have finished none at all do not count, nor folders of
        results that hold none of these."""
        useful = [
            set(total.measured)
            for cell_id, total in self._of.items()
            if total.done and not is_of_document(cell_id) and (total.measured or not total.given)
        ]
        return set.intersection(*useful) if useful else set()


@dataclass(slots=True)
class _Total:
    """Of one eraser. measured: the numbers of each finished case whose truth is known."""

    id: str
    label: PlainText
    given: bool = False
    done: int = 0
    failed: int = 0
    absent: int = 0
    seconds: list[float] = field(default_factory=list)
    peak_memory: int = 0
    changed_outside: int = 0
    remarks: int = 0
    measured: dict[str, dict[str, float]] = field(default_factory=dict)

    def add(self, cell: Cell, truth_case: str) -> None:
        if cell.state != "done":
            self.absent += cell.state == "absent"
            self.failed += cell.state != "absent"
            return
        self.done += 1
        if not cell.given:
            self.seconds.append(cell.erase_seconds)
        self.peak_memory = max(self.peak_memory, cell.peak_memory)
        self.changed_outside += cell.changed_outside
        self.remarks += sum(reading.remark is not None for reading in cell.readings)
        if truth_case:
            self.measured[truth_case] = {
                reading.id: reading.value for reading in cell.readings if reading.id in SUMMED
            }

    def line(self, common: set[str]) -> PlainLine:
        shared = [values for case, values in self.measured.items() if case in common]
        return {
            "id": self.id,
            "label": self.label,
            "done": self.done,
            "failed": self.failed,
            "absent": self.absent,
            "median_seconds": round(statistics.median(self.seconds), 3) if self.seconds else None,
            "peak_memory": self.peak_memory if self.seconds else None,
            "changed_outside": self.changed_outside,
            "remarks": self.remarks,
            "truth_cases": len(shared),
            "means": {name: mean for name in SUMMED if (mean := _mean(name, shared)) is not None},
        }


def _mean(name: str, shared: list[dict[str, float]]) -> float | None:
    values = [each[name] for each in shared if name in each]
    return float(f"{statistics.fmean(values):.4g}") if values else None
