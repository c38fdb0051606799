"""A run opened again by its link."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from ui.common.errors import run_gone
from ui.common.grid import Grid
from ui.service.answers import RunAnswer
from ui.service.erasing.interrupted import taken_up
from ui.stores.masks import MaskUploads
from ui.stores.photos import PhotoRecord, PhotoStore
from ui.stores.runs import ORIGINAL, RunStore, SavedRun, run_url


def reopen(
    run_id: str,
    runs: RunStore,
    photos: PhotoStore,
    masks: MaskUploads,
    live_grid: Callable[[str], Grid | None],
    *,
    own: bool = False,
) -> RunAnswer:
    """Grid, photo, prompts and jobs of a run, as they were.

    The photo and an uploaded mask are brought back into the store where they have been
    cleared away, so that the page can go on with them. live_grid: the value of a run that
    still goes on, or None. own: whether its owner opens it. Raises UserError ("run_gone").
    """
    saved = runs.load(run_id)
    try:
        record = PhotoRecord.from_json(saved["photo"])
        photos.restore(record, runs.original(run_id))
        if upload := saved["selection"].get("upload"):
            copy = runs.folder / run_id / "upload.png"
            masks.restore(record.id, cast("str", upload), copy)  # TypeError for another kind
        grid = live_grid(run_id) or ended(saved, runs, run_id)
        return {
            "grid": runs.with_remarks(run_id, grid),
            "photo": record.public(),
            "prompt": saved["selection"],
            "jobs": saved["jobs"],
            "own": own,
        }
    except (KeyError, TypeError, FileNotFoundError) as error:
        raise run_gone() from error


def ended(saved: SavedRun, runs: RunStore, run_id: str) -> Grid:
    """The grid on disk, of a run that does not go on here.

    Where the program ended in the middle, what was not finished will not come any more;
    but the run may go on in another process.
    """
    grid = saved["grid"]
    if not runs.is_running(run_id):
        taken_up(grid, runs, run_id)
    if runs.original(run_id).is_file():  # an older program has not noted this
        grid["photo"]["full"] = run_url(run_id, ORIGINAL)
    else:
        grid["photo"].pop("full", None)
    return grid
