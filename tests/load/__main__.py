"""Many visitors at once, and whether the program has lost anything of what it told them is there.

python -m tests.load --visitors 50 --minutes 10            at a program of its own
python -m tests.load --visitors 50 --minutes 10 --chaos    and all kinds of trouble meanwhile
python -m tests.load --address http://127.0.0.1:7860       at one that runs; see --pid

Each visitor has an address of its own, by X-Forwarded-For: the program at --address must take
this machine for its proxy, as it does by itself where it runs here (ERASER_LAB_PROXIES).

Exit code: 0, or 1 where something was lost, or 2 where nothing was, but an answer had no sentence
or was not true.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.load.chaos import DISTURBANCES
from tests.load.crowd import Plan, Seen, visit
from tests.load.program import Program
from tests.load.report import lines_of, lines_of_lost, lines_of_traces
from tests.load.room import NoRoom, SmallDisk

DISK_MEGABYTES = 1500


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.load",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--pace", type=float, default=2.0, help="seconds of thinking, on average")
    parser.add_argument("--address", help="of a program that runs; without it one is begun")
    parser.add_argument("--pid", type=int, help="of that program, for its memory and threads")
    parser.add_argument(
        "--chaos",
        nargs="?",
        const=",".join(DISTURBANCES),
        default="",
        metavar="KINDS",
        help=f"all, or some of {', '.join(DISTURBANCES)}",
    )
    parser.add_argument("--log", type=Path, help="a file for what the program says")
    return parser


def plan_of(options: argparse.Namespace, parser: argparse.ArgumentParser) -> Plan:
    kinds = tuple(kind for kind in options.chaos.split(",") if kind)
    if unknown := [kind for kind in kinds if kind not in DISTURBANCES]:
        parser.error(f"--chaos knows no {', '.join(unknown)}; it has {', '.join(DISTURBANCES)}")
    return Plan(options.visitors, 60 * options.minutes, options.pace, kinds)


@contextmanager
def begun(plan: Plan, log: Path | None) -> Iterator[Program]:
    """A program of our own; its disk is a small one where that is to be filled."""
    with tempfile.TemporaryDirectory(prefix="eraser-lab-load-") as folder:
        data = Path(folder) / "data"
        data.mkdir()
        disk = _disk(data) if "disk" in plan.kinds else None
        program = Program(data, log or Path(folder) / "log", disk)
        try:
            program.start()
            yield program
        finally:
            program.close()
            if disk is not None:
                disk.close()


def _disk(folder: Path) -> SmallDisk | None:
    try:
        return SmallDisk(folder, DISK_MEGABYTES)
    except NoRoom as reason:
        say(f"The disk will not be filled: {reason}.")
        return None


def at_own(plan: Plan, log: Path | None) -> Seen:
    with begun(plan, log) as program:
        seen = asyncio.run(visit(program.address, plan, program.process, program, say))
        say(f"told to end, the program left with {program.end()}")
        show(lines_of_traces(program.traces()))
        return seen


def at_other(plan: Plan, address: str, pid: int | None) -> Seen:
    process = None if pid is None else (lambda: psutil.Process(pid))
    return asyncio.run(visit(address.rstrip("/"), plan, process, None, say))


def show(lines: Iterable[str]) -> None:
    for line in lines:
        say(line)


def say(line: str) -> None:
    print(line, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = make_parser()
    options = parser.parse_args(arguments)
    plan = plan_of(options, parser)
    if options.address:
        seen = at_other(plan, options.address, options.pid)
    else:
        seen = at_own(plan, options.log)
    show(lines_of(seen.figures))
    show(f"{when}: {look}" for when, look in seen.looks)
    show(lines_of_lost(seen.lost))
    return 1 if seen.lost else 2 if seen.figures.faults() else 0


if __name__ == "__main__":
    sys.exit(main())
