"""One case of a table with its cells: what is finished, what is open, what becomes of it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from examples.running.cases import Case, Opened
from examples.running.given import cell_of, given, source_of
from examples.running.jobs import Choice, cells_on, changed, name_of
from examples.running.numbers import Measure, measured
from examples.running.records import Cell, Folder, ReadingRecord
from examples.running.results import Box, box_of, png_of, read_result
from methods import (
    METRICS,
    Failed,
    Finished,
    Image,
    Job,
    Reading,
    SettingValue,
    Text,
    UserError,
    fingerprint,
    flattened,
    get_eraser,
    note_pace,
    picture_key,
    why_missing,
)
from segmentation import DILATE, are_features_ready

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class RowResult:
    """A case with its cells. failure: why it could not be opened; then it has no cells."""

    case: Case
    cells: list[Cell] = field(default_factory=list)
    failure: UserError | None = None


class Work:
    """A case that could be opened. Holds no picture, so that a long table fits into memory.

    ids: of all cells, in the table's order; made: those that have ended; open: jobs to be run;
    columns: of results that were made elsewhere, see `give`. measure: who judges results.
    """

    def __init__(
        self,
        number: int,
        case: Case,
        opened: Opened,
        choice: Choice,
        out: Folder,
        measure: Measure = measured,
    ) -> None:
        self._measure = measure
        self.number = number
        self.case = case
        self._picture = picture_key(opened.photo.rgb, opened.mask, opened.photo.alpha)
        self._out = out
        self._results = choice.results
        self._features = choice.features and are_features_ready()
        self._judged_by = judged_by(opened.truth, self._features)
        cells = dict(cells_on(case, choice))
        jobs = {cell_id: cell.job for cell_id, cell in cells.items()}
        self._axes = {cell_id: dict(cell.axes) for cell_id, cell in cells.items()}
        self.columns = {column.id: column for column in choice.given}
        grown: dict[str, SettingValue] = {} if case.dilate is None else {DILATE: case.dilate}
        self._axes |= dict.fromkeys(self.columns, grown)
        self.ids = (*jobs, *self.columns)
        self.made: dict[str, Cell] = {}
        for cell_id, job in jobs.items():
            if (cell := self._finished(cell_id, job, opened)) is not None:
                self.made[cell_id] = cell
        self.open = {cell_id: job for cell_id, job in jobs.items() if cell_id not in self.made}

    def row(self) -> RowResult:
        """With the cells that there are so far."""
        return RowResult(self.case, [self.made[cell] for cell in self.ids if cell in self.made])

    def failed(self, cell_id: str, event: Failed) -> Cell:
        """The cell of a job that has failed or was stopped."""
        cell = self._failed(cell_id, self.open[cell_id], event.code, event.sentence, event.details)
        if event.stopped:
            cell.state = "stopped"
        return cell

    def written(self, cell_id: str, event: Finished, opened: Opened) -> Cell:
        """The cell of a finished job; its picture and its record are kept. Raises BadInput."""
        job = self.open[cell_id]
        note_pace(job.eraser, event)
        file = self._out.result(self.case.id, cell_id)
        cell = Cell(
            id=cell_id,
            eraser=job.eraser,
            name=get_eraser(job.eraser).spec.name,
            state="done",
            key=fingerprint(job, self._picture),
            file=self._out.relative(file),
            box=self._box(event.changed_outside, opened),
            load_seconds=round(event.load_seconds, 3),
            erase_seconds=round(event.erase_seconds, 3),
            pieces=event.pieces,
            peak_memory=event.peak_memory,
            memory_kind=event.memory_kind,
            device=event.device,
            seed=event.seed,
            settings=event.settings,
            changed_settings=changed(job),
            axes=self._axes[cell_id],
            weights=event.weights,
            changed_outside=event.changed_outside,
            result_notes=[note.plain() for note in event.notes],
        )
        self._out.keep(self.case.id, cell, png_of(event.image, event.alpha, cell.box))
        return cell

    def judged(
        self, cell: Cell, result: Image, alpha: NDArray[np.uint8] | None, opened: Opened
    ) -> Cell:
        """The cell with its numbers, which are kept, too; transparent pictures are judged as they
        are seen. Raises UserError."""
        shown = flattened(result, alpha, opened.photo.ground)
        seen, truth = opened.photo.seen, opened.truth
        readings = self._measure(seen, opened.mask, shown, truth, self._features)
        return self._with_readings(cell, readings)

    def give(self, cell_id: str, opened: Opened) -> Cell:
        """The cell of a result that was made elsewhere, with its numbers. Raises BadInput where
        the folder cannot be written."""
        column = self.columns[cell_id]
        row = self.case.base or self.case.id
        try:
            source = source_of(column.results, row, self.case.photo.name)
            key = source.key(f"{column.results.name} {self._picture}", column.pasted)
            if (kept := self._kept(cell_id, key, opened)) is not None:
                return kept
            made = given(source, opened.photo, opened.mask, column.pasted)
        except UserError as error:
            return self._placed(cell_of(column, error))
        cell = self._placed(cell_of(column, made))
        cell.key, cell.box = key, self._box(made.changed_outside, opened)
        cell.file = self._out.relative(self._out.result(self.case.id, cell_id))
        self._out.keep(self.case.id, cell, png_of(made.rgb, made.alpha, cell.box))
        try:
            return self.judged(cell, made.rgb, made.alpha, opened)
        except Exception:
            logger.exception("a given result could not be judged")
            return cell  # a number is not worth a result

    def _placed(self, cell: Cell) -> Cell:
        """With what it is of a sweep."""
        cell.axes = self._axes[cell.id]
        return cell

    def _finished(self, cell_id: str, job: Job, opened: Opened) -> Cell | None:
        """From an earlier run or from a check that failed; None = it has to be run."""
        try:
            key = fingerprint(job, self._picture)
        except UserError as error:
            return self._failed(cell_id, job, error.code, error.sentence, error.details)
        return self._kept(cell_id, key, opened)

    def _kept(self, cell_id: str, key: str, opened: Opened) -> Cell | None:
        """The finished cell of that key."""
        found = self._out.finished(self.case.id, cell_id, key)
        if found is None:
            return None
        file = self._out.result(self.case.id, cell_id)
        axes = self._axes[cell_id]
        cell = found.model_copy(
            update={"kept": True, "file": self._out.relative(file), "axes": axes}
        )
        box = self._box(cell.changed_outside, opened)
        if cell.judged == self._judged_by and cell.box == box:
            return cell
        return self._brought_up(cell, box, opened)

    def _brought_up(self, cell: Cell, box: Box | None, opened: Opened) -> Cell | None:
        """A result whose numbers are missing or were made with another truth, or whose file is
        not of the kind that is wanted now."""
        try:
            rgb, alpha = read_result(self._out.path / cell.file, cell.box, opened.photo)
            if cell.box != box:
                cell = cell.model_copy(update={"box": box})
                self._out.forget(self.case.id, cell.id)
                self._keep(cell, png_of(rgb, alpha, box))
            if cell.judged == self._judged_by:
                return cell
            return self.judged(cell, rgb, alpha, opened)
        except (UserError, ValueError):
            return None  # the picture is damaged: erase again

    def _box(self, changed_outside: int, opened: Opened) -> Box | None:
        """Of what is kept; all of it where the eraser changed more than it was asked to."""
        whole = self._results == "whole" or changed_outside > 0
        return None if whole else box_of(opened.mask)

    def _keep(self, cell: Cell, picture: bytes | None = None) -> None:
        self._out.keep(self.case.id, cell.model_copy(update={"kept": False}), picture)

    def _with_readings(self, cell: Cell, readings: Iterable[Reading]) -> Cell:
        plain = [ReadingRecord.model_validate(reading.plain()) for reading in readings]
        judged = cell.model_copy(update={"readings": plain, "judged": self._judged_by})
        self._keep(judged)
        return judged

    def _failed(
        self,
        cell_id: str,
        job: Job,
        code: str,
        sentence: Text,
        details: Mapping[str, str | int | float],
    ) -> Cell:
        return Cell(
            id=cell_id,
            eraser=job.eraser,
            name=name_of(job.eraser),
            state="failed",
            seed=job.seed,
            axes=self._axes[cell_id],
            code=code,
            text=str(sentence),
            said=sentence.plain(),
            details=dict(details),
        )


def judged_by(truth: Image | None, with_features: bool) -> str:
    """What readings depend on beside the result: the truth, which numbers can be had, and how
    these are defined."""
    defined = [metric for name, metric in METRICS.items() if why_missing(name) is None]
    digest = hashlib.sha256(f"{with_features} {defined}".encode())
    if truth is not None:
        digest.update(repr(truth.shape).encode())
        digest.update(truth.tobytes())
    return digest.hexdigest()
