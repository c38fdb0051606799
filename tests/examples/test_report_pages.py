"""A long table's report: pages of cases, a summary of all, and nothing of it kept in memory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from examples.report import files
from examples.report.data import Report
from examples.report.files import Look, ReportFiles
from examples.report.pictures import RowPictures
from examples.report.totals import summary
from examples.rows import PhotoRef
from examples.running.cases import Case, CaseTable
from examples.running.jobs import Choice
from examples.running.records import Cell, ReadingRecord
from examples.running.work import RowResult
from methods import Verbatim

PICTURE = RowPictures(
    photo=b"p" * 400, overlay=b"o" * 50, size=(90, 120), view=(45, 60), before=b"b" * 300,
    before_overlay=b"v" * 50,
)  # fmt: skip


def case(number: int) -> Case:
    photo = PhotoRef(f"{number}.jpg", path=f"/photos/{number}.jpg")
    return Case(id=f"case-{number}", photo=photo, mask=photo, truth=photo, title=Verbatim("a"))


def cell(eraser: str, number: int, state: Any = "done") -> Cell:
    readings = [ReadingRecord(id="psnr_mask", value=20 + number % 7)] if state == "done" else []
    return Cell(
        id=eraser, eraser=eraser, name=eraser.upper(), state=state, file=f"results/{number}.png",
        erase_seconds=0.1 * number, peak_memory=number, readings=readings, code="stopped",
    )  # fmt: skip


def rows(count: int) -> Iterator[RowResult]:
    for number in range(1, count + 1):
        failed = "failed" if number % 10 == 0 else "done"
        yield RowResult(case(number), [cell("one", number), cell("two", number, failed)])


@pytest.fixture
def report() -> Report:
    table = CaseTable(Verbatim({"en": "Many", "zh": "许多"}), ())
    return Report(table=table, choice=Choice(("one", "two")), rows=(), remarks={})


def written(folder: Path, report: Report, count: int) -> ReportFiles:
    made = ReportFiles(folder, report)
    for row in rows(count):
        made.add(row, Look(PICTURE, (90, 120, 0.1)))
    made.close(report)
    return made


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_short_table_is_one_file(tmp_path: Path, report: Report) -> None:
    written(tmp_path, report, files.PAGE_CASES)
    assert names(tmp_path) == {"table.csv", "table.html", "table.json", "table.md"}
    plain = json.loads((tmp_path / "table.json").read_text())
    assert len(plain["cases"]) == files.PAGE_CASES
    assert "<nav" not in (tmp_path / "table.html").read_text("utf-8")


def test_a_cell_says_of_how_many_pieces_its_result_is(tmp_path: Path, report: Report) -> None:
    made = ReportFiles(tmp_path, report)
    cells = [cell("one", 1), cell("two", 2).model_copy(update={"pieces": 12})]
    pictures = replace(PICTURE, results={"one": b"1" * 90, "two": b"2" * 90})
    made.add(RowResult(case(1), cells), Look(pictures, (90, 120, 0.1)))
    made.close(report)
    page = (tmp_path / "table.html").read_text("utf-8")
    assert page.count("12 pieces") == page.count("12 块") == 1 and "1 piece" not in page
    assert ", 12 pieces |" in (tmp_path / "table.md").read_text("utf-8")
    (only,) = json.loads((tmp_path / "table.json").read_text("utf-8"))["cases"]
    assert [one["pieces"] for one in only["cells"]] == [1, 12]


def test_a_long_table_has_pages_that_lead_to_each_other(tmp_path: Path, report: Report) -> None:
    written(tmp_path, report, 250)
    pages = [f"table-page-{number}.html" for number in (1, 2, 3)]
    assert names(tmp_path) == {
        "table.csv",
        "table.html",
        "table.json",
        "table.jsonl",
        "table.md",
        *pages,
    }
    said = [(tmp_path / name).read_text("utf-8") for name in pages]
    links = [re.findall(r'href="(table[^"]*)"', page) for page in said]
    assert [set(found) for found in links] == [
        {"table.html", pages[1]},
        {"table.html", pages[0], pages[2]},
        {"table.html", pages[1]},
    ]
    assert [page.count('class="card case"') for page in said] == [100, 100, 50]
    assert "cases 101 to 200" in said[1] and '<span class="number">101</span>' in said[1]
    whole = (tmp_path / "table.html").read_text("utf-8")
    assert re.findall(r'href="(table-[^"]*)"', whole) == pages
    assert "250 cases" in whole and "475 results" in whole and 'class="card case"' not in whole


def test_the_summary_is_that_of_all_cases(tmp_path: Path, report: Report) -> None:
    written(tmp_path, report, 250)
    plain = json.loads((tmp_path / "table.json").read_text())
    assert plain["summary"] == summary(rows(250))
    assert [line["done"] for line in plain["summary"]] == [250, 225]
    assert {line["truth_cases"] for line in plain["summary"]} == {225}
    lines = (tmp_path / "table.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == [f"case-{n}" for n in range(1, 251)]


def test_pages_are_bounded_by_their_pictures_too(
    tmp_path: Path, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PAGE_BYTES", 10 * PICTURE.nbytes)
    written(tmp_path, report, 25)
    assert sum(name.startswith("table-page-") for name in names(tmp_path)) == 3


def test_no_page_of_an_earlier_run_is_left(tmp_path: Path, report: Report) -> None:
    written(tmp_path, report, 250)
    written(tmp_path, report, 150)
    assert "table-page-3.html" not in names(tmp_path)
    written(tmp_path, report, 50)
    assert names(tmp_path) == {"table.csv", "table.html", "table.json", "table.md"}


def test_only_the_page_under_way_is_in_memory(tmp_path: Path, report: Report) -> None:
    made = ReportFiles(tmp_path, report)
    for row in rows(1050):
        made.add(row, Look(PICTURE, (90, 120, 0.1)))
        held, pictures = made.page
        assert len(held) <= files.PAGE_CASES and len(pictures) <= files.PAGE_CASES
    made.close(report)
    assert sum(name.startswith("table-page-") for name in names(tmp_path)) == 11
