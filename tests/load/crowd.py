"""All visitors at once, for a while, and what is there afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil

from tests.load.book import Book, lost
from tests.load.chaos import Chaos
from tests.load.figures import Figures
from tests.load.program import Look, Program, look_at
from tests.load.visitor import Visitor

LEAVING_SECONDS = 180.0
"""For what visitors have begun when the time is over."""

RESTING_SECONDS = 10.0
"""Before the last look at memory: what is idle is given back by then."""

CUT = 0.2
CUT_IN_CHAOS = 0.5
"""Shares of runs that are not watched to their end."""

FIRST = 10_000
"""The number of the first visitor."""

Process = Callable[[], psutil.Process]
Say = Callable[[str], None]


def no_words(line: str) -> None:
    """For whoever does not want to hear."""


@dataclass(frozen=True, slots=True)
class Plan:
    """kinds: of chaos; () for none."""

    visitors: int
    seconds: float
    pace: float
    kinds: tuple[str, ...] = ()


@dataclass
class Seen:
    """looks: when, and what memory was then."""

    figures: Figures = field(default_factory=Figures)
    book: Book = field(default_factory=Book)
    looks: list[tuple[str, Look]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


async def visit(
    address: str,
    plan: Plan,
    process: Process | None = None,
    program: Program | None = None,
    say: Say = no_words,
) -> Seen:
    """process: of the program, where it can be looked at. program: where it may be disturbed.
    say: is told a line now and then of how it goes."""
    seen = Seen()
    await _first(address, seen, say)
    _look(seen, "at the start", process)
    until = time.monotonic() + plan.seconds
    chaos = Chaos(address, seen.figures, program, plan.kinds, say)
    trouble = asyncio.create_task(chaos.go_on(until))
    await _all_stay(address, plan, seen, until)
    await trouble
    _look(seen, "under load", process)
    await asyncio.sleep(min(RESTING_SECONDS, plan.seconds / 10))
    _look(seen, "at the end", process)
    say(f"kept: {seen.book}; looking whether it is all there")
    seen.lost = await lost(seen.book, address)
    return seen


async def _first(address: str, seen: Seen, say: Say) -> None:
    """A visitor for whom networks are loaded; it is not counted, but what it keeps is."""
    begun = time.monotonic()
    await Visitor(FIRST, address, Figures(), seen.book, pace=0.1, rough=0.0, until=begun).stay()
    say(f"the first visitor took {time.monotonic() - begun:.0f} s")


async def _all_stay(address: str, plan: Plan, seen: Seen, until: float) -> None:
    rough = CUT_IN_CHAOS if plan.kinds else CUT
    visitors = [
        Visitor(
            number, address, seen.figures, seen.book, pace=plan.pace, rough=rough, until=until
        ).stay()
        for number in range(plan.visitors)
    ]
    tasks = [asyncio.create_task(each) for each in visitors]
    done, late = await asyncio.wait(tasks, timeout=plan.seconds + LEAVING_SECONDS)
    for task in late:
        task.cancel()
    seen.figures.done["visitors that did not come to an end"] += len(late)
    for task in done:
        task.result()


def _look(seen: Seen, when: str, process: Process | None) -> None:
    if process is not None:
        seen.looks.append((when, look_at(process())))
