"""Seconds and memory of each eraser and of each segmenter's clicks, at full size on a GPU.

    python tests/bench/gpu_bench.py --json gpu.json          (ten minutes; --minutes for others)
    python tests/bench/gpu_bench.py [--erasers osor lama …] [--clicks mobile_sam …] [--rounds 3]
    python tests/bench/gpu_bench.py --tiny --device cpu      (only to see that it runs)
    python tests/bench/gpu_bench.py --tiny --emulated        (the same, as if on a GPU of 24 GiB)

Random weights of the published sizes, so nothing is downloaded; what is painted is noise: random
weights, timing only. Each eraser works on one picture of its own canvas with its own default
settings, in half precision. The models are written to a temporary folder (`--folder` names
another), deleted when no later row needs them, and read by the program as ever, so the seconds of
loading hold the check of the files too; the small networks of MI-GAN and MobileSAM are taken with
their real weights where these are here.

The most telling rows come first; `_gpu_rows.ORDER` has the reason for each place. A row is begun
when, by what the rows before it took, it can be expected to end in time; shorter ones after it may
still be. A row that fails costs only itself. Ctrl-C and SIGTERM end it as the time does: the JSON,
which is written after each row, and the tables hold what is there.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "bench")]

from _gpu_measure import Way, measured  # noqa: E402
from _gpu_meter import Budget, Clock, TimeUp  # noqa: E402
from _gpu_models import Models, models  # noqa: E402
from _gpu_report import Report, device_name, facts  # noqa: E402
from _gpu_rows import Job, Row, jobs  # noqa: E402
from methods import get_eraser  # noqa: E402
from methods._diffusion.readers import quiet  # noqa: E402
from methods._engine.registry import missing_packages  # noqa: E402
from methods._system.memory import give_memory_back, is_out_of_memory  # noqa: E402

TIME_WAS_UP = "the time was up"
INTERRUPTED = "interrupted"


def measure_all(todo: Sequence[Job], made: Models, way: Way, report: Report) -> None:
    """Row after row into the report, until all are there or no other fits."""
    for place, job in enumerate(todo):
        if not (why := why_not(job, made, way.device)) and not way.budget.fits(job):
            report.not_reached.append(job)
            continue
        print(f"{way.budget.now():6.0f} s  {job.name}  ({job.reason})", file=sys.stderr)
        try:
            row = Row(job, why) if why else measured_row(job, made, way)
        except KeyboardInterrupt:
            report.rows.append(Row(job, INTERRUPTED))
            report.not_reached += todo[place + 1 :]
            report.ended = INTERRUPTED
            return
        way.budget.learn(row)
        report.rows.append(row)
        report.write()
        made.keep(todo[place + 1 :])
    report.ended = TIME_WAS_UP if report.not_reached else "all rows"


def measured_row(job: Job, made: Models, way: Way) -> Row:
    """A row with its figures, or with what went wrong."""
    start, written = way.budget.now(), 0.0
    try:
        made.bring(job)
        written = way.budget.now() - start
        figures, why = measured(job, way), ""
    except TimeUp:
        figures, why = None, TIME_WAS_UP
    except Exception as error:  # whatever it is, the other rows do not suffer from it
        figures, why = None, reason_of(error)
    give_memory_back()  # what the error held is free only now
    return Row(job, why, figures, written, way.budget.now() - start)


def reason_of(error: Exception) -> str:
    """In one line of a table."""
    if is_out_of_memory(error):
        return "out of memory"
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}"[:200].replace("|", "/")


def why_not(job: Job, made: Models, device: str) -> str:
    """A reason that it cannot be timed; empty where it can."""
    if job.kind == "eraser":
        spec = get_eraser(job.id).spec
        if spec.unavailable is not None:
            return "cannot be run"
        if missing_packages(spec):
            return f"needs {', '.join(missing_packages(spec))}"
        if device not in spec.devices:
            return f"does not run on {device}"
    return made.lacks(job.weights)


# --- the command line ----------------------------------------------------------------------


def main(words: Sequence[str] | None = None, clock: Clock = time.monotonic) -> Report:
    """Measure, print the tables, and return them. clock: seconds from anywhere."""
    given = options().parse_args(words)
    with quiet(), device_of(given), ended_by_signals(), torch.inference_mode():
        budget = Budget(given.minutes, clock, given.rounds)
        report = Report(heading(given), facts(given.device, told(given)), given.json)
        report.write()
        try:
            fill(report, budget, given)
        except KeyboardInterrupt:  # between two rows, or while the folder is deleted
            report.ended = INTERRUPTED
        report.facts["seconds"] = budget.now()
        report.write()
    print(report)
    return report


def fill(report: Report, budget: Budget, given: argparse.Namespace) -> None:
    """Measure in a folder of its own."""
    wanted: dict[str, Any] = {"memory": given.memory}
    if given.tiny:
        wanted["num_inference_steps"] = 2
    way = Way(given.device, given.rounds, given.tiny, budget, wanted)
    todo = jobs(given.erasers, given.clicks)
    with (
        tempfile.TemporaryDirectory(dir=given.folder) as folder,
        models(Path(folder), given.device, tiny=given.tiny) as made,
    ):
        measure_all(todo, made, way, report)


def options() -> argparse.ArgumentParser:
    """What can be asked for."""
    known = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known.add_argument("--erasers", nargs="*", metavar="ID", help="of all that there are")
    known.add_argument("--clicks", nargs="*", metavar="ID", help="segmenters, of all there are")
    known.add_argument("--minutes", type=float, default=10.0, help="ends before these are over")
    known.add_argument("--json", type=Path, metavar="FILE", help="all figures, after each row")
    known.add_argument("--rounds", type=int, default=3)
    known.add_argument("--memory", choices=("fast", "balanced", "small"), default="fast")
    known.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    known.add_argument("--folder", type=Path, help="for the models; needs up to 30 GB")
    known.add_argument("--tiny", action="store_true", help="tiny networks, 2 steps")
    known.add_argument(
        "--emulated",
        nargs="?",
        type=float,
        const=24.0,
        metavar="GIB",
        help="a GPU that is not there",
    )
    return known


def told(given: argparse.Namespace) -> dict[str, Any]:
    """The options that change the figures; no paths."""
    names = ("minutes", "rounds", "memory", "device", "tiny", "emulated")
    return {name: getattr(given, name) for name in names}


def heading(given: argparse.Namespace) -> str:
    """What the tables are of."""
    kind = "Tiny random weights, which say nothing" if given.tiny else "Random weights"
    name = f"{device_name(given.device)}, torch {torch.__version__}"
    return f"{kind}, timing only; {name}, memory = {given.memory}"


@contextmanager
def device_of(given: argparse.Namespace) -> Iterator[None]:
    """The GPU, an emulated one, or none; ends the program where it is not there."""
    with emulation(given.emulated):
        if given.device == "cuda" and not torch.cuda.is_available():
            sys.exit(
                "There is no CUDA device here; --tiny --device cpu shows that the script runs."
            )
        yield


def emulation(gib: float | None) -> AbstractContextManager[object]:
    """A CUDA device of that size that is not there; None = whatever is there."""
    if gib is None:
        return nullcontext()
    try:
        emulated: Callable[..., AbstractContextManager[object]]
        emulated = import_module("emulation").emulated
    except ModuleNotFoundError:
        sys.exit("There is no emulated device in this checkout (tests/support/emulation).")
    return emulated("cuda", gib=gib)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM is Ctrl-C for the block."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    main()
