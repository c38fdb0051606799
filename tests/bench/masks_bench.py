"""What the mask's steps cost: as the page shows it (1600 pixels), and at 16 megapixels.

    python tests/bench/masks_bench.py [--rounds 7]

All figures are medians of interleaved rounds in one process, in milliseconds; on a busy
machine compare them with each other. "an empty PNG" is the least that an answer costs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from methods import Image, Mask, load_image, margin_around  # noqa: E402
from segmentation import (  # noqa: E402
    Shape,
    Stroke,
    compose,
    decode_rle,
    encode_rle,
    find_hints,
    margin_png,
    overlay_png,
    shown_mask,
)

SIZE = (3264, 4912)
SHOWN = 1600
Calls = dict[str, Callable[[], object]]


def main() -> None:
    """Print one table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=7)
    rounds = options.parse_args().rounds
    print(f"{'':<46}{'shown':>9}{'16 Mpx':>9}")
    shown, whole = (in_turns(calls(side), rounds) for side in (SHOWN, None))
    for name, value in shown.items():
        print(f"{name:<46}{value:9.1f}{whole[name]:9.1f}")
    picture = dogs()
    mask = shown_mask(thing(), SHOWN)
    for name, value in in_turns({"hints": lambda: find_hints(picture, mask)}, rounds).items():
        print(f"{name:<46}{value:9.1f}")


def in_turns(works: Calls, rounds: int) -> dict[str, float]:
    """Median milliseconds of each, after one round that does not count."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds + 1):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            times[name].append(1000 * (time.perf_counter() - start))
    return {name: median(series[1:]) for name, series in times.items()}


def thing() -> Mask:
    """An object of 1100 x 1500 pixels with a ragged outline and a hole."""
    rows, columns = np.indices(SIZE, np.float32, sparse=True)
    angle = np.arctan2(rows - 1500, columns - 2300)
    reach = 600 + 90 * np.sin(7 * angle) + 12 * np.sin(61 * angle)
    distance = np.hypot((rows - 1500) * 0.75, columns - 2300)
    return np.asarray((distance < reach) & (distance > 60))


def dogs() -> Image:
    picture = load_image(ROOT / "examples" / "dogs.jpg").rgb
    height, width = round(SIZE[0] * SHOWN / SIZE[1]), SHOWN
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA))


def scribble(strokes: int, points: int, width: float) -> list[Stroke]:
    """Wavy lines across the object, as a hand draws them; every third one erases."""
    steps = np.linspace(0, 1, points)
    lines = []
    for number in range(strokes):
        x = 1500 + 1600 * steps
        y = 900 + 1200 * number / strokes + 60 * np.sin(9 * steps + number)
        places = tuple(zip(x.tolist(), y.tolist(), strict=True))
        lines.append(Stroke(points=places, width=width, erase=number % 3 == 2))
    return lines


def calls(side: int | None) -> Calls:
    mask = shown_mask(thing(), side)
    few, many = scribble(1, 60, 80), scribble(120, 80, 60)

    def composed(shape: Shape | None = None, strokes: list[Stroke] | None = None) -> Mask:
        given = [(mask, ())]
        return compose(SIZE, given, strokes=strokes or (), shape=shape, longest_side=side).mask

    whole = Shape(
        dilate=12, dilate_unit="%", fill_holes=True, smooth=6, precision=0.3, drop_speckles=True
    )
    rle, size = encode_rle(mask), (mask.shape[0], mask.shape[1])
    nothing, nothing_seen = np.zeros_like(mask), np.zeros((*mask.shape, 3), np.uint8)
    return {
        "an empty PNG": lambda: overlay_png(nothing),
        "the object as it is": composed,
        "dilate 24 px": lambda: composed(Shape(dilate=24)),
        "dilate 10 %": lambda: composed(Shape(dilate=10, dilate_unit="%")),
        "fill holes": lambda: composed(Shape(fill_holes=True)),
        "smooth 2 px": lambda: composed(Shape(smooth=2)),
        "smooth 30 px": lambda: composed(Shape(smooth=30)),
        "precision 0.5": lambda: composed(Shape(precision=0.5)),
        "precision 1": lambda: composed(Shape(precision=1)),
        "one stroke of 60 points": lambda: composed(strokes=few),
        "120 strokes of 80 points": lambda: composed(strokes=many),
        "all of it, and its PNG": lambda: overlay_png(composed(whole, many)),
        "overlay PNG": lambda: overlay_png(mask),
        "margin PNG": lambda: margin_png(mask, margin_around(nothing_seen, mask)[1]),
        "run lengths, written": lambda: encode_rle(mask),
        "run lengths, read": lambda: decode_rle(rle, size),
    }


if __name__ == "__main__":
    main()
