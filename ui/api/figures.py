"""The endpoint that draws a figure for a paper from runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import gradio as gr

from examples.figure.options import FORMATS, FigureOptions, Format
from methods import JSON, BadInput, PlainText
from ui.api.errors import spoken_soon
from ui.api.handing import handed, new_folder
from ui.common.caller import caller_of
from ui.service.service import Service

MIME = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "tex": "application/x-tex",
    "csv": "text/csv",
}


class Figured(TypedDict):
    """files: by form, each as Gradio describes files. notes: what is to be said of the figure, by
    language."""

    files: dict[str, Mapping[str, JSON]]
    notes: list[PlainText]


def register(service: Service) -> None:
    """Add the endpoint; to be called inside `with gr.Blocks()`."""

    @spoken_soon
    async def figure(
        runs: list[str] | None = None,
        forms: list[str] | None = None,
        width: float = 174.0,
        dpi: int = 300,
        font_size: float = 8.0,
        columns: int = 0,
        gap: float = 1.0,
        zoom: str = "inset",
        labels: bool = True,
        photo: bool = True,
        mask: bool = True,
        truth: bool = True,
        numbers: list[str] | None = None,
        cells: list[str] | None = None,
        language: str = "en",
        request: gr.Request | None = None,
    ) -> Figured:
        """Draw a figure for a paper from runs: photo, mask and results, with the numbers.

        Args:
            runs: The runs, as erase gives them; 12 at most, a line or more for each.
            forms: Any of png, svg, pdf, tex (LaTeX for figure and numbers) and csv; None = all.
            width: Of the whole, in millimetres, 20 to 1000.
            dpi: Dots an inch, 50 to 1200; a PNG has 60 megapixels at most.
            font_size: In points, 3 to 40.
            columns: Pictures side by side; 0 = by their number.
            gap: Between pictures, in millimetres, 0 to 20.
            zoom: The mask's neighbourhood: "inset" in a corner of each picture, "below" in a line
                of its own, "alone" in place of the whole, or "none".
            labels: Whether names stand under the pictures.
            photo: Whether the photo is shown.
            mask: Whether the photo with its mask is shown.
            truth: Whether the photo without the object is shown, where it is known.
            numbers: Under each result: "seconds", and ids of list_metrics.
            cells: Ids of the results to show, such as "migan"; None = all.
            language: Of the labels.

        Returns:
            files (by form, each a file), notes (what is to be said of the figure, such as letters
            that no font of the server has, by language).
        """
        said = {
            "width": width,
            "dpi": dpi,
            "font_size": font_size,
            "columns": columns,
            "gap": gap,
            "zoom": zoom,
            "labels": labels,
            "photo": photo,
            "mask": mask,
            "truth": truth,
            "numbers": numbers,
            "cells": cells,
            "language": language,
        }
        given = {name: value for name, value in said.items() if value is not None}
        caller, wanted = caller_of(request), _forms(forms)
        return await service.visits.lanes.full.run(
            caller, lambda: _drawn(service, runs or [], wanted, given, caller)
        )

    gr.api(figure, concurrency_limit=None)


def _forms(forms: list[str] | None) -> Sequence[Format]:
    if forms is None:
        return FORMATS
    if not forms or not all(form in FORMATS for form in forms):
        raise BadInput("figure_form", known=", ".join(FORMATS))
    return [form for form in FORMATS if form in forms]


def _drawn(
    service: Service,
    runs: Sequence[str],
    forms: Sequence[Format],
    said: Mapping[str, object],
    caller: str,
) -> Figured:
    service.clicks.take(caller)
    named = service.owners.all_named(runs)
    made = service.tables.figure(named, FigureOptions.model_validate(said), forms, "figure")
    folder = new_folder(service.uploads)
    files: dict[str, Mapping[str, JSON]] = {
        form: handed(data, folder / f"figure.{form}", MIME[form])
        for form, data in made.files.items()
    }
    return {"files": files, "notes": [note.plain() for note in made.notes]}
