"""Runs whose program ended in the middle: what is there of them is taken up."""

from __future__ import annotations

import logging

from methods import UserError
from ui.common.errors import described
from ui.common.grid import Grid
from ui.common.logs import current_run
from ui.service.erasing.cards import ENDED, end
from ui.stores.runs import RunStore, result_name, run_url

log = logging.getLogger(__name__)


def take_up_all(runs: RunStore) -> int:
    """At the start: settle the runs that another program has left in the middle; how many."""
    left = runs.left_behind()
    for run_id in left:
        named = current_run.set(run_id)
        try:
            runs.sweep_up(run_id)
            saved = runs.load(run_id)
            taken_up(saved["grid"], runs, run_id)
            runs.save(run_id, saved)
            runs.mark_ended(run_id)
        except Exception:  # damaged: whoever opens it is told
            log.exception("a run that was interrupted could not be taken up")
        finally:
            current_run.reset(named)
    return len(left)


def taken_up(grid: Grid, runs: RunStore, run_id: str) -> Grid:
    """The grid as it is now that nothing more will come; the same one, changed.

    Raises KeyError or TypeError for what no run has written.
    """
    if grid["state"] != "running" and "judging" not in grid:
        return grid
    for card in grid["cards"]:
        if card["state"] not in ENDED:
            end(card, "stopped")
        file = result_name(card["index"], card["eraser"], "png")
        if card["state"] == "done" and runs.file(run_id, file) is not None:
            card["full"] = run_url(run_id, file)
    if grid["state"] == "running":
        grid["state"] = "stopped"
    grid.pop("judging", None)
    if any("full" in card for card in grid["cards"]):
        grid["zip"] = run_url(run_id, "all.zip")
    grid["error"] = described(UserError("run_interrupted"))
    return grid
