"""Sweeps on the command line: what --sweep and --seeds mean, and what the cells will take."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from methods import BadInput, Text, expected
from ui.cli.output import say, say_json

if TYPE_CHECKING:
    from segmentation import Case, Sweep, SweepCell, SweepPart


def sweep_asked(args: argparse.Namespace, given: Case | None) -> Sweep | None:
    """What the command says, else the case's own. Raises BadInput, also where something is both
    swept and said once."""
    from segmentation import seeds_in, sweep_in

    seeds = () if args.seeds is None else seeds_in(args.seeds)
    asked = sweep_in(args.sweep, seeds)
    if asked is None:
        return given.sweep if given is not None else None
    names = {axis.name for axis in asked.axes}
    for name in _said_once(args):
        if name in names:
            raise BadInput("sweep_and_set", name=name)
    return asked


def _said_once(args: argparse.Namespace) -> Iterator[str]:
    yield from (name for name, _ in args.set)
    if args.seed is not None:
        yield "seed"
    if args.dilate is not None or any(name.startswith("dilate") for name, _ in args.shape):
        yield "dilate"


def mask_file(part: SweepPart) -> str:
    """The name of the file that holds the mask of these cells."""
    from segmentation import DILATE, cell_name

    return f"mask{'' if part.dilate is None else cell_name({DILATE: part.dilate})}.png"


def cell_words(cell: SweepCell) -> str:
    """The eraser and where it stands on the axes: telea, radius 3, dilate 8."""
    from segmentation import value_words

    axes = (f"{name} {value_words(value)}" for name, value in cell.axes.items())
    return ", ".join([cell.job.eraser, *axes])


def tell_expected(cells: Sequence[SweepCell]) -> str:
    """How many cells there are and about how long they will take here."""
    ahead = expected(cell.job for cell in cells)
    key = "cli.sweep.measured" if ahead.measured else "cli.sweep.guessed"
    return Text(key, count=len(cells), seconds=f"{ahead.seconds:.3g}").en


def tell_cells(cells: Sequence[SweepCell], as_json: bool, photos: int = 1) -> None:
    """What a dry run on so many photos shows."""
    ahead = expected(cell.job for cell in cells)
    if as_json:
        listed = [{**cell.job.plain(), "axes": dict(cell.axes)} for cell in cells]
        say_json(
            {
                "cells": listed,
                "seconds": round(photos * ahead.seconds, 3),
                "measured": ahead.measured,
                "photos": photos,
            }
        )
        return
    for cell in cells:
        say(cell_words(cell))
    say(tell_expected([*cells] * photos))
