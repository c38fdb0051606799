"""Runs as one HTML file that opens from a disk: the report of `examples.tables`, made of runs.

Runs of the same row of a table are one case of the report, and a run of anyone's photo is one
of its own; what people have written beside the results stands in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from examples.report.data import Report
from examples.report.html import page
from examples.report.labels import told_apart
from examples.report.pictures import RowPictures, add_result, pictures_of
from examples.report.shapes import PlainReport
from examples.rows import PhotoRef, Row
from examples.running.cases import Case, CaseTable, Opened, case_of
from examples.running.given import Given
from examples.running.jobs import OF_DOCUMENT, Choice, changed_or_all
from examples.running.records import Cell, Folder, Remarks
from examples.running.work import RowResult
from methods import (
    BadInput,
    Limits,
    PlainText,
    Text,
    UserError,
    Verbatim,
    load_image,
    versions,
)
from segmentation import cell_name
from ui.common.errors import Fault, run_damaged, run_gone
from ui.common.grid import Card, Grid
from ui.service.erasing.cards import FIGURES
from ui.service.helper.judge import truth_of
from ui.service.table_rows import rows
from ui.stores.chain import own_limits
from ui.stores.masks import read_upload
from ui.stores.photos import PhotoRecord
from ui.stores.runs import RunStore, SavedRun, result_name

MOST_RUNS = 64
"""In one report; each brings pictures of about 1 MB."""

STOPPED: Fault = {"code": "stopped", "text": str(Text("error.stopped")), "details": {}}
SAID = ("error", "remark", "remarks")
"""What of a card's figures a cell has in another form."""

TITLE = Text("report.results")


@dataclass(slots=True)
class Group:
    """The runs that make one case, the newest last."""

    case: Case
    folder: Path
    record: PhotoRecord
    row: str | None
    cells: dict[str, Cell]
    remarks: dict[str, str]
    mask_notes: list[PlainText]

    def result(self) -> RowResult:
        """Its cells, told apart where one eraser has several."""
        return RowResult(self.case, told_apart(list(self.cells.values())))


Beside = Callable[[Row, Opened], Iterable[tuple[Cell, Given | None]]]
"""Cells that no run has made, beside a run of a row, with their pictures."""


def nothing_beside(row: Row, opened: Opened) -> Iterable[tuple[Cell, Given | None]]:
    """None of them."""
    return ()


def report_of(runs: RunStore, run_ids: Sequence[str], beside: Beside = nothing_beside) -> bytes:
    """The report on these runs; those that are gone are left out. beside: what stands in the cases
    of rows without having run. Raises UserError ("run_gone"
    when none is left, "too_many_runs")."""
    if len(run_ids) > MOST_RUNS:
        raise BadInput("too_many_runs", limit=MOST_RUNS)
    groups = groups_of(runs, run_ids)
    if not groups:
        raise run_gone()
    results, pictures, sizes = [], {}, {}
    for group in groups.values():
        result = group.result()
        opened = opened_of(group)
        results.append(result)
        pictures[group.case.id] = shown = _pictures(result, opened, runs.folder)
        if row := rows().get(group.row or ""):
            for cell, found in beside(row, opened):
                result.cells.append(cell)
                if found is not None:
                    add_result(shown, cell.id, (found.rgb, found.alpha), opened.mask)
        height, width = opened.photo.size
        sizes[group.case.id] = (height, width, float(opened.mask.mean()))
    return page(plain_of(groups, results, sizes), pictures).encode()


def plain_of(
    groups: Mapping[str, Group],
    results: Sequence[RowResult],
    sizes: Mapping[str, tuple[int, int, float]],
) -> PlainReport:
    """What a report says. sizes: height, width and masked share of each case that is opened."""
    cases = tuple(group.case for group in groups.values())
    remarks: Remarks = {group.case.id: group.remarks for group in groups.values()}
    report = Report(
        table=CaseTable(cases[0].title if len(cases) == 1 else TITLE, cases),
        choice=Choice(()),
        rows=results,
        remarks=remarks,
        versions=versions(),
        sizes=sizes,
        mask_notes={group.case.id: group.mask_notes for group in groups.values()},
    )
    return report.plain()


def groups_of(runs: RunStore, run_ids: Sequence[str]) -> dict[str, Group]:
    """The runs by the case that they are of; those that are gone are left out."""
    groups: dict[str, Group] = {}
    for run_id in dict.fromkeys(run_ids):
        try:
            saved = runs.load(run_id)
            key = saved.get("row") or run_id
            group = groups.get(key) or _new_group(runs.folder / run_id, saved)
            _add_cells(group, run_id, runs.with_remarks(run_id, saved["grid"]))
        except (UserError, KeyError, TypeError):
            continue  # it has been cleared away
        groups[key] = group
    return groups


def _new_group(folder: Path, saved: SavedRun) -> Group:
    record = PhotoRecord.from_json(saved["photo"])
    row = rows().get(saved.get("row") or "")
    name = Verbatim(record.name)
    photo = PhotoRef(record.name, path=str(folder / "original"))
    mask = PhotoRef("mask.png", path=str(folder / "mask.png"))
    if row is None:
        case = Case(id=folder.name, photo=photo, mask=mask, title=name)
    else:
        case = replace(case_of(row), mask=mask)
    notes = [*told_chain(record), *saved["grid"]["mask"].get("notes", [])]
    return Group(case, folder, record, row.id if row else None, {}, {}, notes)


def told_chain(record: PhotoRecord) -> list[PlainText]:
    """The erases by which the photo came of the one that was opened."""
    if record.chain is None:
        return []
    return [Text("note.chain", steps=record.chain.line()).plain()]


def _add_cells(group: Group, run_id: str, grid: Grid) -> None:
    """The run's results; an older one by the same eraser gives way."""
    for card in grid["cards"]:
        cell = _cell(group.case, run_id, card)
        if cell.id in group.cells and group.cells[cell.id].file.startswith(run_id):
            cell.id = f"{cell.id}-{card['index'] + 1}"
        group.cells[cell.id] = cell
        group.remarks.pop(cell.id, None)
        if card.get("remark"):
            group.remarks[cell.id] = card["remark"]


def _cell(case: Case, run_id: str, card: Card) -> Cell:
    settings = dict(card["settings"])
    of_document = card["eraser"] == case.eraser and case.settings.items() <= settings.items()
    error, axes = card.get("error", STOPPED), card.get("axes", {})
    done = card["state"] == "done" and "full" in card
    made: dict[str, object] = {
        "id": card["eraser"] + (OF_DOCUMENT if of_document else "") + cell_name(axes),
        "axes": axes,
        "eraser": card["eraser"],
        "name": card["name"],
        "state": "done" if done else "stopped" if card["state"] != "failed" else "failed",
        "file": f"{run_id}/{result_name(card['index'], card['eraser'], 'png')}",
        "seed": card["seed"],
        "settings": settings,
        "changed_settings": changed_or_all(card["eraser"], settings),
        "code": error["code"],
        "text": error["text"],
        "details": error["details"],
        "said": error.get("said", {}),
    }
    figures = {name: card[name] for name in FIGURES if name in card and name not in SAID}
    return Cell.model_validate(made | figures)


def opened_of(group: Group) -> Opened:
    """Its pictures. Raises UserError where they are gone."""
    record = group.record
    limits = own_limits(Limits.from_environment(), record.chain)
    photo = load_image(group.folder / "original", name=record.name, limits=limits)
    mask = read_upload(group.folder / "mask.png")
    if mask.shape != photo.size:
        raise run_damaged()
    return Opened(photo, mask, truth_of(group.record, group.row))


def _pictures(result: RowResult, opened: Opened, folder: Path) -> RowPictures:
    return pictures_of(result, opened, Folder(folder))
