"""The endpoint that says what a sweep is before it is run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

import gradio as gr

from methods import SettingValue, default_erasers, expected
from ui.api.errors import spoken
from ui.api.requests import ApiJobs
from ui.common.caller import caller_of
from ui.service.service import Service


class PlannedCell(TypedDict):
    """One result of a sweep. axes: where it stands; dilate: pixels, None where it is not swept."""

    eraser: str
    settings: Mapping[str, SettingValue]
    seed: int
    axes: Mapping[str, SettingValue]
    dilate: float | None


class PlannedSweep(TypedDict):
    """seconds: about, of all cells one after the other, on this machine. measured: all of their
    erasers have run here before; else part of it is a guess."""

    cells: list[PlannedCell]
    seconds: float
    measured: bool


def register(service: Service) -> None:
    """Add the endpoint; to be called inside `with gr.Blocks()`."""

    # `Any` in an argument: as in `ui.api.endpoints`.
    @spoken
    def plan_sweep(
        sweep: dict[str, Any] | None = None,
        erasers: list[str] | None = None,
        settings: dict[str, dict[str, Any]] | None = None,
        seed: int = 0,
        case: dict[str, Any] | None = None,
        request: gr.Request | None = None,
    ) -> PlannedSweep:
        """Say what a sweep runs and about how long it will take, without running it.

        Args:
            sweep: As in erase.
            erasers: As in erase.
            settings: As in erase.
            seed: As in erase.
            case: As in erase.

        Returns:
            cells (eraser, settings, seed, axes and dilate of each, in the order of erase's
            results), seconds (about, on this machine), measured (false where part of that is a
            guess, because not all of it has run here yet).
        """
        service.clicks.take(caller_of(request))
        asked = ApiJobs.model_validate(
            {
                "sweep": sweep,
                "erasers": erasers,
                "settings": settings or {},
                "seed": 0 if seed is None else seed,
                "case": case,
            }
        )
        cells = asked.cells(tuple(spec.id for spec in default_erasers()))
        ahead = expected(cell.job for cell in cells)
        return {
            "cells": [
                {**cell.job.plain(), "axes": dict(cell.axes), "dilate": cell.dilate}
                for cell in cells
            ],
            "seconds": round(ahead.seconds, 3),
            "measured": ahead.measured,
        }

    gr.api(plan_sweep, queue=False)
