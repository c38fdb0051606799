"""What is made of a run once and kept beside its files: its report, and its case.

    runs/<id>/report-<digest>.html    of all that was written down of the run then
              case.json               where an uploaded mask is part of it

Both are made when nothing more will come of the run. What a person writes afterwards makes another
report, when somebody asks for it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from methods import COMPOSING, JSON, PROGRAM, BoundedCache, UserError, full_size, write_atomic
from ui.common.files import write_json
from ui.service.reports.cases import case_of_run
from ui.service.reports.report import Beside, report_of
from ui.stores.originals import pixels_of
from ui.stores.runs import RunStore, SavedRun

log = logging.getLogger(__name__)

KEPT_BYTES = 32 * 2**20
"""Of reports on several runs at once."""

_under_way: BoundedCache[Path, Path | bytes] = BoundedCache(0, lambda made: 1)
_several: BoundedCache[tuple[Path, str], bytes] = BoundedCache(KEPT_BYTES, len, kind="reports")


def digest_of(runs: RunStore, run_ids: Iterable[str]) -> str:
    """Of all that is written down of these runs: 32 hex digits."""
    digest = sha256(PROGRAM.encode())
    for run_id in run_ids:
        digest.update(run_id.encode() + b"\0" + runs.written(run_id) + b"\0")
    return digest.hexdigest()[:32]


def keep_all(runs: RunStore, run_id: str) -> None:
    """Make both. Raises what making them raises."""
    saved = runs.load(run_id)
    if "zip" in saved["grid"]:
        kept_case(saved, runs.folder / run_id)
        kept_report(runs, run_id)


def kept_report(runs: RunStore, run_id: str) -> Path | bytes:
    """The file of a run's report, made now where it is not as the run is; where it cannot be
    written, what it holds. Raises UserError ("run_gone")."""
    runs.load(run_id)
    path = runs.folder / run_id / f"report-{digest_of(runs, [run_id])}.html"
    if path.is_file():
        return path
    return _under_way.get(path, lambda: _made(runs, run_id, path))


def _made(runs: RunStore, run_id: str, path: Path) -> Path | bytes:
    with full_size.work(COMPOSING * pixels_of(run_id, runs)):
        data = report_of(runs, [run_id])
    try:
        for old in path.parent.glob("report-*.html"):
            old.unlink(missing_ok=True)
        write_atomic(path, data)
    except OSError as error:
        log.warning("A report could not be kept: %s", error.strerror)
        return data
    return path


def report_on(runs: RunStore, run_ids: Sequence[str]) -> Path | bytes:
    """A report on these runs: of one its file. Raises as `report_of`."""
    if len(run_ids) == 1:
        return kept_report(runs, run_ids[0])
    key = (runs.folder, digest_of(runs, run_ids))
    return _several.get(key, lambda: _on_several(runs, run_ids))


def report_beside(runs: RunStore, run_ids: Sequence[str], beside: Beside) -> bytes:
    """A report with what stands beside the runs; made anew each time, as that may be another."""
    with full_size.work(COMPOSING * most_pixels(runs, run_ids)):
        return report_of(runs, run_ids, beside)


def _on_several(runs: RunStore, run_ids: Sequence[str]) -> bytes:
    with full_size.work(COMPOSING * most_pixels(runs, run_ids)):
        return report_of(runs, run_ids)


def most_pixels(runs: RunStore, run_ids: Iterable[str]) -> int:
    """Of the largest photo of these runs, which are opened one after the other."""
    found = [1]
    for run_id in run_ids:
        try:
            found.append(pixels_of(run_id, runs))
        except UserError:
            continue  # it is left out
    return max(found)


def kept_case(saved: SavedRun, folder: Path) -> Mapping[str, JSON] | None:
    """The case of a run; see `case_of_run`. An uploaded mask is read once for it."""
    upload, kept = folder / "upload.png", folder / "case.json"
    if not upload.is_file():
        return case_of_run(saved, folder)
    try:
        found: Mapping[str, JSON] | None = json.loads(kept.read_text("utf-8"))
        return found
    except (OSError, ValueError):
        pixels = int(saved["photo"]["width"]) * int(saved["photo"]["height"])
        with full_size.work(COMPOSING * pixels):
            case = case_of_run(saved, folder)
        with suppress(OSError):  # it is made anew the next time
            write_json(kept, case)
        return case
