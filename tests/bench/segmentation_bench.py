"""How quick pointing is: our encode and click against the plain use of the same network.

    python tests/bench/segmentation_bench.py [--repeats 9] [--threads 2] [--clicks-only]

Everything runs in one process, in turns, so that a busy machine slows all alike; what counts
are the ratios of the medians. "Plain" is what the package's user would write: the photo
resized as segment-anything does it and the unfused network called, or one call of the mask
decoder with all its inputs ready. `SamPredictor.predict` is the package's own click: it
returns masks, where ours returns the picture that a page shows. See `sam2_bench.py` for SAM 2.1.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image as PilImage

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from methods import Image, fetch  # noqa: E402
from segmentation import (  # noqa: E402
    Embedding,
    EmbeddingCache,
    PromptedObject,
    Segmenter,
    overlay_png,
    select,
)
from segmentation.mobile_sam import WEIGHTS, MobileSam, build_mobile_sam, read_state  # noqa: E402

SHOWN_SIDE = 1600
SIZES = {(2250, 1500): 1.0, (5312, 2988): 3.0}
"""Width and height, and how many times sooner than `predict` our click must be ready."""
CLICKS = 12
Calls = dict[str, Callable[[], object]]


def photo(width: int, height: int) -> Image:
    """The rocket, enlarged, with some grain, as a camera would give it."""
    with PilImage.open(ROOT / "examples" / "rocket.jpg") as picture:
        large = picture.convert("RGB").resize((width, height), PilImage.Resampling.BICUBIC)
    grain = np.random.default_rng(0).normal(0, 4, (height, width, 1))
    return np.clip(np.asarray(large) + grain, 0, 255).astype(np.uint8)


def in_turns(calls: Calls, repeats: int) -> dict[str, float]:
    """Median milliseconds of each, after one round that does not count."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(1000 * (time.perf_counter() - start))
    return {name: median(series[1:]) for name, series in times.items()}


def encoders(image: Image, ours: MobileSam, plain: Any) -> Calls:
    import torch
    from segment_anything.utils.transforms import ResizeLongestSide

    resize = ResizeLongestSide(1024)

    def plain_encode() -> object:
        with torch.no_grad():
            pixels = torch.as_tensor(resize.apply_image(image)).permute(2, 0, 1)[None]
            return plain.image_encoder(plain.preprocess(pixels.contiguous()))

    return {"plain encode": plain_encode, "our encode": lambda: ours.encode(image, "bench")}


def deciders(image: Image, ours: MobileSam, plain: Any) -> Calls:
    """A click at the rocket's nose: each of ours at another place, so that no cache helps."""
    import torch
    from segment_anything import SamPredictor

    height, width = image.shape[:2]
    x, y = width * 0.5, height * 0.386
    embedding = ours.encode(image, f"bench {image.shape}")
    nudges = itertools.count()
    predictor = SamPredictor(plain)
    predictor.set_image(image)
    with torch.no_grad():
        place = torch.tensor([[[x, y]]]) * 1024 / max(height, width)
        sparse, dense = plain.prompt_encoder((place, torch.ones(1, 1)), None, None)
        position = plain.prompt_encoder.get_dense_pe()

    def plain_decode() -> object:
        with torch.no_grad():
            return plain.mask_decoder(predictor.features, position, sparse, dense, True)

    return {
        "plain decoder call": plain_decode,
        "our click -> overlay": lambda: our_click(ours, embedding, x + next(nudges) / 100, y),
        "our slider -> overlay": lambda: our_click(ours, embedding, x, y),
        "predictor.predict": lambda: predictor.predict(np.array([[x, y]]), np.array([1])),
    }


def our_click(ours: Segmenter, embedding: Embedding, x: float, y: float) -> bytes:
    """What the server does for a click: decode, clean, grow, enlarge to 1600 pixels, pack."""
    prompted = PromptedObject.model_validate({"points": [{"x": x, "y": y}]})
    return overlay_png(select(ours, embedding, [prompted], dilate=8, longest_side=SHOWN_SIDE).mask)


class Counted(MobileSam):
    """Counts how often it looks at a photo."""

    encodes = 0

    def encode(self, image: Image, key: str) -> Embedding:
        self.encodes += 1
        return super().encode(image, key)


def encodes_for(clicks: int, weights: Path) -> int:
    """How many encodes that many clicks on one photo cost, asked as the server asks them."""
    segmenter, cache = Counted.from_file(weights), EmbeddingCache()
    assert isinstance(segmenter, Counted)
    image = photo(640, 427)
    for click in range(clicks):
        our_click(segmenter, cache.get(segmenter, image, "photo"), 320, 150 + click)
    return segmenter.encodes


def verdict(text: str, value: float, target: float, *, at_most: bool) -> None:
    """One line with the figure, its target and whether it is met."""
    met = value <= target if at_most else value >= target
    bound = f"at {'most' if at_most else 'least'} {target:g}"
    print(f"  {text:<36}{value:6.2f}   ({bound}: {'met' if met else 'MISSED'})")


def report(size: tuple[int, int], times: dict[str, float], overlay: int) -> None:
    click, predict = times["our click -> overlay"], times["predictor.predict"]
    print(f"\n{size[0]}x{size[1]}")
    for name, value in times.items():
        print(f"  {name:<24}{value:9.1f} ms")
    print(f"  overlay: {overlay / 1024:.1f} kB")
    if "our encode" in times:
        verdict("our encode / plain encode", encode_ratio(times), 1.1, at_most=True)
    allowed = 1.2 * times["plain decoder call"] + 30
    verdict("our click / (1.2 decoder + 30 ms)", click / allowed, 1, at_most=True)
    verdict("predict / our click", predict / click, SIZES[size], at_most=False)


def encode_ratio(times: dict[str, float]) -> float:
    return times["our encode"] / times["plain encode"]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("--repeats", type=int, default=9)
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--clicks-only", action="store_true")
    chosen = arguments.parse_args()
    import torch

    torch.set_num_threads(chosen.threads)
    weights = fetch(WEIGHTS)
    ours, plain = MobileSam.from_file(weights), build_mobile_sam(read_state(weights))
    for size in SIZES:
        image, times = photo(*size), {}
        if not chosen.clicks_only:
            times = in_turns(encoders(image, ours, plain), max(3, chosen.repeats // 3))
        times |= in_turns(deciders(image, ours, plain), chosen.repeats)
        embedding = ours.encode(image, f"bench {image.shape}")
        x, y = size[0] * 0.5, size[1] * 0.386
        report(size, times, len(our_click(ours, embedding, x, y)))
    print(f"\n{CLICKS} clicks on one photo")
    verdict("encodes", encodes_for(CLICKS, weights), 1, at_most=True)


if __name__ == "__main__":
    main()
