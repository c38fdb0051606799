"""How quick LaMa is: against its network run plainly in torch, and by crop against whole.

    python tests/bench/lama_bench.py [--size 1024] [--repeats 5] [--threads 2] [--compile]
    python tests/bench/lama_bench.py --crop [--megapixels 12]

The network has big-lama's size and random weights, and the eraser reads them from a file as it
reads the real ones. Everything runs in one process, in turns, so that a busy machine slows all
alike; what counts are the ratios. On a very busy machine look at the CPU seconds of one thread
(`--threads 1`), which waiting does not lengthen. "Plain" is the generator as it is written, in
float32 and
evaluation mode. `--crop` erases an object of 5 % of a photo once through the crop that the page
uses, and once with the very same network on the whole photo, for which about 8 GB of memory are
needed at 12 megapixels. `--compile` adds torch.compile, which needs a C++ compiler.
"""

from __future__ import annotations

import argparse
import copy
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from methods import Image, Mask  # noqa: E402
from methods._base import Canvas, no_progress  # noqa: E402
from methods._geometry.canvas import plan_patches  # noqa: E402
from methods._geometry.paste import erase_in_patches  # noqa: E402
from methods._system.memory import MemoryMeter  # noqa: E402
from methods._weights.store import use_local  # noqa: E402
from methods.lama.eraser import BIG_LAMA, Lama  # noqa: E402
from methods.lama.network import LamaGenerator  # noqa: E402

SHARE = 0.05
"""Of the photo that the object covers."""


def loaded(network: LamaGenerator) -> tuple[Lama, float]:
    """The eraser with these weights, through a file; and the seconds that loading took."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / BIG_LAMA.name
        torch.save(network.state_dict(), file)
        use_local(BIG_LAMA.name, file)
        eraser = Lama()
        start = time.perf_counter()
        eraser.load("cpu")
        seconds = time.perf_counter() - start
        use_local(BIG_LAMA.name, None)
    return eraser, seconds


Times = dict[str, list[tuple[float, float]]]
"""Wall and CPU seconds of each call, by what was called."""


def in_turns(calls: dict[str, Callable[[], Any]], repeats: int) -> Times:
    """After one round that does not count."""
    times: Times = {name: [] for name in calls}
    for turn in range(repeats + 1):
        for name, call in calls.items():
            wall, cpu = time.perf_counter(), time.process_time()
            call()
            if turn:
                times[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return times


def against_plain(size: int, repeats: int, compiled: bool) -> None:
    """The eraser's network beside the plain one, at size x size."""
    plain = LamaGenerator().eval().requires_grad_(False)
    eraser, seconds = loaded(plain)
    quick: Any = eraser._network
    x = torch.rand(1, 4, size, size)
    last = x.contiguous(memory_format=torch.channels_last)
    calls: dict[str, Callable[[], Any]] = {"plain": lambda: plain(x), "ours": lambda: quick(last)}
    if compiled:
        compact = torch.compile(copy.deepcopy(quick))
        calls["ours, compiled"] = lambda: compact(last)
    with torch.inference_mode():
        difference = float((plain(x) - quick(last)).abs().max())
        times = in_turns(calls, repeats)
    print(f"{size} x {size}, {torch.get_num_threads()} threads; loading {seconds:.2f} s")
    print(f"largest difference of the results: {difference:.1e} of 1")
    columns = ("median s", "least s", "CPU s")
    print(f"{'':<16}" + "".join(f"{column:>10}{'ratio':>7}" for column in columns))
    reference = figures(times["plain"])
    for name, found in times.items():
        pairs = zip(figures(found), reference, strict=True)
        print(f"{name:<16}" + "".join(f"{own:>10.3f}{own / to:>7.2f}" for own, to in pairs))


def figures(found: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Median and least wall seconds, least CPU seconds."""
    wall, cpu = zip(*found, strict=True)
    return median(wall), min(wall), min(cpu)


def photo_and_object(megapixels: float) -> tuple[Image, Mask]:
    """Noise of 4 : 3, and an upright ellipse of the wanted share."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    width = round(height * 4 / 3)
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    across = (SHARE * height * width / np.pi / 1.5) ** 0.5
    rows, columns = np.ogrid[:height, :width]
    inside = ((rows - height * 0.55) / (1.5 * across)) ** 2
    inside = inside + ((columns - width * 0.4) / across) ** 2
    return image, inside <= 1


def crop_against_whole(megapixels: float) -> None:
    """One run each: the whole picture takes its time."""
    eraser, _ = loaded(LamaGenerator().eval())
    image, mask = photo_and_object(megapixels)
    settings = Lama.Settings()

    def call(part: Image, hole: Mask, _index: int, _count: int) -> Image:
        print(f"  the network sees {part.shape[1]} x {part.shape[0]}")
        return eraser.erase(part, hole, settings, 0, no_progress)

    (patch,) = plan_patches(mask, Lama.spec.canvas)
    print(f"{image.shape[1]} x {image.shape[0]}, object {mask.mean():.1%}, crop {patch.crop}")
    seconds = {}
    for name, canvas, whole in (
        ("crop", Lama.spec.canvas, False),
        ("whole photo", Canvas(multiple_of=8), True),
        ("crop again", Lama.spec.canvas, False),
    ):
        with MemoryMeter("cpu") as meter:
            start = time.perf_counter()
            erase_in_patches(image, mask, canvas, call, whole_picture=whole)
            seconds[name] = time.perf_counter() - start
        print(f"{name:<12}{seconds[name]:>8.2f} s{meter.peak / 1e9:>8.2f} GB")
    crop = (seconds["crop"] + seconds["crop again"]) / 2
    print(f"whole / crop: {seconds['whole photo'] / crop:.1f}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("--size", type=int, default=1024)
    arguments.add_argument("--repeats", type=int, default=5)
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--compile", action="store_true")
    arguments.add_argument("--crop", action="store_true")
    arguments.add_argument("--megapixels", type=float, default=12)
    chosen = arguments.parse_args()
    torch.set_num_threads(chosen.threads)
    torch.manual_seed(0)
    if chosen.crop:
        crop_against_whole(chosen.megapixels)
    else:
        against_plain(chosen.size, chosen.repeats, chosen.compile)


if __name__ == "__main__":
    main()
