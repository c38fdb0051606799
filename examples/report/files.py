"""The files of a report, written while the table runs: nothing of a long one stays in memory.

<out>/table.html, table.json, table.md     the whole, where it fits on one page
<out>/table.csv                            a line for each result, with what it is of a sweep
<out>/table.html                           else the summary, with links to
<out>/table-page-1.html …                  pages of cases, each a whole report by itself
<out>/table.jsonl                          and every case, a line of JSON each
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from examples.compose.recipes import replace_file
from examples.report.data import Report
from examples.report.html import Place, page
from examples.report.markdown import markdown
from examples.report.numbers_csv import numbers_of
from examples.report.pictures import RowPictures
from examples.report.shapes import PlainCase, PlainReport
from examples.report.totals import Totals
from examples.running.work import RowResult
from methods import PlainText

PAGE_CASES = 100
PAGE_BYTES = 32_000_000
"""Of pictures: a browser shows such a page within two seconds."""


@dataclass(slots=True)
class Look:
    """What the report needs of an opened case. size: height, width, masked share. notes: how the
    mask was read."""

    pictures: RowPictures
    size: tuple[int, int, float]
    notes: Sequence[PlainText] = ()


@dataclass(slots=True)
class _Page:
    """Cases that are not written yet. first: the number of its first case."""

    first: int = 1
    rows: list[RowResult] = field(default_factory=list)
    looks: dict[str, Look] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        held = sum(look.pictures.nbytes for look in self.looks.values())
        return len(self.rows) >= PAGE_CASES or held >= PAGE_BYTES


class ReportFiles:
    """Takes rows as they come; `close` writes what is left. report: without rows."""

    def __init__(self, folder: Path, report: Report, name: str = "table") -> None:
        self._folder = folder
        self._report = report
        self._name = name
        self._totals = Totals()
        self._page = _Page()
        self._places: list[Place] = []
        self._lines = folder / f".{name}.jsonl.part"
        with suppress(FileNotFoundError):
            self._lines.unlink()

    @property
    def page(self) -> tuple[list[RowResult], dict[str, RowPictures]]:
        """The rows that are not written yet, with their pictures: all of a short table."""
        return self._page.rows, {case: look.pictures for case, look in self._page.looks.items()}

    def add(self, row: RowResult, look: Look | None) -> None:
        """The next row; look: None where it could not be opened."""
        if self._page.is_full:
            self._write_page(is_last=False)
        self._totals.add(row)
        self._page.rows.append(row)
        if look is not None:
            self._page.looks[row.case.id] = look

    def close(self, report: Report) -> PlainReport:
        """Write the rest. report: as given, with what has come to be known meanwhile. The
        summary, and the cases of a table that fits on one page."""
        self._report = report
        if not self._places:
            return self._write_whole()
        self._write_page(is_last=True)
        whole = self._plain(_Page(), self._totals)
        lines = self._folder / f"{self._name}.jsonl"
        os.replace(self._lines, lines)
        self._write_numbers(lambda: _cases_in(lines))
        self._write(whole, "", page(whole, {}, Place(pages=tuple(self._places))))
        self._remove_old_pages()
        return whole

    def _write_whole(self) -> PlainReport:
        plain = self._plain(self._page, self._totals)
        self._write(plain, "", page(plain, self.page[1]))
        self._write_numbers(lambda: plain["cases"])
        with suppress(FileNotFoundError):
            (self._folder / f"{self._name}.jsonl").unlink()
        self._remove_old_pages()
        return plain

    def _write(self, plain: PlainReport, ending: str, html: str) -> None:
        start = self._folder / f"{self._name}{ending}"
        replace_file(start.with_name(f"{start.name}.json"), json_bytes(plain))
        replace_file(start.with_name(f"{start.name}.md"), markdown(plain).encode())
        replace_file(start.with_name(f"{start.name}.html"), html.encode())

    def _write_numbers(self, cases: Callable[[], Iterable[PlainCase]]) -> None:
        """Beside its place first, line by line: a long table's are never held together."""
        part = self._folder / f".{self._name}.csv.part"
        with part.open("w", encoding="utf-8", newline="") as file:
            file.writelines(numbers_of(cases))
        os.replace(part, self._folder / f"{self._name}.csv")

    def _write_page(self, is_last: bool) -> None:
        """A page with the summary of its own cases, and the lines of these."""
        number = len(self._places) + 1
        place = Place(
            file=self._file_of(number),
            first=self._page.first,
            last=self._page.first + len(self._page.rows) - 1,
            before=self._places[-1].file if self._places else "",
            after="" if is_last else self._file_of(number + 1),
            whole=f"{self._name}.html",
        )
        totals = Totals()
        for row in self._page.rows:
            totals.add(row)
        plain = self._plain(self._page, totals)
        replace_file(self._folder / place.file, page(plain, self.page[1], place).encode())
        with open(self._lines, "a", encoding="utf-8") as lines:
            lines.writelines(json.dumps(case, ensure_ascii=False) + "\n" for case in plain["cases"])
        self._places.append(place)
        self._page = _Page(first=place.last + 1)

    def _plain(self, part: _Page, totals: Totals) -> PlainReport:
        sizes = {case: look.size for case, look in part.looks.items()}
        notes = {case: look.notes for case, look in part.looks.items()}
        report = replace(self._report, rows=part.rows, sizes=sizes, mask_notes=notes)
        return {**report.plain(), "summary": totals.lines()}

    def _file_of(self, number: int) -> str:
        return f"{self._name}-page-{number}.html"

    def _remove_old_pages(self) -> None:
        """Those of an earlier run that had more."""
        for file in self._old_pages():
            file.unlink(missing_ok=True)

    def _old_pages(self) -> Iterator[Path]:
        current = {place.file for place in self._places}
        for file in self._folder.glob(f"{self._name}-page-*.html"):
            if file.name not in current:
                yield file


def _cases_in(lines: Path) -> Iterator[PlainCase]:
    """Of a table.jsonl that we have written."""
    with lines.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def json_bytes(value: object) -> bytes:
    """As the report's JSON files are written."""
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
