"""What it takes to save a JPEG's result with its blocks kept, beside Pillow's plain save of that
picture: seconds of processors, which hold on a busy machine.

What no code around jpeglib can spare, its two readings and its writing of all coefficients, is
measured by itself.

    python tests/bench/jpeg_saving_bench.py [--megapixels 24] [--rounds 3] [--progressive]
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pil

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from methods import Change, MadeBy, SavingWish, load_image, save_result  # noqa: E402
from methods._saving.jpeg import coefficients  # noqa: E402
from methods._saving.jpeg.layout import layout_of  # noqa: E402


def main() -> None:
    """Print seconds, and the ratio."""
    options = _options()
    data = _photo(options.megapixels, options.progressive)
    photo, layout = load_image(data), layout_of(data)
    planes = coefficients.read(layout).planes
    change = _change(photo.rgb)
    ways: dict[str, Callable[[], object]] = {
        "result saved, blocks kept": lambda: save_result(
            data, change, MadeBy("Bench"), SavingWish("jpeg")
        ),
        "jpeglib reads": lambda: coefficients.read(layout),
        "jpeglib writes": lambda: coefficients.write(layout, planes),
        "Pillow's plain save": lambda: Pil.fromarray(photo.rgb).save(
            io.BytesIO(), "JPEG", quality=90, progressive=options.progressive
        ),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, way in ways.items():
            start = time.process_time()
            way()
            taken[name].append(time.process_time() - start)
    ours, reads, writes, theirs = (statistics.median(seconds) for seconds in taken.values())
    for name, seconds in taken.items():
        print(f"{name:28} {statistics.median(seconds):6.2f} s of processors")
    floor = 2 * reads + writes
    print(f"ratio {ours / theirs:.2f}, of which jpeglib alone {floor / theirs:.2f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--progressive", action="store_true")
    return parser.parse_args()


def _photo(megapixels: float, progressive: bool) -> bytes:
    example = np.asarray(cv2.imread(str(ROOT / "examples" / "dogs.jpg")))[..., ::-1]
    height, width = example.shape[:2]
    scale = (megapixels * 1e6 / (height * width)) ** 0.5
    size = round(width * scale), round(height * scale)
    file = io.BytesIO()
    larger = Pil.fromarray(cv2.resize(np.ascontiguousarray(example), size))
    larger.save(file, "JPEG", quality=90, progressive=progressive)
    return file.getvalue()


def _change(rgb: np.ndarray) -> Change:
    """An ellipse over four hundredths of the photo."""
    height, width = rgb.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    cv2.ellipse(mask, (width // 2, height // 2), (width // 9, height // 9), 0, 0, 360, 1, -1)
    result = rgb.copy()
    result[mask > 0] = result[mask > 0][::-1]
    return Change(result, None, mask > 0)


if __name__ == "__main__":
    main()
