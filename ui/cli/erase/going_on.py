"""`--continue RUN:CARD`: a result that the page keeps, as the photo to go on with."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from methods import BadInput, Limits

if TYPE_CHECKING:
    from ui.stores.continuing import Continued
    from ui.stores.runs import RunStore


def taken_up(args: argparse.Namespace) -> Continued | None:
    """The result that --continue names, whose file becomes `args.photo`; None where a photo was
    given. Whoever sits at the machine may go on with any run. Raises UserError."""
    if (args.photo is None) == (args.continued is None):
        raise BadInput("one_photo")
    if args.continued is None:
        return None
    from ui.service.parts import default_data_dir
    from ui.stores.continuing import continued
    from ui.stores.runs import RunStore

    runs = RunStore(default_data_dir() / "runs")
    found = continued(runs, *_named(args.continued, runs))
    args.photo = found.result
    return found


def limits_of(found: Continued | None) -> Limits:
    """How large the photo may be."""
    from ui.stores.chain import own_limits

    return own_limits(Limits.from_environment(), None if found is None else found.chain)


def _named(text: str, runs: RunStore) -> tuple[str, int]:
    """The run and its card. RUN: an id, or a link of the page; CARD: from 0, or an eraser's id."""
    run, _, card = text.rpartition(":")
    run_id = run.rpartition("run=")[2].partition("&")[0]
    if card.isascii() and card.isdecimal():
        return run_id, int(card)
    for each in runs.load(run_id)["grid"]["cards"]:
        if each["eraser"] == card:
            return run_id, each["index"]
    raise BadInput("no_result")
