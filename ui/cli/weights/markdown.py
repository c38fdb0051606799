"""The tables in docs/: `python -m methods list --markdown` and `list --numbers`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from methods import METRICS, EraserSpec, Metric, list_erasers

HEAD = ("Eraser", "What it is", "Paper", "Weights", "Licence", "Runs on")
NUMBERS_HEAD = ("Number", "What it is", "Range", "Better", "Remark from", "Source", "Needs")


def erasers_as_markdown() -> str:
    """A Markdown table with a row per eraser, in the order of the page."""
    return _table(HEAD, map(_row, list_erasers()))


def numbers_as_markdown() -> str:
    """A Markdown table with a row per number; the three areas of one share it."""
    once = [m for m in METRICS.values() if not m.id.endswith(("_box", "_mask"))]
    return _table(NUMBERS_HEAD, map(_number, once))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    escaped = ([cell.replace("|", "\\|") for cell in cells] for cells in lines)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in escaped)


def _number(metric: Metric) -> tuple[str, ...]:
    low, high = ("" if end is None else f"{end:g}" for end in metric.range)
    limit = "-" if metric.threshold is None else metric.shown(metric.threshold)
    source = metric.source
    return (
        f"**{metric.bare_name}** `{metric.id}`",
        metric.formula.en,
        f"{low} … {high}".strip(),
        metric.better,
        limit,
        source if isinstance(source, str) else f"[{source.title}]({source.url}), {source.year}",
        metric.needs,
    )


def _row(spec: EraserSpec) -> tuple[str, ...]:
    megabytes = sum(weight.size for weight in spec.weights) / 1e6
    return (
        f"**{spec.name}** `{spec.id}`",
        spec.summary.en,
        f"[{spec.paper.title}]({spec.paper.url}), {spec.paper.year}" if spec.paper.url else "-",
        f"{megabytes:.0f} MB" if spec.weights else "none",
        spec.license + (", non-commercial" if spec.non_commercial else ""),
        "-" if spec.unavailable else ", ".join(spec.devices),
    )
