"""What a report says, as plain data: the JSON file is this, HTML and Markdown are made of it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from examples.report.shapes import (
    PlainCase,
    PlainCell,
    PlainFailure,
    PlainLine,
    PlainMetric,
    PlainNote,
    PlainPhoto,
    PlainReport,
)
from examples.rows import Table
from examples.running.cases import Case, CaseTable
from examples.running.jobs import OF_DOCUMENT, OF_SEED, Choice
from examples.running.records import Cell, Remarks
from examples.running.work import RowResult
from methods import ENGLISH, METRICS, Metric, PlainText, Text, UserError, Verbatim, languages

SUMMED = [name for name, metric in METRICS.items() if metric.needs == "truth"]
"""The numbers that may be averaged over cases, because a truth stands behind them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole run. sizes: of each case that was opened, the photo's height, width and the share
    of it that is masked."""

    table: CaseTable
    choice: Choice
    rows: Sequence[RowResult]
    remarks: Remarks
    versions: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, tuple[int, int, float]] = field(default_factory=dict)

    def plain(self) -> PlainReport:
        """For JSON."""
        return {
            "format": 1,
            "title": self.table.title.plain(),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "seed": self.choice.seeds[0],
            "seeds": list(self.choice.seeds),
            "versions": dict(self.versions),
            "metrics": {name: _metric(METRICS[name]) for name in self._metric_ids()},
            "notes": [_note(note) for note in self.table.notes],
            "summary": summary(self.rows),
            "cases": [self._case(row) for row in self.rows],
        }

    def _metric_ids(self) -> list[str]:
        used = {reading.id for row in self.rows for cell in row.cells for reading in cell.readings}
        return [name for name in METRICS if name in used]

    def _case(self, row: RowResult) -> PlainCase:
        case, said = row.case, self.remarks.get(row.case.id, {})
        height, width, share = self.sizes.get(case.id, (0, 0, 0.0))
        return {
            "id": case.id,
            "title": case.title.plain(),
            "problem": case.problem.plain() if case.problem else None,
            "document_remark": case.remark.plain(),
            "settings_note": case.settings_note.plain(),
            "credit": case.credit,
            "shares": list(case.shares),
            "stand_ins": list(case.stand_ins),
            "photo": _picture(case, width, height),
            "masked": round(share, 4),
            "truth": case.truth is not None,
            "failure": self.failure_of(row.failure) if row.failure else None,
            "remark": said.get("", ""),
            "cells": [self._cell(cell, said.get(cell.id, "")) for cell in row.cells],
        }

    def _cell(self, cell: Cell, said: str) -> PlainCell:
        is_done = cell.state == "done"
        return {
            "id": cell.id,
            "eraser": cell.eraser,
            "name": cell.name,
            "state": cell.state,
            "key": cell.key,
            "file": cell.file,
            "load_seconds": cell.load_seconds,
            "erase_seconds": cell.erase_seconds,
            "peak_memory": cell.peak_memory,
            "memory_kind": cell.memory_kind,
            "device": cell.device,
            "seed": cell.seed,
            "settings": cell.settings,
            "changed_settings": cell.changed_settings,
            "weights": cell.weights,
            "changed_outside": cell.changed_outside,
            "readings": [reading.plain() for reading in cell.readings],
            "label": label_of(cell).plain(),
            "failure": None if is_done else {"code": cell.code, **(cell.said or _of_old(cell))},
            "remark": said,
        }

    def failure_of(self, error: UserError) -> PlainFailure:
        """An error in every language: its code, and the sentence by language."""
        return {"code": error.code, **error.sentence.plain()}


def _of_old(cell: Cell) -> PlainText:
    """What older records say in English alone, by its code in the other languages as well."""
    text = Text(f"error.{cell.code}", **cell.details)
    said = {language: text.filled(language) or cell.text for language in languages()}
    return {**said, ENGLISH: cell.text}


def label_of(cell: Cell) -> Text:
    """What a cell is called."""
    rest, _, seed = cell.id.partition(OF_SEED)
    if rest.endswith(OF_DOCUMENT):
        label: Text = Text("report.as_in_document", eraser=cell.name)
    else:
        label = Verbatim(cell.name)
    return Text("report.with_seed", eraser=label, seed=seed) if seed else label


def _metric(metric: Metric) -> PlainMetric:
    source = metric.source
    return {
        "name": metric.name.plain(),
        "formula": metric.formula.plain(),
        "better": metric.better,
        "unit": metric.unit,
        "needs": metric.needs,
        "source": source if isinstance(source, str) else source.title,
    }


def _note(note: Table) -> PlainNote:
    return {
        "title": note.title.plain(),
        "text": note.note.plain(),
        "document": note.document,
    }


def _picture(case: Case, width: int, height: int) -> PlainPhoto:
    link = case.photo.url
    return {"name": case.photo.name, "width": width, "height": height, "url": link}


# --- one line for each eraser ------------------------------------------------------------


def summary(rows: Sequence[RowResult]) -> list[PlainLine]:
    """For each eraser over all cases; averages only of numbers that have a truth behind them.

    A number is averaged over the cases that every eraser has finished, so that nobody gains
    by failing on a hard one; `truth_cases` says how many these are.
    """
    by_cell: dict[str, dict[str, Cell]] = {}
    for row in rows:
        for cell in row.cells:
            by_cell.setdefault(cell.id, {})[row.case.id] = cell
    common = {row.case.id for row in rows if row.case.truth} & _done_by_all(by_cell)
    return [_summed(cell_id, cells, common) for cell_id, cells in by_cell.items()]


def _done_by_all(by_cell: Mapping[str, Mapping[str, Cell]]) -> set[str]:
    done = [
        {case for case, cell in cells.items() if cell.state == "done"}
        for cell_id, cells in by_cell.items()
        if not cell_id.partition(OF_SEED)[0].endswith(OF_DOCUMENT)
    ]
    useful = [cases for cases in done if cases]
    return set.intersection(*useful) if useful else set()


def _summed(cell_id: str, cells: Mapping[str, Cell], common: set[str]) -> PlainLine:
    done = [cell for cell in cells.values() if cell.state == "done"]
    shared = [cell for case, cell in cells.items() if case in common and cell.state == "done"]
    readings: dict[str, list[float]] = {}
    for cell in shared:
        for reading in cell.readings:
            readings.setdefault(reading.id, []).append(reading.value)
    first = next(iter(cells.values()))
    return {
        "id": cell_id,
        "label": label_of(first).plain(),
        "done": len(done),
        "failed": len(cells) - len(done),
        "median_seconds": _median([cell.erase_seconds for cell in done]),
        "peak_memory": max((cell.peak_memory for cell in done), default=None),
        "changed_outside": sum(cell.changed_outside for cell in done),
        "remarks": sum(r.remark is not None for cell in done for r in cell.readings),
        "truth_cases": len(shared),
        "means": {
            name: float(f"{statistics.fmean(readings[name]):.4g}")
            for name in SUMMED
            if readings.get(name)
        },
    }


def _median(values: list[float]) -> float | None:
    return round(statistics.median(values), 3) if values else None
