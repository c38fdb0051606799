"""`python -m methods list --markdown`: the table of erasers that stands in the README."""

from __future__ import annotations

from methods._base import EraserSpec
from methods._registry import list_erasers

HEAD = ("Eraser", "What it is", "Paper", "Weights", "Licence", "Runs on")


def erasers_as_markdown() -> str:
    """A Markdown table with a row per eraser, in the order of the page."""
    rows = [HEAD, ("---",) * len(HEAD), *map(_row, list_erasers())]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows)


def _row(spec: EraserSpec) -> tuple[str, ...]:
    megabytes = sum(weight.size for weight in spec.weights) / 1e6
    cells = (
        f"**{spec.name}** `{spec.id}`",
        spec.summary.en,
        f"[{spec.paper.title}]({spec.paper.url}), {spec.paper.year}",
        f"{megabytes:.0f} MB" if spec.weights else "none",
        spec.license + (", non-commercial" if spec.non_commercial else ""),
        "-" if spec.unavailable else ", ".join(spec.devices),
    )
    return tuple(cell.replace("|", "\\|") for cell in cells)
