"""What a report says, as plain data: the JSON file is this, HTML and Markdown are made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from examples.report.labels import label_of
from examples.report.shapes import (
    PlainCase,
    PlainCell,
    PlainFailure,
    PlainMetric,
    PlainNote,
    PlainPhoto,
    PlainReport,
)
from examples.report.totals import summary
from examples.rows import Table
from examples.running.cases import Case, CaseTable
from examples.running.jobs import Choice
from examples.running.records import Cell, Remarks
from examples.running.work import RowResult
from methods import ENGLISH, METRICS, Metric, PlainText, Text, UserError, languages


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole run. sizes: of each case that was opened, the photo's height, width and the share
    of it that is masked. mask_notes: how its mask was read, where that is not plain."""

    table: CaseTable
    choice: Choice
    rows: Sequence[RowResult]
    remarks: Remarks
    versions: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, tuple[int, int, float]] = field(default_factory=dict)
    mask_notes: Mapping[str, Sequence[PlainText]] = field(default_factory=dict)

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
            "base": case.base,
            "dilate": case.dilate,
            "title": case.title.plain(),
            "problem": case.problem.plain() if case.problem else None,
            "document_remark": case.remark.plain(),
            "settings_note": case.settings_note.plain(),
            "credit": case.credit,
            "shares": list(case.shares),
            "stand_ins": list(case.stand_ins),
            "photo": _picture(case, width, height),
            "masked": round(share, 4),
            "mask_notes": list(self.mask_notes.get(case.id, ())),
            "truth": case.truth is not None,
            "failure": self.failure_of(row.failure) if row.failure else None,
            "remark": said.get("", ""),
            "cells": [self._cell(cell, said.get(cell.id, "")) for cell in row.cells],
        }

    def _cell(self, cell: Cell, said: str) -> PlainCell:
        is_done, ran = cell.state == "done", not cell.given
        return {
            "id": cell.id,
            "eraser": cell.eraser,
            "name": cell.name,
            "state": cell.state,
            "key": cell.key,
            "file": cell.file,
            "box": cell.box,
            "load_seconds": cell.load_seconds if ran else None,
            "erase_seconds": cell.erase_seconds if ran else None,
            "pieces": cell.pieces,
            "peak_memory": cell.peak_memory if ran else None,
            "memory_kind": cell.memory_kind,
            "device": cell.device if ran else None,
            "seed": cell.seed if ran else None,
            "settings": cell.settings,
            "changed_settings": cell.changed_settings,
            "axes": cell.axes,
            "weights": cell.weights,
            "changed_outside": cell.changed_outside,
            "given": cell.given,
            "result_notes": cell.result_notes,
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
