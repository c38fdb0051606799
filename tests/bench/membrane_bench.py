"""What pasting costs beside an eraser: plan, fit, membrane, on 12 megapixels with a 5 % mask.

    python tests/bench/membrane_bench.py [--photo examples/dogs.jpg] [--rounds 5] [--eraser migan]

The eraser's own time and ours around it, with and without the membrane, in the same rounds; on a
busy machine only their ratio means something. The membrane is to stay within 0.15 of MI-GAN.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from statistics import median

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from methods import Image, Mask, get_eraser, load_image  # noqa: E402
from methods._base import Eraser, no_progress  # noqa: E402
from methods._geometry.paste import erase_in_patches  # noqa: E402

SIZE = (3000, 4000)
SHARE = 0.05
BOUND = 0.15


def main() -> None:
    """Print the table, and whether the bound is met."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--photo", type=Path, default=ROOT / "examples" / "dogs.jpg")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--eraser", default="migan")
    given = options.parse_args()
    photo = cv2.resize(load_image(given.photo).rgb, SIZE[::-1], interpolation=cv2.INTER_CUBIC)
    eraser = get_eraser(given.eraser)()
    eraser.load("cpu", None)
    own, around = measured(photo, disc(), eraser, given.rounds)
    membrane = around[True] - around[False]
    print(f"{'eraser alone':24}{own * 1000:9.1f} ms")
    print(f"{'around it, plain':24}{around[False] * 1000:9.1f} ms {around[False] / own:6.2f}")
    print(f"{'around it, membrane':24}{around[True] * 1000:9.1f} ms {around[True] / own:6.2f}")
    print(f"the membrane takes {membrane / own:.3f} of the eraser's time, bound {BOUND}")
    sys.exit(membrane > BOUND * own)


def disc() -> Mask:
    """A twentieth of the photo."""
    mask = np.zeros(SIZE, np.uint8)
    radius = round((SHARE * SIZE[0] * SIZE[1] / np.pi) ** 0.5)
    cv2.circle(mask, (SIZE[1] // 2, SIZE[0] // 2), radius, 1, -1)
    return mask.view(np.bool_)


def measured(
    photo: Image, mask: Mask, eraser: Eraser, rounds: int
) -> tuple[float, dict[bool, float]]:
    """Median seconds: the eraser's own, and ours without and with the membrane, in turns."""
    own: list[float] = []
    ours: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(rounds):
        for seamless, times in ours.items():
            inside: list[float] = []
            start = time.perf_counter()
            erase(photo, mask, eraser, seamless, inside)
            times.append(time.perf_counter() - start - sum(inside))
            own += inside
    return median(own), {seamless: median(times) for seamless, times in ours.items()}


def erase(photo: Image, mask: Mask, eraser: Eraser, seamless: bool, inside: list[float]) -> Image:
    """One run; the eraser's own seconds are added to the list."""
    settings = eraser.Settings()

    def call(image: Image, hole: Mask, patch: int, patches: int) -> Image:
        start = time.perf_counter()
        filled = eraser.erase(image, hole, settings, 0, no_progress)
        inside.append(time.perf_counter() - start)
        return filled

    canvas = eraser.canvas_for(settings)
    return erase_in_patches(photo, mask, canvas, call, seamless=seamless)


if __name__ == "__main__":
    main()
