"""A figure in every form that is asked for: pictures, LaTeX and numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from examples.figure.content import FigureCase, strips_of
from examples.figure.drawing import draw
from examples.figure.latex import latex_of
from examples.figure.options import FigureOptions, Format
from examples.report.numbers_csv import numbers_csv
from examples.report.shapes import PlainCase
from methods import Text

MOST_CASES = 12
"""In one figure: it is for people to look at."""


@dataclass(frozen=True, slots=True)
class FigureFiles:
    """files: by form. notes: what is to be said of them."""

    files: Mapping[Format, bytes] = field(default_factory=dict)
    notes: tuple[Text, ...] = ()


def make_figure(
    cases: Sequence[FigureCase], options: FigureOptions, forms: Sequence[Format], name: str
) -> FigureFiles:
    """The figure in these forms. name: of the picture's file, without its ending, as LaTeX is to
    call it. Raises UserError: nothing to show, too much of it, or a picture that is gone."""
    files: dict[Format, bytes] = {}
    notes: dict[Text, None] = {}
    drawn = [form for form in forms if form in ("png", "svg", "pdf")]
    if drawn:
        strips = strips_of(cases, options)
        for form in ("png", "svg", "pdf"):
            if form in drawn:
                drawing = draw(strips, options, form)
                files[form] = drawing.data
                notes |= dict.fromkeys(drawing.notes)
    shown = list(_shown(cases, options))
    if "tex" in forms:
        files["tex"] = latex_of(shown, options, name).encode()
    if "csv" in forms:
        files["csv"] = numbers_csv(shown)
    return FigureFiles(files, tuple(notes))


def _shown(cases: Sequence[FigureCase], options: FigureOptions) -> Iterator[PlainCase]:
    """The cases with the results that are chosen; failed ones stay in the numbers."""
    for each in cases:
        cells = [
            cell for cell in each.case["cells"] if not options.cells or cell["id"] in options.cells
        ]
        yield {**each.case, "cells": cells}
