"""Five hundred files opened, erased from and saved, one after the other: what this process holds.

    python tests/bench/saving_soak.py [--files 500] [--side 400]

Every kind of file that the tests make, in turn, each saved in every format that is offered for it.
Printed are the bytes that the process holds after each hundred: they settle, or something leaks.
"""

from __future__ import annotations

import argparse
import gc
import sys
from pathlib import Path

import numpy as np
import psutil

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from methods import Change, MadeBy, SavingWish, formats_for, load_image, save_result  # noqa: E402
from sample_files import KINDS, made  # noqa: E402

_EVERY = 100
_BY = MadeBy("Soak", ("telea, radius 5",))


def main() -> None:
    """Print a line for each hundred files."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--files", type=int, default=500)
    options.add_argument("--side", type=int, default=400)
    asked = options.parse_args()
    own, noise, saved = psutil.Process(), np.random.default_rng(0), 0
    for number in range(asked.files + 1):
        if number % _EVERY == 0:
            gc.collect()
            held = own.memory_info().rss / 1e6
            print(f"{number:5} files, {saved:5} saved, {held:7.1f} MB held", flush=True)
        saved += one(sorted(KINDS)[number % len(KINDS)], noise, asked.side)


def one(kind: str, noise: np.random.Generator, side: int) -> int:
    """Open, fill in and save; how many files came of it."""
    height, width = (int(each) for each in noise.integers(side // 2, side, 2))
    data = made(kind, noise, (height, width)).data
    photo = load_image(data)
    mask = np.zeros(photo.size, np.bool_)
    mask[height // 4 : height // 3, width // 4 : width // 3] = True
    change = Change(255 - photo.rgb, photo.alpha, mask)
    formats = formats_for(data)
    for wanted in formats:
        saved = save_result(data, change, _BY, SavingWish(wanted))
        if saved.samples_changed_outside and saved.coefficients_changed_outside is None:
            raise AssertionError(f"{kind} as {wanted}: samples outside the mask were changed")
    return len(formats)


if __name__ == "__main__":
    main()
