"""What a sweep is before it is run, for the page: its cells, and about how long they take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from methods import BadInput, Job, SettingValue, expected
from segmentation import MOST_CELLS, Sweep, cells_of, seeds_in, sweep_in
from ui.common.errors import Answer
from ui.common.requests import PlanSweep


class PlannedCell(TypedDict):
    """One result of a sweep. axes: where it stands."""

    eraser: str
    settings: Mapping[str, SettingValue]
    seed: int
    axes: Mapping[str, SettingValue]


class PlannedRun(TypedDict):
    """The cells that share a mask, and so a run. sweep: as `Erase` takes it; None where nothing is
    varied."""

    sweep: Mapping[str, object] | None
    cells: list[PlannedCell]


class SweepAnswer(Answer):
    """runs: one for each dilation. seconds: about, of all cells one after the other, on this
    machine. measured: False where part of that is a guess."""

    runs: list[PlannedRun]
    seconds: float
    measured: bool


def planned(asked: PlanSweep) -> SweepAnswer:
    """The plan. Raises BadInput for values that make no sense, and for more cells than may be."""
    seeds = seeds_in(asked.seeds) if asked.seeds else ()
    if len(seeds) > MOST_CELLS:
        raise BadInput("sweep_too_many", count=len(seeds), limit=MOST_CELLS)
    sweep = sweep_in(asked.words, seeds)
    cells = cells_of(sweep, asked.jobs)
    ahead = expected(cell.job for cell in cells)
    parts: list[Sweep | None] = [None] if sweep is None else list(sweep.each_mask())
    return {
        "ok": True,
        "runs": [_run(part, asked.jobs) for part in parts],
        "seconds": round(ahead.seconds, 3),
        "measured": ahead.measured,
    }


def _run(sweep: Sweep | None, jobs: tuple[Job, ...]) -> PlannedRun:
    return {
        "sweep": None if sweep is None else sweep.model_dump(mode="json"),
        "cells": [{**cell.job.plain(), "axes": dict(cell.axes)} for cell in cells_of(sweep, jobs)],
    }
