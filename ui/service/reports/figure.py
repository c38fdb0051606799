"""Runs as a figure for a paper: what `python -m examples.figure` draws, made of the page's runs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from examples.figure.content import FigureCase
from examples.figure.files import MOST_CASES, FigureFiles, make_figure
from examples.figure.options import FORMATS, FigureOptions, Format
from methods import BadInput
from ui.common.errors import run_gone
from ui.service.reports.report import groups_of, opened_of, plain_of
from ui.stores.runs import RunStore

MakeFigure: TypeAlias = Callable[[Sequence[str], FigureOptions, Sequence[Format], str], FigureFiles]
"""Runs, options, forms, and the picture's name without its ending."""

LISTS = ("numbers", "cells")
"""Options that are words with commas between in an address."""


def figure_of(
    runs: RunStore,
    run_ids: Sequence[str],
    options: FigureOptions,
    forms: Sequence[Format],
    name: str,
) -> FigureFiles:
    """The figure of these runs; those that are gone are left out. Raises UserError ("run_gone"
    when none is left), and what `make_figure` raises."""
    if len(run_ids) > MOST_CASES:
        raise BadInput("figure_cases", count=len(run_ids), limit=MOST_CASES)
    groups = groups_of(runs, run_ids)
    if not groups:
        raise run_gone()
    plain = plain_of(groups, [group.result() for group in groups.values()], {})
    cases = [
        FigureCase(case, partial(opened_of, group), runs.folder)
        for case, group in zip(plain["cases"], groups.values(), strict=True)
    ]
    return make_figure(cases, options, forms, name)


def figure_file(
    make: MakeFigure, run_ids: Sequence[str], form: str, asked: Mapping[str, str], name: str
) -> bytes:
    """One file, for an address. form: one of `FORMATS`, or "zip" for all of them. asked: options
    as text. Raises UserError, and pydantic's ValidationError for options that are none."""
    if form not in (*FORMATS, "zip"):
        raise BadInput("figure_form", known=", ".join((*FORMATS, "zip")))
    said = {
        key: tuple(filter(None, v.split(","))) if key in LISTS else v for key, v in asked.items()
    }
    options = FigureOptions.model_validate(said)
    forms = [known for known in FORMATS if form in (known, "zip")]
    files = make(run_ids, options, forms, name).files
    return zipped(files, name) if form == "zip" else files[forms[0]]


def zipped(files: Mapping[Format, bytes], name: str) -> bytes:
    """All of them in one file; pictures are stored as they are."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for form, data in files.items():
            packed = zipfile.ZIP_STORED if form == "png" else zipfile.ZIP_DEFLATED
            archive.writestr(f"{name}.{form}", data, packed)
    return buffer.getvalue()
