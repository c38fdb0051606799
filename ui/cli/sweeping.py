"""Sweeps on the command line: what --sweep and --seeds mean, and what the cells will take."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from methods import BadInput, Job, Text, expected
from ui.cli.output import say, say_json

if TYPE_CHECKING:
    from segmentation import Case, Shape, Sweep, SweepCell


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


@dataclass(frozen=True, slots=True)
class Part:
    """The cells that share a mask. first: the number of the first of them."""

    dilate: float | None
    cells: tuple[SweepCell, ...]
    first: int

    @property
    def jobs(self) -> list[Job]:
        """In the order of the cells."""
        return [cell.job for cell in self.cells]

    def shape(self, usual: Shape) -> Shape:
        """The mask's, grown by so many pixels where that is swept."""
        if self.dilate is None:
            return usual
        return usual.model_copy(update={"dilate": self.dilate, "dilate_unit": "px"})

    @property
    def mask_file(self) -> str:
        """The name of the file that holds its mask."""
        from segmentation import cell_name

        end = "" if self.dilate is None else cell_name({"dilate": self.dilate})
        return f"mask{end}.png"


def parts_of(cells: Sequence[SweepCell]) -> list[Part]:
    """By their masks, in order."""
    parts, first = [], 0
    for dilate, group in groupby(cells, key=lambda cell: cell.dilate):
        same = tuple(group)
        parts.append(Part(dilate, same, first))
        first += len(same)
    return parts


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


def tell_cells(cells: Sequence[SweepCell], as_json: bool) -> None:
    """What a dry run shows."""
    ahead = expected(cell.job for cell in cells)
    if as_json:
        listed = [{**cell.job.plain(), "axes": dict(cell.axes)} for cell in cells]
        say_json({"cells": listed, "seconds": round(ahead.seconds, 3), "measured": ahead.measured})
        return
    for cell in cells:
        say(cell_words(cell))
    say(tell_expected(cells))
