"""The tables: the documents' rows and the stand-in cases, what papers say, what systems there are.

A row's pictures are the program's own or fetched once from the documents' links; both are
shown by routes of our own (`lab/tables/…`), and a row is run like any other photo.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from examples.figure.files import FigureFiles
from examples.figure.options import FigureOptions, Format
from examples.papers import paper_tables
from examples.remote import bring, is_here, place_of
from examples.rows import PhotoRef, Row, Table
from examples.systems import STATES, Standing, standings, systems
from methods import (
    COMPOSING,
    SELECTING,
    BoundedCache,
    Job,
    PlainText,
    Text,
    UserError,
    full_size,
    list_erasers,
    read_mask,
    view_jpeg,
)
from segmentation import Selection
from ui.common.errors import answered
from ui.common.grid import Grid
from ui.common.limits import Rate, RateLimiter
from ui.common.requests import GivenOfRow, Nothing, OneRow, SeveralRuns
from ui.service.choices.offers import state_here
from ui.service.erasing.owners import Owners
from ui.service.erasing.reopen import ended
from ui.service.given import PART, GivenColumns, Measure
from ui.service.reports.figure import figure_of
from ui.service.reports.reports import most_pixels, report_beside, report_on
from ui.service.table_answers import (
    GivenAnswer,
    GridsAnswer,
    OpenedRowAnswer,
    PapersAnswer,
    PictureEntry,
    RowAnswer,
    RowEntry,
    RowsAnswer,
    SystemEntry,
    SystemsAnswer,
    TableEntry,
)
from ui.service.table_rows import pictures_of, row_of, rows, tables
from ui.stores.masks import MaskUploads
from ui.stores.photos import VIEW_SIDE, PhotoStore
from ui.stores.runs import RunStore

log = logging.getLogger(__name__)

BRING_RATE = Rate(per_second=0.5, burst=40)
LOOK_RATE = Rate(per_second=4, burst=60)
GIVEN_RATE = Rate(per_second=4, burst=200)
OPEN_RATE = Rate(per_second=0.5, burst=40)

BRINGS_AT_ONCE = 2
KEPT_BYTES = 48 * 2**20
SMALL_SIDE = 560
SIDES = {"small": SMALL_SIDE, "large": VIEW_SIDE}


class Tables:
    """What the page's second tab asks. Every method answers as `Service`'s do."""

    def __init__(
        self,
        photos: PhotoStore,
        masks: MaskUploads,
        runs: RunStore,
        live_grid: Callable[[str], Grid | None],
        owners: Owners,
        measure: Measure,
    ) -> None:
        self._photos = photos
        self._masks = masks
        self._runs = runs
        self._live_grid = live_grid
        self._owners = owners
        self._views: BoundedCache[str, bytes] = BoundedCache(KEPT_BYTES, len, kind="views")
        self._bringing = threading.BoundedSemaphore(BRINGS_AT_ONCE)
        self._closing = threading.Event()
        self._given = GivenColumns(measure)
        self._looks = RateLimiter(LOOK_RATE)
        self._comparing = RateLimiter(GIVEN_RATE)
        self._brings = RateLimiter(BRING_RATE)
        self._opens = RateLimiter(OPEN_RATE)

    def close(self) -> None:
        """Give up downloads that are under way."""
        self._closing.set()

    @answered
    def rows(self, request: object, caller: str = "") -> RowsAnswer:
        """All tables and their rows, with what is known of their pictures."""
        Nothing.model_validate(request or {})
        self._looks.take(caller)
        return {
            "tables": [_public_table(table) for table in tables()],
            "rows": [_public_row(row) for row in rows().values()],
            "given": self._given.entries(),
        }

    @answered
    def given(self, request: object, caller: str = "") -> GivenAnswer:
        """What a folder of results has for a row, with its numbers: {row, results, pasted}."""
        asked = GivenOfRow.model_validate(request)
        row = row_of(asked.row)
        self._comparing.take(caller)
        return {"card": self._given.card(row, asked.results, asked.pasted, caller)}

    @answered
    def papers(self, request: object, caller: str = "") -> PapersAnswer:
        """What papers print, table by table, with the best of each column."""
        Nothing.model_validate(request or {})
        self._looks.take(caller)
        return {
            "papers": [
                {
                    **table.model_dump(mode="json"),
                    "best": [table.best(column) for column in range(len(table.metrics))],
                }
                for table in paper_tables()
            ]
        }

    @answered
    def systems(self, request: object, caller: str = "") -> SystemsAnswer:
        """Every system that the documents name, and whether it runs on this machine."""
        Nothing.model_validate(request or {})
        self._looks.take(caller)
        documents, found = systems().documents, standings(state_here)
        seen = {one.state for one in found}
        return {
            "states": {state: words.plain() for state, words in STATES.items() if state in seen},
            "documents": {key: one.model_dump(mode="json") for key, one in documents.items()},
            "systems": [_public_system(one) for one in found],
        }

    @answered
    def fetch_row(self, request: object, caller: str = "") -> RowAnswer:
        """Bring the pictures of a row onto this machine: {row}. Raises what `bring` raises."""
        row = row_of(OneRow.model_validate(request).row)
        self._brings.take(caller)
        with self._bringing:
            for ref in pictures_of(row).values():
                bring(ref, should_stop=self._closing.is_set)
        return {"row": _public_row(row)}

    @answered
    def open_row(self, request: object, caller: str = "") -> OpenedRowAnswer:
        """A row's photo, its mask and its job, to be run or worked on: {row}."""
        row = row_of(OneRow.model_validate(request).row)
        self._opens.take(caller)
        with self._bringing:
            photo, mask = (
                bring(ref, should_stop=self._closing.is_set) for ref in (row.photo, row.mask)
            )
        record = self._photos.add_copy(photo, row.photo.name)
        size = record.height, record.width
        with full_size.work(SELECTING * size[0] * size[1], caller):
            read = read_mask(mask, size, name=row.mask.name)
            upload = self._masks.put(record.id, read.mask, read.notes)
        return {
            "photo": record.public(),
            "prompt": Selection(upload=upload).plain(),
            "jobs": [Job(row.eraser, row.settings).plain()] if row.eraser else [],
            "notes": [note.plain() for note in read.notes],
        }

    @answered
    def grids(self, request: object, caller: str = "") -> GridsAnswer:
        """The grids of several runs by their ids; what is gone is left out: {runs}."""
        asked = SeveralRuns.model_validate(request)
        self._looks.take(caller)
        secrets = asked.secrets
        found = {run_id: self._grid(run_id, secrets.get(run_id)) for run_id in asked.runs}
        return {"grids": {run_id: grid for run_id, grid in found.items() if grid is not None}}

    def _grid(self, run_id: str, secret: str | None) -> Grid | None:
        try:
            self._owners.demand_sight(run_id, secret)
            saved = self._runs.load(run_id)
            grid = self._live_grid(run_id) or ended(saved, self._runs, run_id)
            return self._owners.shown(self._runs.with_remarks(run_id, grid))
        except (UserError, KeyError, TypeError):
            return None

    def report(
        self, run_ids: Sequence[str], given: Sequence[str] = (), pasted: bool = False
    ) -> Path | bytes:
        """Runs as one HTML file; see `report_on`. given: ids of folders of results that stand
        beside those of rows, as given or pasted back."""
        columns = self._given.columns(given, pasted)
        if not columns:
            return report_on(self._runs, run_ids)
        beside = partial(self._given.cells, columns=columns)
        return report_beside(self._runs, run_ids, beside)

    def figure(
        self, run_ids: Sequence[str], options: FigureOptions, forms: Sequence[Format], name: str
    ) -> FigureFiles:
        """Runs as a figure; see `figure_of`. Raises UserError."""
        with full_size.work(COMPOSING * most_pixels(self._runs, run_ids)):
            return figure_of(self._runs, run_ids, options, forms, name)

    def view(self, row_id: str, part: str, size: str) -> bytes | None:
        """A JPEG of one of a row's pictures; None where it is not on this machine."""
        try:
            if part.startswith(f"{PART}."):
                return self._given.view(row_of(row_id), part, SIDES[size])
            ref = pictures_of(row_of(row_id))[part]
            if not is_here(ref):
                return None
            return self._view(place_of(ref), SIDES[size])
        except (UserError, KeyError, OSError):
            return None

    def _view(self, path: Path, side: int) -> bytes:
        def make() -> bytes:
            photo = self._photos.decode(path, path.name)
            return view_jpeg(photo.rgb, longest_side=side, alpha=photo.alpha)

        return self._views.get(f"{side} {path.stat().st_mtime_ns} {path}", make)


def _public_table(table: Table) -> TableEntry:
    return {
        "id": table.id,
        "title": table.title.plain(),
        "note": table.note.plain(),
        "document": table.document,
    }


def _method(row: Row) -> str:
    """The name of the method whose table it is, though no eraser here may run it; "" for none."""
    named = {spec.id: spec.name for spec in list_erasers()}
    listed = {system.eraser: system.name for system in systems().systems}
    return named.get(row.eraser) or listed.get(row.eraser) or row.eraser


def _number(row: Row) -> int:
    """Its place in its table, from 1."""
    return [one.id for one in rows().values() if one.table == row.table].index(row.id) + 1


def _public_row(row: Row) -> RowEntry:
    return {
        "id": row.id,
        "table": row.table,
        "method": _method(row),
        "number": _number(row),
        "title": _words(row.title),
        "problem": _words(row.problem),
        "remark": _words(row.remark),
        "settings_note": _words(row.settings_note),
        "eraser": row.eraser,
        "settings": dict(row.settings),
        "shares": list(row.shares),
        "stand_ins": list(row.stand_ins),
        "credit": row.credit,
        "pictures": {part: _public_ref(row, part, ref) for part, ref in pictures_of(row).items()},
    }


def _public_ref(row: Row, part: str, ref: PhotoRef) -> PictureEntry:
    """No path of this machine goes out: a file of ours has a name, a link has its address."""
    address = f"lab/tables/{row.id}/{part}"
    return {
        "name": ref.name,
        "url": ref.url or None,
        "host": urlsplit(ref.url).hostname if ref.url else None,
        "here": is_here(ref),
        "small": f"{address}-small.jpg",
        "large": f"{address}-large.jpg",
    }


def _public_system(standing: Standing) -> SystemEntry:
    runs = standing.spec is not None and standing.state != "cannot"
    system = standing.system
    return {
        "name": system.name,
        "document": system.document,
        "group": system.group,
        "reference": system.reference,
        "url": system.url,
        "what": system.what.plain(),
        "checked": system.checked,
        "state": standing.state,
        "eraser": standing.spec.id if standing.spec and runs else None,
        "runs_as": standing.spec.name if standing.spec and runs else None,
        "why": _words(standing.why),
    }


def _words(text: Text | None) -> PlainText | None:
    return text.plain() if text is not None and text.en else None
