"""What a run of visitors has shown, as lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.load.figures import Figures, percentile

SHOWN = 20


def lines_of(figures: Figures) -> Iterator[str]:
    """Seconds by request, refusals, errors by code."""
    yield f"{'request':<26}{'count':>7}{'p50':>9}{'p90':>9}{'p99':>9}  s"
    for request, seconds in sorted(figures.seconds.items()):
        shares = (percentile(seconds, share) for share in (0.5, 0.9, 0.99))
        yield f"{request:<26}{len(seconds):>7}" + "".join(f"{each:9.2f}" for each in shares)
    yield f"done: {_listed(figures.done)}"
    yield f"refused, to come again: {_listed(figures.refusals)}"
    errors = Counter({f"{what} {code}": n for (what, code), n in figures.errors.items()})
    yield f"errors: {_listed(errors)}"
    yield from _few("not true", figures.untrue)
    yield from _few("without a sentence", figures.bare)


def lines_of_lost(lost: Sequence[str]) -> Iterator[str]:
    yield f"lost: {len(lost)}"
    yield from _few("", lost)


def lines_of_traces(traces: Sequence[str]) -> Iterator[str]:
    yield f"traces in the log: {len(traces)}"
    for line, count in Counter(traces).most_common(SHOWN):
        yield f"  {count} x {line}"


def _few(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines and title:
        yield f"{title}: {len(lines)}"
    yield from (f"  {line}" for line in lines[:SHOWN])


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"
