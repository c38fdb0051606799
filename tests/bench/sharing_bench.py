"""What switching between two methods costs that stand on one base model, and what PixelHacker's
constant conditioning would cost if it were computed at each step.

    python tests/bench/sharing_bench.py [--width 128] [--rounds 5] [--threads 2]

The base is a random model with SD 2's layout, narrower, in a temporary folder; SD Inpainting
(variant sd2) and Erase Diffusion stand on it. Seconds and bytes are those of `prepare`, once with
the other method loaded and once alone. PixelHacker's layers are of the published size.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import tiny_models  # noqa: E402
from methods._diffusion.eraser import DiffusionEraser, store  # noqa: E402
from methods._diffusion.placement import module_bytes  # noqa: E402
from methods._diffusion.repositories import SD2_INPAINTING  # noqa: E402
from methods._system.memory import give_memory_back  # noqa: E402
from methods._weights.store import use_local  # noqa: E402
from methods.erase_diffusion import EraseDiffusion  # noqa: E402
from methods.pixelhacker.network import PUBLISHED  # noqa: E402
from methods.sd_inpainting import SdInpainting  # noqa: E402

MB = 1e6


def main() -> None:
    """Print both comparisons."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--width", type=int, default=128, help="channels of the first level")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--threads", type=int, default=2)
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        switching(Path(folder), given.width, given.rounds)
        conditioning(given.rounds)


# --- switching ---------------------------------------------------------------------------


def save_base(folder: Path, width: int) -> None:
    """A model of SD 2's layout in which 320 channels are `width`."""
    layout = tiny_models.sd15_layout(9, attention_head_dim=8, norm_num_groups=32)
    layout["block_out_channels"] = (width, 2 * width, 4 * width, 4 * width)
    tiny_models.save_sd(folder, unet=layout)
    use_local(SD2_INPAINTING.name, folder)


def taken(make: Callable[[], DiffusionEraser], settings: dict[str, Any]) -> Any:
    """(eraser, seconds, bytes, components read) of loading one method."""
    eraser = make()
    eraser.load("cpu", None)
    chosen = eraser.Settings.model_validate(settings)
    loads, start = store.loads, time.perf_counter()
    eraser.prepare(chosen)
    seconds, loads = time.perf_counter() - start, store.loads - loads
    parts = eraser.loaded(chosen).values() if loads else ()
    return eraser, seconds, sum(map(module_bytes, parts)), loads


def switching(folder: Path, width: int, rounds: int) -> None:
    """SD Inpainting, then Erase Diffusion beside it; and Erase Diffusion alone."""
    save_base(folder / "base", width)
    kept: dict[str, list[tuple[float, int, int]]] = {"alone": [], "beside another": []}
    for turn in range(rounds + 1):
        second, *alone = taken(EraseDiffusion, {})
        second.unload()
        give_memory_back()
        first, *_ = taken(SdInpainting, {"variant": "sd2"})
        second, *beside = taken(EraseDiffusion, {})
        second.unload()
        first.unload()
        if turn:
            kept["alone"].append(tuple(alone))
            kept["beside another"].append(tuple(beside))
    print("Erase Diffusion, on the base that SD Inpainting (sd2) has loaded")
    print(f"  {'':<18}{'seconds':>10}{'read':>14}{'components':>12}")
    for name, found in kept.items():
        seconds = median(row[0] for row in found)
        print(f"  {name:<18}{seconds:>10.4f}{found[0][1] / MB:>11.1f} MB{found[0][2]:>12}")


# --- PixelHacker's constants -------------------------------------------------------------


def conditioning(rounds: int) -> None:
    """The projection of the 20 vectors and all layers' keys and values: of each step, if they
    were not kept."""
    from diffusers import UNet2DConditionModel

    with torch.device("meta"):
        unet = UNet2DConditionModel(**PUBLISHED)
    attention = [m for name, m in unet.named_modules() if name.endswith("attn2")]
    shapes = [tuple(layer.weight.shape) for a in attention for layer in (a.to_k, a.to_v)]
    shapes.append((PUBLISHED["cross_attention_dim"], PUBLISHED["encoder_hid_dim"]))
    weights = [torch.randn(shape) for shape in shapes]
    inputs = {width: torch.randn(20, width) for width in {shape[1] for shape in shapes}}

    def all_of_them() -> None:
        for weight in weights:
            torch.nn.functional.linear(inputs[weight.shape[1]], weight)

    all_of_them()
    spent = []
    for _ in range(rounds):
        start = time.perf_counter()
        all_of_them()
        spent.append(time.perf_counter() - start)
    multiplications = sum(20 * rows * columns for rows, columns in shapes)
    size = sum(map(torch.Tensor.numel, weights)) * 4
    print("\nPixelHacker's conditioning, once for a model in place of once a step")
    print(f"  layers of keys and values {len(shapes) - 1}, and one projection")
    print(
        f"  saved at each step: {1e3 * median(spent):.1f} ms, {multiplications / 1e6:.0f} million"
    )
    print(f"  multiplications; and {size / MB:.0f} MB of weights in float32, which are dropped")


if __name__ == "__main__":
    main()
