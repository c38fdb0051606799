"""What worker processes cost and win: python tests/bench/scale_bench.py [PART …]

wall       the default erasers of one run, against what the cores allow at best
overhead   CPU of a job that computes next to nothing, against the same in this process
memory     what the workers' processes hold while they are idle
gpus       40 jobs on one and on two places that count as GPUs
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import psutil

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/support")]

from methods import (  # noqa: E402
    Executor,
    Finished,
    Image,
    InProcess,
    Job,
    Mask,
    Picture,
    SweepJob,
    default_erasers,
    load_image,
    make_executor,
    results,
)
from worker_fixtures import pool_of  # noqa: E402
from worker_toys import register  # noqa: E402

SIZES = {"0.8": (1032, 775), "12": (4000, 3000)}
"""Width and height by megapixels."""

CELLS = 40
ROUNDS = 3


def picture(megapixels: str) -> tuple[Image, Mask]:
    """The rocket, and a mask of 8 % in its middle."""
    image = cv2.resize(load_image(ROOT / "examples/rocket.jpg").rgb, SIZES[megapixels])
    height, width = image.shape[:2]
    mask = np.zeros((height, width), bool)
    mask[int(0.3 * height) : int(0.7 * height), int(0.4 * width) : int(0.6 * width)] = True
    return image, mask


def say(*cells: object) -> None:
    print("  ".join(f"{cell:<22}" for cell in cells), flush=True)


# --- wall ----------------------------------------------------------------------------------


def wall() -> None:
    """Each eraser alone in a worker gives two bounds. By the clock: the longest, or the sum over
    the cores, as if each of them took one core. By the cores: the longest, or all CPU seconds over
    the cores, which nothing can beat: MI-GAN's seconds alone are already those of two cores."""
    image, mask = picture("0.8")
    cores = len(os.sched_getaffinity(0))
    names = [spec.id for spec in default_erasers()]
    os.environ["ERASER_LAB_WORKERS"] = "auto"
    with make_executor() as executor:
        ran(executor, names, image, mask)  # everything is loaded
        alone = {name: best(executor, [name], image, mask) for name in names}
        together = best(executor, names, image, mask)
    for name, spent in alone.items():
        say("wall", f"{name} alone", f"{spent.wall:.2f} s", f"{spent.cpu:.2f} s of CPU")
    clock, cpu_alone = (sum(each) for each in zip(*alone.values(), strict=True))
    say("wall", "together", f"{together.wall:.2f} s", f"{together.cpu:.2f} s of CPU")
    say("wall", "CPU together", f"{together.cpu / cpu_alone:.2f} of that alone")
    longest = max(spent.wall for spent in alone.values())
    for what, total in (("clock", clock), ("cores", cpu_alone)):
        bound = max(longest, total / cores)
        say("wall", f"by the {what}", f"{together.wall / bound:.2f} of the bound", "(1.15)")


class Spent(NamedTuple):
    """Seconds of a run, and CPU seconds of all its processes."""

    wall: float
    cpu: float


def ran(executor: Executor, names: Sequence[str], image: Image, mask: Mask) -> Spent:
    """One run."""
    results.clear()
    start, before = time.perf_counter(), cpu()
    events = list(executor.run([Job(name) for name in names], image, mask))
    seconds = time.perf_counter() - start
    assert sum(isinstance(event, Finished) for event in events) == len(names)
    return Spent(seconds, cpu() - before)


def best(executor: Executor, names: Sequence[str], image: Image, mask: Mask) -> Spent:
    """The least of some rounds: all else is other programs."""
    rounds = [ran(executor, names, image, mask) for _ in range(ROUNDS)]
    return Spent(min(each.wall for each in rounds), min(each.cpu for each in rounds))


# --- overhead ------------------------------------------------------------------------------


def overhead() -> None:
    """Of each job of a run; by turns here and there, the least of some rounds each."""
    register()
    for megapixels, most in (("0.8", 8), ("12", 40)):
        image, mask = picture(megapixels)
        here, there = InProcess(), pool_of([("lane", "lane")])
        found: dict[Executor, list[float]] = {here: [], there: []}
        for _ in range(2 * ROUNDS):
            for executor, seconds in found.items():
                seconds.append(of_a_job(executor, image, mask))
        there.close()
        more = 1000 * (min(found[there]) - min(found[here]))
        say("overhead", f"{megapixels} megapixel", f"{more:.1f} ms of CPU a job ({most})")


def of_a_job(executor: Executor, image: Image, mask: Mask) -> float:
    """CPU seconds of one in a run of ten: of this process, and of all that it has started."""
    results.clear()
    jobs = [Job("light_patient", {"steps": 1}, n) for n in range(10)]
    before = cpu()
    for _ in executor.run(jobs, image, mask):
        pass
    return (cpu() - before) / len(jobs)


def cpu() -> float:
    """Seconds of this process, of all that it has started, and of what these have ended since."""
    me = psutil.Process()
    times = [process.cpu_times() for process in (me, *me.children(recursive=True))]
    return sum(t.user + t.system + t.children_user + t.children_system for t in times)


# --- memory --------------------------------------------------------------------------------


def memory() -> None:
    """PSS counts what processes share in parts."""
    os.environ["ERASER_LAB_WORKERS"] = "auto"
    before = pss()
    image, mask = picture("0.8")
    with make_executor() as executor:
        names = ("telea", "navier_stokes", "telea", "navier_stokes")
        list(executor.run([Job(name, seed=n) for n, name in enumerate(names)], image, mask))
        time.sleep(1)
        here = psutil.Process().memory_full_info().pss
        say("memory", "idle, all processes", f"{(pss() - here) / 1e6:.0f} MB beside this (120)")
        say("memory", "this process", f"{(here - before) / 1e6:.0f} MB more than before")


def pss() -> int:
    me = psutil.Process()
    return sum(each.memory_full_info().pss for each in (me, *me.children(recursive=True)))


# --- GPUs ----------------------------------------------------------------------------------


def gpus() -> None:
    """The jobs sleep, as this process does while a GPU computes."""
    register()
    image, mask = picture("0.8")
    one, two = (swept(count, image, mask) for count in (1, 2))
    say(
        "gpus", f"{CELLS} jobs", f"{one:.2f} s, {two:.2f} s", f"{two / (one / 2):.2f} of half (1.1)"
    )


def swept(count: int, image: Image, mask: Mask) -> float:
    """Seconds of all jobs on so many places, when their processes are there."""

    def jobs(first: int, number: int) -> list[SweepJob]:
        given = [Job("gpu_patient", {"steps": 1, "seconds": 0.5}, first + n) for n in range(number)]
        return [SweepJob(job, lambda: Picture(image, mask)) for job in given]

    results.clear()
    with pool_of([(f"gpu{n}", "cuda") for n in range(count)]) as pool:
        list(pool.sweep(jobs(1000, 2 * count)))
        start = time.perf_counter()
        done = sum(isinstance(event, Finished) for event in pool.sweep(jobs(0, CELLS)))
        assert done == CELLS
        return time.perf_counter() - start


PARTS = {part.__name__: part for part in (wall, overhead, memory, gpus)}


def main() -> None:
    """The parts that are named, else all."""
    say("load average", f"{os.getloadavg()[0]:.1f}", f"{os.cpu_count()} cores")
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main()
