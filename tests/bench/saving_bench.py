"""What it takes to save a result in the photo's own samples: time and memory, as ratios.

    python tests/bench/saving_bench.py [--megapixels 50] [--kind tiff16 …] [--rounds 3]

Each case is a process of its own; seconds are those of processors. "times" is the whole of
`save_result` (the file decoded, filled in, written, decoded again and compared) over what the
format's library takes to write the same samples. "memory" is how far the process grows beyond what
it held before, photo, result, mask and file among it, over the size of the decoded samples.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import psutil
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

Samples = NDArray[Any]
_EVERY = 0.002


def main() -> None:
    """Print one table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--megapixels", type=float, default=50)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--kind", nargs="*", choices=WRITERS, default=list(WRITERS))
    options.add_argument("--child", action="store_true")
    asked = options.parse_args()
    if asked.child:
        print(json.dumps(measured(asked.kind[0], asked.megapixels, asked.rounds)))
        return
    print(f"{'':<10}{'MB':>8}{'library s':>11}{'save s':>9}{'times':>8}{'memory':>9}")
    for kind in asked.kind:
        line = [sys.executable, __file__, "--child", "--kind", kind]
        line += ["--megapixels", str(asked.megapixels), "--rounds", str(asked.rounds)]
        found = json.loads(subprocess.run(line, check=True, capture_output=True).stdout)
        print(
            f"{kind:<10}{found['bytes'] / 1e6:8.0f}{found['library']:11.2f}{found['save']:9.2f}"
            f"{found['save'] / found['library']:8.2f}"
            f"{found['memory'] / found['bytes']:9.2f}"
        )


def measured(kind: str, megapixels: float, rounds: int) -> dict[str, float]:
    """Seconds and bytes of one case."""
    from methods import Change, Limits, MadeBy, load_image, save_result

    limits, by = Limits(megapixels=2 * megapixels, megabytes=4000), MadeBy("bench")
    samples = photo(megapixels, kind)
    data = WRITERS[kind](samples)
    library = median(timed(lambda: WRITERS[kind](samples))[0] for _ in range(rounds))
    rgb = load_image(data, limits=limits).rgb
    height, width = rgb.shape[:2]
    mask = np.zeros((height, width), np.bool_)
    mask[height // 3 : height // 2, width // 4 : width // 2] = True
    tiny = WRITERS[kind](samples[:9, :9].copy())  # so that everything is imported
    save_result(tiny, Change(rgb[:9, :9], None, mask[:9, :9]), by)
    change = Change(cv2.GaussianBlur(rgb, (0, 0), 9), None, mask)
    del rgb
    found = [timed(lambda: save_result(data, change, by, limits=limits)) for _ in range(rounds)]
    return {
        "bytes": samples.nbytes,
        "library": library,
        "save": median(seconds for seconds, _ in found),
        "memory": median(more for _, more in found),
    }


def photo(megapixels: float, kind: str) -> Samples:
    """(H, W, 3), smooth things under fine grain, as a camera has them."""
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    noise = np.random.default_rng(1)
    coarse = noise.random((height // 60, height // 40, 3), np.float32)
    deep = kind.endswith("16")
    white = 65535 if deep else 255
    whole = np.empty((height, round(height * 1.5), 3), np.uint16 if deep else np.uint8)
    smooth = cv2.resize(coarse, whole.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    for top in range(0, height, 256):
        band = smooth[top : top + 256]
        grain = noise.normal(0, 0.004, band.shape).astype(np.float32)
        whole[top : top + 256] = np.clip((band + grain) * white, 0, white)
    return whole


def tiff_by_library(samples: Samples) -> bytes:
    """As tifffile writes it, packed like the program's."""
    import tifffile

    file = io.BytesIO()
    tifffile.imwrite(
        file, samples, photometric="rgb", compression="adobe_deflate", predictor=True, maxworkers=1
    )
    return file.getvalue()


def png_by_library(samples: Samples) -> bytes:
    """As OpenCV writes it, with the settings of `png_bytes`."""
    settings = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, 3]
    settings += [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_AVG]
    return bytes(cv2.imencode(".png", cv2.cvtColor(samples, cv2.COLOR_RGB2BGR), settings)[1])


WRITERS: dict[str, Callable[[Samples], bytes]] = {
    "tiff16": tiff_by_library,
    "tiff8": tiff_by_library,
    "png16": png_by_library,
    "png8": png_by_library,
}


def timed(work: Callable[[], object]) -> tuple[float, int]:
    """Seconds, and bytes by which this process grew at most meanwhile."""
    own, most, done = psutil.Process(), [0], threading.Event()
    before = own.memory_info().rss

    def watch() -> None:
        while not done.wait(_EVERY):
            most[0] = max(most[0], own.memory_info().rss)

    watching = threading.Thread(target=watch)
    watching.start()
    start = time.process_time()  # all threads': a busy machine changes less of it
    result = work()
    seconds = time.process_time() - start
    done.set()
    watching.join()
    del result
    return seconds, most[0] - before


if __name__ == "__main__":
    main()
