"""What Attentive Eraser's attention costs, beside the plain formula with its score matrices.

    python tests/bench/attentive_bench.py [--rounds 5] [--threads 2] [--device cpu]

First one self-attention layer of SDXL's size (4096 tokens, 10 heads of 64 channels, both halves
of the guidance, 16 % of the tokens in the object): ours drops the object's keys, scales its
queries and calls fused attention once a half. Beside it the plain formula with as few score
matrices as it needs, and the same in the order of the authors' code, which makes some more.
Then a whole step of a UNet with SDXL's 70 transformer blocks at 1024 x 1024 pixels, only
narrower: with the blocks before the first changed layer run once, and with all of them run on
both halves.

All sides take turns in one process. On a busy machine compare the ratios, not the seconds;
seconds of the processor count the same work on a busy machine as on a quiet one.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import tiny_models  # noqa: E402
from methods._diffusion.patching import attention_processors, transformer_blocks  # noqa: E402
from methods._diffusion.self_attention import TokenMasks, Tokens  # noqa: E402
from methods._system.memory import MemoryMeter  # noqa: E402
from methods.attentive_eraser.guidance import (  # noqa: E402
    RedirectedAttention,
    Redirection,
    Steps,
    redirected_unet,
)

LATENT = (128, 128)
TOKENS, HEADS, CHANNELS = (64, 64), 10, 64
SS_SCALE = 0.3
MB = 1e6


def main() -> None:
    """Print both comparisons."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--device", default="cpu")
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    with torch.inference_mode():
        one_layer(given.rounds, given.device)
        whole_step(given.rounds, given.device)


# --- measuring ---------------------------------------------------------------------------


def interleaved(
    rounds: int, device: Any, works: dict[str, Callable[[], Any]]
) -> dict[str, tuple[float, float]]:
    """Median seconds of each, on the clock and of the processor, in turns, after one round
    that does not count."""
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            start = time.perf_counter(), time.process_time()
            work()
            if device != "cpu":
                torch.cuda.synchronize()
            taken = time.perf_counter() - start[0], time.process_time() - start[1]
            if number:
                seconds[name].append(taken)
    return {
        name: (median(wall for wall, _ in values), median(cpu for _, cpu in values))
        for name, values in seconds.items()
    }


def extra_memory(work: Callable[[], Any], device: Any) -> float:
    """The most megabytes in use at once beyond what was there before."""
    with MemoryMeter("cuda" if device != "cpu" else "cpu") as meter:
        result = work()
    del result
    return meter.peak / MB


def object_mask(size: tuple[int, int]) -> Any:
    """A square with 16 % of the area."""
    mask = np.zeros(size, bool)
    height, width = (round(side * 0.4) for side in size)
    mask[height : 2 * height, width : 2 * width] = True
    return mask


# --- one layer ---------------------------------------------------------------------------


def plain_formula(tensors: list[Any], inside: Any) -> Any:
    """Both halves with their score matrices. inside: (N,) bool, the object's tokens."""
    query, key, value = tensors
    scores = query @ key.transpose(2, 3) / query.shape[3] ** 0.5
    without = scores[:1].softmax(3) @ value[:1]
    least = torch.finfo(scores.dtype).min
    background = (scores[1:]).masked_fill(inside, least).softmax(3) @ value[1:]
    suppressed = (SS_SCALE * scores[1:]).masked_fill(inside, least).softmax(3) @ value[1:]
    within = torch.where(inside[:, None], suppressed, background)
    return torch.cat([without, within])


def in_the_authors_order(tensors: list[Any], inside: Any) -> Any:
    """The same with what their code makes besides: a softmax of everything that is not used, and
    both kinds of scores side by side before one softmax over the two."""
    query, key, value = tensors
    scores = query @ key.transpose(2, 3) / query.shape[3] ** 0.5
    unused = scores.softmax(3)
    without = scores[:1].softmax(3) @ value[:1]
    bias = torch.where(inside, torch.finfo(scores.dtype).min, 0.0)
    both = torch.cat([SS_SCALE * scores[1:] + bias, scores[1:] + bias]).softmax(3)
    suppressed, background = (both @ torch.cat([value[1:], value[1:]])).chunk(2)
    within = torch.where(inside[:, None], suppressed, background)
    del unused
    return torch.cat([without, within])


def one_layer(rounds: int, device: Any) -> None:
    """Ours and the two explicit ways on the same random tensors."""
    made = torch.Generator().manual_seed(0)
    shape = (2, HEADS, TOKENS[0] * TOKENS[1], CHANNELS)
    tensors = [torch.randn(shape, generator=made).to(device) for _ in range(3)]
    masks = TokenMasks(object_mask((1024, 1024)), TOKENS)
    inside = Tokens(masks.at(TOKENS), tensors[0].device).object
    steps = Steps(Redirection(ss_scale=SS_SCALE))
    steps.step = 0
    layer = RedirectedAttention(None, steps, masks)
    works: dict[str, Callable[[], Any]] = {
        "ours": lambda: layer.attend(*tensors),
        "plain formula": lambda: plain_formula(tensors, inside),
        "in the authors' order": lambda: in_the_authors_order(tensors, inside),
    }
    share = float(inside.float().mean())
    print(f"One layer: {shape[2]} tokens, {HEADS} heads, {share:.0%} of them in the object")
    compare(works, rounds, device)


def compare(works: dict[str, Callable[[], Any]], rounds: int, device: Any) -> None:
    """Print a row for each, the ratios to the first, and how far the results differ."""
    # The first and smallest first: it would find room in what the others leave behind.
    memory = {name: extra_memory(work, device) for name, work in works.items()}
    first, *others = (work() for work in works.values())
    difference = max(float((first - other).abs().max()) for other in others)
    del first, others
    seconds = interleaved(rounds, device, works)
    (wall, cpu), least = next(iter(seconds.values())), next(iter(memory.values()))
    print(f"  {'':<22}{'clock':>9}{'':8}{'processor':>10}{'':8}{'more memory':>14}")
    for name, (own_wall, own_cpu) in seconds.items():
        print(
            f"  {name:<22}{own_wall:7.2f} s {own_wall / wall:5.1f} x {own_cpu:8.2f} s"
            f" {own_cpu / cpu:5.1f} x {memory[name]:10.0f} MB {memory[name] / least:6.1f} x"
        )
    print(f"  largest difference {difference:.1e}\n")


# --- a whole step ------------------------------------------------------------------------


def sdxl_of_small_width() -> Any:
    """SDXL's own layout: 70 blocks, 2 and 10 deep; channels reduced to a tenth."""
    from diffusers import UNet2DConditionModel

    layout = tiny_models.sdxl_layout(
        4,
        block_out_channels=(32, 64, 128),
        transformer_layers_per_block=(1, 2, 10),
        attention_head_dim=(2, 4, 8),
        norm_num_groups=8,
    )
    with tiny_models.seeded(0):
        return UNet2DConditionModel(**layout).eval().requires_grad_(False)


def inputs(unet: Any, halves: int, device: Any) -> dict[str, Any]:
    """The same for each half."""
    made = torch.Generator().manual_seed(1)
    width = unet.config.cross_attention_dim
    sample = torch.randn(1, 4, *LATENT, generator=made).repeat(halves, 1, 1, 1)
    texts = torch.randn(1, 77, width, generator=made).repeat(halves, 1, 1)
    added = {
        "text_embeds": torch.zeros(halves, tiny_models.WIDTH, device=device),
        "time_ids": torch.full((halves, 6), 1024.0, device=device),
    }
    return {
        "sample": sample.to(device),
        "timestep": torch.tensor(600, device=device),
        "encoder_hidden_states": texts.to(device),
        "added_cond_kwargs": added,
    }


def whole_step(rounds: int, device: Any) -> None:
    """With and without sharing what comes before the first changed layer."""
    unet = sdxl_of_small_width().to(device)
    masks = TokenMasks(object_mask((LATENT[0] * 8, LATENT[1] * 8)), LATENT)
    plan = Redirection()
    blocks = transformer_blocks(unet)
    layers = plan.layers(blocks)

    def shared() -> Any:
        with redirected_unet(unet, masks, plan):
            return unet(**inputs(unet, 1, device))[0]

    def twice() -> Any:
        steps = Steps(plan)
        steps.step = 0
        own = unet.attn_processors
        keys = [layer.self_attention for layer in layers]
        changed = {key: RedirectedAttention(own[key], steps, masks) for key in keys}
        with attention_processors(unet, changed):
            without, within = unet(**inputs(unet, 2, device)).sample.chunk(2)
        return without + plan.rm_guidance_scale * (within - without)

    once = len(blocks) - len(layers)
    print(f"One step of SDXL's layout: {len(blocks)} transformer blocks, {once} of them shared")
    compare({"shared": shared, "both halves": twice}, rounds, device)


if __name__ == "__main__":
    main()
