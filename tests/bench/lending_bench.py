"""What borrowing a GPU costs around a job: a process, a way there and back, and Stop.

    python tests/bench/lending_bench.py [--rounds 5]

With `spaces` installed, as on a ZeroGPU Space (tests/support/zerogpu/requirements.txt). Its device
API answers on loopback at once and the GPU is emulated, so waking a real one, and waiting for it,
come on top. Jobs are toys: what is left is the overhead.
"""

from __future__ import annotations

import argparse
import logging
import pickle
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from methods import Executor, Image, Mask

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from zerogpu.device_api import DeviceApi  # noqa: E402
from zerogpu.space import become_space, end_forks  # noqa: E402

PHOTO, OBJECT = (3000, 4000), (600, 800)
"""12 megapixels, and what is erased of it."""

ERASERS = ("sd_inpainting", "sdxl_inpainting", "flux_fill")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    with (
        DeviceApi() as api,
        tempfile.TemporaryDirectory() as folder,
        redirect_stdout(StringIO()),  # the package prints what it is about
    ):
        become_space(api, Path(folder))
        figures = [*_overheads(api, rounds), *_stops(api, rounds)]
        end_forks()
    for name, seconds in figures:
        print(f"{name:45} {_told(seconds)}")
    for line in _sizes():
        print(line)


def _told(seconds: Sequence[float]) -> str:
    low, high = min(seconds), max(seconds)
    return f"median {statistics.median(seconds):.3f} s ({low:.3f} to {high:.3f})"


def _overheads(api: DeviceApi, rounds: int) -> list[tuple[str, list[float]]]:
    """Seconds of a job beyond those for loading and erasing."""
    from methods import make_executor
    from zerogpu import toys

    toys.register()
    with make_executor() as executor:
        executor.start()
        api.warm = False
        new = [_overhead(executor, n) for n in range(rounds)]
        api.warm = True
        warm = [_overhead(executor, rounds + n) for n in range(rounds)]
    return [("overhead of a job in a new process", new), ("overhead in one that is kept", warm)]


def _overhead(executor: Executor, seed: int) -> float:
    from methods import Job
    from runner_tools import finished

    image, mask = _picture((90, 120), (20, 30))
    start = time.perf_counter()
    done = finished(list(executor.run([Job("lent_noise", {}, seed)], image, mask)))
    return time.perf_counter() - start - done.load_seconds - done.erase_seconds


def _stops(api: DeviceApi, rounds: int) -> list[tuple[str, list[float]]]:
    """Seconds from Stop until the GPU is given back, with steps of a tenth of a second."""
    return [("from Stop to release, steps of 0.1 s", [_stop(api, n) for n in range(rounds)])]


def _stop(api: DeviceApi, seed: int) -> float:
    from methods import Job, Stepped, StopToken, make_executor
    from runner_tools import runs_alive, wait_until

    image, mask = _picture((90, 120), (20, 30))
    token, begun, before = StopToken(), 0.0, len(api.asked("/release"))
    job = Job("lent_patient", {"steps": 100, "seconds": 10.0}, seed)
    for event in make_executor().run([job], image, mask, token=token):
        if isinstance(event, Stepped) and not begun:
            begun = time.monotonic()
            token.stop()
    wait_until(lambda: len(api.asked("/release")) > before)
    wait_until(lambda: not runs_alive())
    return api.asked("/release")[before].at - begun


def _sizes() -> list[str]:
    """Bytes that go to the other process for one job on a large photo."""
    from methods import Picture, get_eraser
    from methods._engine.worker import Ready, Task
    from methods._workers.zerogpu.parcel import packed, part_for

    image, mask = _picture(PHOTO, OBJECT)
    lines = [f"{'photo and mask of 12 megapixels':45} {(image.nbytes + mask.nbytes) / 1e6:.1f} MB"]
    for name in ERASERS:
        kind = get_eraser(name)
        task = Task(0, kind, kind.Settings(), 1)
        ready = Ready(task, task.settings.model_dump(mode="json"), {}, "")
        start = time.perf_counter()
        parcel = packed(ready, part_for(task, Picture(image, mask)), 10, False)
        seconds = time.perf_counter() - start
        size = len(pickle.dumps(parcel)) / 1e6
        what = f"  what travels of them for {name}"
        lines.append(f"{what:45} {size:.1f} MB, made in {seconds:.2f} s")
    return lines


def _picture(size: tuple[int, int], hole: tuple[int, int]) -> tuple[Image, Mask]:
    import numpy as np

    image = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    mask = np.zeros(size, np.bool_)
    top, left = (size[0] - hole[0]) // 2, (size[1] - hole[1]) // 2
    mask[top : top + hole[0], left : left + hole[1]] = True
    return image, mask


if __name__ == "__main__":
    main()
