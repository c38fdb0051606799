"""Results that were made elsewhere, beside a row of the tables: what is seen and said of each.

They are looked at when the page asks for one, and kept until its file changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

from examples.remote import is_here
from examples.rows import Row
from examples.running.cases import Opened, case_of, open_case
from examples.running.given import Column, Given, Source, cell_of, check_given, given, source_of
from examples.running.records import Cell, ReadingRecord
from methods import (
    SELECTING,
    BadInput,
    BoundedCache,
    GivenResults,
    Image,
    Mask,
    Reading,
    UserError,
    flattened,
    full_size,
    list_given,
    view_jpeg,
)
from ui.common.errors import described
from ui.service.choices.catalog import describe_paper
from ui.service.table_answers import GivenCard, GivenEntry

Measure = Callable[[Image, Mask, Image, Image | None, str | None], Sequence[Reading]]

MOST_COLUMNS = 10
"""Of one report."""

KEPT_CARDS = 400
KEPT_BYTES = 24 * 2**20
PART = "given"
"""How the addresses of such pictures begin: given.ID, or given.ID.pasted."""


class GivenColumns:
    """What the owner's folders hold for rows. measure: who judges."""

    def __init__(self, measure: Measure) -> None:
        self._measure = measure
        self._cards: BoundedCache[str, GivenCard] = BoundedCache(
            KEPT_CARDS, lambda card: 1, kind="given"
        )
        self._views: BoundedCache[str, bytes] = BoundedCache(KEPT_BYTES, len, kind="views")

    def entries(self) -> list[GivenEntry]:
        """All of them, with why one cannot be used."""
        return [_entry(results) for results in list_given()]

    def card(self, row: Row, results_id: str, pasted: bool, caller: str) -> GivenCard:
        """What one column has for a row. Raises BadInput for an unknown column."""
        results = _named(results_id)
        try:
            check_given(results)
            _check_here(row)
            source = source_of(results, row.id, row.photo.name)
            key = f"{row.id} {source.key(results.id, pasted)}"
            return self._cards.get(key, lambda: self._made(row, results, source, pasted, caller))
        except UserError as error:
            absent = error.code == "not_given"
            return {"state": "absent" if absent else "failed", "error": described(error)}

    def cells(
        self, row: Row, opened: Opened, columns: Sequence[Column]
    ) -> Iterator[tuple[Cell, Given | None]]:
        """For a report on a run of this row: each column's cell, with its picture."""
        for column in columns:
            try:
                check_given(column.results)
                source = source_of(column.results, row.id, row.photo.name)
                found = given(source, opened.photo, opened.mask, column.pasted)
            except UserError as error:
                yield cell_of(column, error), None
                continue
            cell = cell_of(column, found)
            cell.file = source.name
            readings = self._judged(opened, found)
            cell.readings = [ReadingRecord.model_validate(each.plain()) for each in readings]
            yield cell, found

    def columns(self, ids: Sequence[str], pasted: bool) -> tuple[Column, ...]:
        """Those that there are of these."""
        known = {results.id: results for results in list_given() if results.fault is None}
        chosen = [name for name in dict.fromkeys(ids) if name in known][:MOST_COLUMNS]
        return tuple(Column(known[name], pasted) for name in chosen)

    def view(self, row: Row, part: str, side: int) -> bytes:
        """A JPEG of what is seen. part: see `PART`. Raises UserError."""
        _, results_id, *pasted = part.split(".")
        results = _named(results_id)
        check_given(results)
        _check_here(row)
        source = source_of(results, row.id, row.photo.name)

        def make() -> bytes:
            opened = open_case(case_of(row))
            height, width = opened.photo.size
            with full_size.work(SELECTING * height * width):
                found = given(source, opened.photo, opened.mask, bool(pasted))
            return view_jpeg(found.rgb, longest_side=side, alpha=found.alpha)

        return self._views.get(f"{row.id} {side} {source.key(part, bool(pasted))}", make)

    def _made(
        self, row: Row, results: GivenResults, source: Source, pasted: bool, caller: str
    ) -> GivenCard:
        opened = open_case(case_of(row))
        height, width = opened.photo.size
        with full_size.work(SELECTING * height * width, caller):
            found = given(source, opened.photo, opened.mask, pasted)
            readings = self._judged(opened, found)
        part = ".".join((PART, results.id, *(["pasted"] if pasted else [])))
        fresh = sha256(source.data).hexdigest()[:12]
        address = f"lab/tables/{row.id}/{part}"
        return {
            "state": "done",
            "small": f"{address}-small.jpg?{fresh}",
            "large": f"{address}-large.jpg?{fresh}",
            "changed_outside": found.changed_outside,
            "result_notes": [note.plain() for note in found.notes],
            "readings": [reading.plain() for reading in readings],
        }

    def _judged(self, opened: Opened, found: Given) -> Sequence[Reading]:
        photo = opened.photo
        shown = flattened(found.rgb, found.alpha, photo.ground)
        return self._measure(photo.seen, opened.mask, shown, opened.truth, None)


def _check_here(row: Row) -> None:
    """Nothing is fetched for it. Raises BadInput."""
    if not all(is_here(ref) for ref in (row.photo, row.mask, row.truth) if ref is not None):
        raise BadInput("given_row_not_here")


def _named(results_id: str) -> GivenResults:
    for results in list_given():
        if results.id == results_id:
            return results
    raise BadInput("unknown_row")


def _entry(results: GivenResults) -> GivenEntry:
    why = results.fault
    if why is None:
        try:
            check_given(results)
        except UserError as error:
            why = error.sentence
    return {
        "id": results.id,
        "name": results.name,
        "summary": None if results.summary is None else results.summary.plain(),
        "license": results.license,
        "non_commercial": results.non_commercial,
        "paper": None if results.paper is None else describe_paper(results.paper),
        "notes": [note.plain() for note in results.notes],
        "why": None if why is None else why.plain(),
    }
