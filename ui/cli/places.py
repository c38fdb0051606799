"""`python -m methods places`: who erases where, what is loaded there, and what is under way."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict

from methods import Place, known_places, make_executor
from ui.cli.output import DONE, complain, say, say_json, table

HEAD = ("Place", "Kind", "Does", "Holds", "Started", "Lost", "Program", "Remark")

_NOBODY = "No program erases on this machine now. One that is begun would have these places:"


def show_places(args: argparse.Namespace) -> int:
    """The command `places`."""
    places = known_places(args.ray)
    if not places:
        with make_executor(args.ray) as executor:
            places = executor.places()
        if not args.json:
            complain(_NOBODY)
    if args.json:
        say_json([asdict(place) for place in places])
    else:
        say(as_text(places))
    return DONE


def as_text(places: Sequence[Place]) -> str:
    """A table with a row for each."""
    return table(HEAD, map(_row, places))


def _row(place: Place) -> tuple[str, ...]:
    does = "out of use" if place.out else place.at_work or "idle"
    held = ", ".join(place.held) or "-"
    counts = (str(place.starts), str(place.lost))
    return (place.id, place.kind, does, held, *counts, place.program or "-", place.out or "-")
