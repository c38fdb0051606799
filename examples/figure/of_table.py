"""A figure's cases from a table's folder: what `python -m examples.tables` has written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from examples.figure.content import FigureCase
from examples.report.data import Report
from examples.running.cases import NAMED, Case, CaseTable, open_case, stand_ins, table_named
from examples.running.jobs import Choice, grown_case
from examples.running.records import Cell
from examples.running.work import RowResult
from methods import BadInput, shown_name


def is_table(folder: Path) -> bool:
    """Whether a table has been run into this folder."""
    return (folder / "table.json").is_file()


def cases_of_table(
    folder: Path, table: str | None, wanted: Sequence[str], limit: int
) -> list[FigureCase]:
    """Its cases in their order. table: the name or folder that was run, None = the folder's own
    name. wanted: ids, () = all. Raises BadInput: too many of them, an unknown one, or a table
    that is not known by its folder's name."""
    known = _known(folder, table)
    ran = {case.id: case for case in _ran(folder)}
    ids = [case for case in ran if not wanted or case in wanted]
    if unknown := [case for case in wanted if case not in ran]:
        raise BadInput("unknown_case", case=unknown[0][:80], known=", ".join(ran)[:400])
    if len(ids) > limit:
        raise BadInput("figure_cases", count=len(ids), limit=limit)
    chosen = [ran[case] for case in ids if ran[case].base in known]
    return [_case(each.of(known[each.base]), each.cells, folder) for each in chosen]


def _known(folder: Path, table: str | None) -> Mapping[str, Case]:
    name = table or folder.resolve().name
    if table is None and name not in NAMED:
        raise BadInput("figure_table_unnamed", name=shown_name(folder, ""))
    substitutes = stand_ins().cases  # a table of documents may have run them, too
    return {case.id: case for case in (*substitutes, *table_named(name).cases)}


@dataclass(frozen=True, slots=True)
class _Ran:
    """A case as the report has it. base: the id under which the table knows it."""

    id: str
    base: str
    dilate: float | None
    cells: tuple[Cell, ...]

    def of(self, case: Case) -> Case:
        """The table's case, with its mask grown as it was."""
        return case if self.dilate is None else grown_case(case, self.dilate)


def _ran(folder: Path) -> Iterator[_Ran]:
    try:
        for case in _plain_cases(folder):
            cells = tuple(_cell(cell) for cell in case["cells"])  # type: ignore[attr-defined]
            dilate = case.get("dilate")
            by = float(dilate) if isinstance(dilate, int | float) else None
            yield _Ran(str(case["id"]), str(case.get("base") or case["id"]), by, cells)
    except (OSError, ValueError, ValidationError, KeyError, TypeError, RecursionError) as error:
        raise BadInput("figure_no_run", name=shown_name(folder, "")) from error


def _plain_cases(folder: Path) -> Iterator[Mapping[str, object]]:
    whole = json.loads((folder / "table.json").read_text("utf-8"))
    lines = folder / "table.jsonl"
    if whole["cases"] or not lines.is_file():
        yield from whole["cases"]
        return
    with lines.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _cell(plain: Mapping[str, object]) -> Cell:
    failure = plain.get("failure")
    plain = {name: value for name, value in plain.items() if value is not None}
    if not isinstance(failure, dict):
        return Cell.model_validate(plain)
    said = {name: words for name, words in failure.items() if name != "code"}
    fault = {"code": failure.get("code", ""), "text": said.get("en", ""), "said": said}
    return Cell.model_validate({**plain, **fault})


def _case(case: Case, cells: Sequence[Cell], folder: Path) -> FigureCase:
    report = Report(
        table=CaseTable(case.title, (case,)),
        choice=Choice(()),
        rows=[RowResult(case, list(cells))],
        remarks={},
    )
    (plain,) = report.plain()["cases"]
    return FigureCase(plain, partial(open_case, case, accept_changed=True), folder)
