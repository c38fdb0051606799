"""`python -m methods fits`: which large model fits on which card, computed and not measured."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from methods import CARDS, Fit, fits
from ui.cli.output import DONE, say, say_json, table

HEAD = ("Erasers", "Model", "Numbers", "Precision", "On the card", *(f"{c} GB" for c in CARDS))


def show_fits(args: argparse.Namespace) -> int:
    """The command `fits`."""
    if args.json:
        say_json([asdict(fit) for fit in fits()])
    else:
        say(fits_as_markdown() if args.markdown else table(HEAD, map(_row, fits())))
    return DONE


def fits_as_markdown() -> str:
    """A Markdown table with a row for each model and precision."""
    rows = [HEAD, ("---",) * len(HEAD), *map(_row, fits())]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows)


def _row(fit: Fit) -> tuple[str, ...]:
    size, numbers = f"{fit.size / 1e9:.1f} GB", f"{fit.numbers / 1e9:.2f} B"
    cards = (fit.on_card[card] for card in CARDS)
    return (fit.erasers, fit.model, numbers, fit.precision, size, *cards)
