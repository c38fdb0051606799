"""What the photo's size costs: our own work around an eraser, and files in and out.

    python tests/bench/geometry_bench.py [--photo examples/dogs.jpg] [--rounds 7]

The same object crop is erased on 1 and on 16 megapixels by an eraser that does nothing, so
that only plan, fit, paste, copy and check are timed. All figures are medians of
interleaved rounds in one process; on a busy machine compare them with each other.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
from PIL import Image as Pil

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from methods._base import Canvas, Image, Mask  # noqa: E402
from methods._geometry.canvas import check_mask, fit, plan_patches  # noqa: E402
from methods._geometry.paste import changed_outside, erase_in_patches, paste_back  # noqa: E402
from methods._photo.files import load_image  # noqa: E402
from methods._photo.load import Photo, png_bytes, view_jpeg  # noqa: E402

SMALL, LARGE = (816, 1228), (3264, 4912)
CANVAS = Canvas(square=512)
ERASER_SECONDS = 0.5  # MI-GAN on two cores, about


def main() -> None:
    """Print the three tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--photo", type=Path, default=ROOT / "examples" / "dogs.jpg")
    options.add_argument("--rounds", type=int, default=7)
    given = options.parse_args()
    photo = load_image(given.photo).rgb
    large = cv2.resize(photo, LARGE[::-1], interpolation=cv2.INTER_CUBIC)
    # Enlarging leaves no detail; a little noise makes the files as large as a camera's.
    grain = np.random.default_rng(0).normal(0, 2, large.shape)
    large = np.clip(large + grain, 0, 255).astype(np.uint8)
    around_the_eraser(large, given.rounds)
    files(large, given.rounds)


def interleaved(rounds: int, **works: Callable[[], Any]) -> dict[str, float]:
    """Median milliseconds of each, in turns."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            times[name].append((time.perf_counter() - start) * 1000)
    return {name: median(values) for name, values in times.items()}


# --- around the eraser -------------------------------------------------------------------


def around_the_eraser(large: Image, rounds: int) -> None:
    """The table of steps, and the whole overhead against an eraser's own time."""
    top, left = LARGE[0] // 3, LARGE[1] // 3
    small = np.ascontiguousarray(large[top : top + SMALL[0], left : left + SMALL[1]])
    cases = {"1 MP": (small, _object(SMALL, 0, 0)), "16 MP": (large, _object(LARGE, top, left))}
    print(f"{'step, ms':26}" + "".join(f"{name:>9}" for name in cases))
    columns = [interleaved(rounds, **_steps(*case)) for case in cases.values()]
    for name in columns[0]:
        print(f"{name:26}" + "".join(f"{column[name]:9.1f}" for column in columns))
    works = {name: _whole(*case) for name, case in cases.items()}
    whole = interleaved(rounds, **works)
    print(f"{'all of it':26}" + "".join(f"{value:9.1f}" for value in whole.values()))
    eraser = ERASER_SECONDS * 1000
    ratio = (eraser + whole["16 MP"]) / (eraser + whole["1 MP"])
    print(f"with an eraser of {ERASER_SECONDS:g} s, 16 MP take {ratio:.2f} times as long as 1 MP\n")


def _object(size: tuple[int, int], top: int, left: int) -> Mask:
    """The same ellipse of 300 x 400 pixels on either photo."""
    mask = np.zeros(size, bool)
    cv2.ellipse(mask.view(np.uint8), (left + 600, top + 400), (150, 200), 0, 0, 360, 1, -1)
    return mask


def _steps(image: Image, mask: Mask) -> dict[str, Callable[[], Any]]:
    (patch,) = plan_patches(mask, CANVAS)
    fitted = fit(image, mask, patch, CANVAS)
    target = image.copy()
    return {
        "check_mask": lambda: check_mask(image, mask),
        "copy": image.copy,
        "plan_patches": lambda: plan_patches(mask, CANVAS),
        "fit": lambda: fit(image, mask, patch, CANVAS),
        "paste_back": lambda: paste_back(target, fitted.image, fitted),
        "changed_outside": lambda: changed_outside(image, target, mask),
    }


def _whole(image: Image, mask: Mask) -> Callable[[], int]:
    def erase() -> int:
        result = erase_in_patches(image, mask, CANVAS, lambda seen, *_: seen)
        return changed_outside(image, result, mask)

    return erase


# --- files -------------------------------------------------------------------------------


def files(large: Image, rounds: int) -> None:
    """Reading a camera's JPEG, and writing results, beside Pillow alone."""
    stored = io.BytesIO()
    Pil.fromarray(large).save(stored, "JPEG", quality=92)
    jpeg = stored.getvalue()
    works: dict[str, Callable[[], Any]] = {
        "load_image, JPEG": lambda: load_image(jpeg),
        "Pillow, JPEG to array": lambda: np.asarray(Pil.open(io.BytesIO(jpeg))),
        "png_bytes": lambda: png_bytes(large),
        "Pillow, PNG level 1": lambda: _pillow_png(large),
        "view_jpeg": lambda: view_jpeg(large),
        "Photo.key (SHA-256)": lambda: Photo(large, None, "", "JPEG").key,
    }
    times = interleaved(max(3, rounds // 2), **works)
    sizes = {"png_bytes": len(png_bytes(large)), "Pillow, PNG level 1": len(_pillow_png(large))}
    sizes |= {"view_jpeg": len(view_jpeg(large)), "load_image, JPEG": len(jpeg)}
    print(f"{'16 MP':26}{'ms':>9}{'MB':>9}")
    for name, value in times.items():
        size = f"{sizes[name] / 1e6:9.1f}" if name in sizes else ""
        print(f"{name:26}{value:9.1f}{size}")


def _pillow_png(image: Image) -> bytes:
    file = io.BytesIO()
    Pil.fromarray(image).save(file, "PNG", compress_level=1)
    return file.getvalue()


if __name__ == "__main__":
    main()
