"""What PixelHacker's attention costs, beside the same written plainly and beside softmax.

    python tests/bench/gla_bench.py [--tokens 4096] [--width 320] [--rounds 7] [--device cpu]

One layer of 8 heads, a batch of two (both halves of the guidance), float32. The three are
timed in turns in one process; on a busy machine compare them with each other. Memory is what
one call adds to the process at its highest, for three lengths in ascending order.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch import Tensor
from torch.nn import functional

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from methods.pixelhacker.attention_network import (  # noqa: E402
    GATE_NORMALIZER,
    KEY_SHARE,
    gated_linear_attention,
)

HEADS, BATCH = 8, 2
LENGTHS = (1024, 4096, 16384)


def main() -> None:
    """Print the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tokens", type=int, default=4096)
    options.add_argument("--width", type=int, default=320)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--device", default="cpu")
    given = options.parse_args()
    torch.manual_seed(0)
    with torch.inference_mode():
        memory(given.width, given.device)
        times(given.tokens, given.width, given.rounds, given.device)


# --- time ------------------------------------------------------------------------------------


def times(tokens: int, width: int, rounds: int, device: str) -> None:
    """Ours, with gentle and with strong gates; the recurrence; softmax of the same width."""
    gentle, strong = (example(tokens, width, spread, device) for spread in (1, 40))
    q, k, v = (torch.randn(BATCH, HEADS, tokens, width // HEADS, device=device) for _ in range(3))
    works: dict[str, Callable[[], object]] = {
        "ours": lambda: gated_linear_attention(*gentle),
        "ours, strong gates": lambda: gated_linear_attention(*strong),
        "token by token": lambda: recurrence(*gentle),
        "softmax (torch)": lambda: functional.scaled_dot_product_attention(q, k, v),
    }
    spent = interleaved(works, rounds, device)
    print(f"\n{tokens} tokens of {width} channels, {HEADS} heads, batch {BATCH}, {device}")
    for name, milliseconds in spent.items():
        print(f"{name:20}{milliseconds:9.1f} ms{milliseconds / spent['ours']:8.1f} x ours")


def interleaved(
    works: dict[str, Callable[[], object]], rounds: int, device: str
) -> dict[str, float]:
    """Median milliseconds of each, in turns, after one call of each."""
    spent: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(rounds + 1):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            if device != "cpu":
                torch.cuda.synchronize()
            if turn:
                spent[name].append((time.perf_counter() - start) * 1000)
    return {name: median(values) for name, values in spent.items()}


def example(tokens: int, width: int, spread: float, device: str) -> tuple[Tensor, ...]:
    """q, k, v and gates of one layer. spread: of the gates' logits."""
    keys = int(width * KEY_SHARE) // HEADS
    widths = (keys, keys, width // HEADS, keys)
    q, k, v, logits = (torch.randn(BATCH, tokens, HEADS, n, device=device) for n in widths)
    return q, k, v, functional.logsigmoid(spread * logits) / GATE_NORMALIZER


def recurrence(q: Tensor, k: Tensor, v: Tensor, gates: Tensor) -> Tensor:
    """The definition, with few and large operations for each token."""
    batch, tokens, heads, keys = q.shape
    rows = (part.transpose(1, 2).flatten(0, 1) for part in (q * keys**-0.5, k, v, gates.exp()))
    queries, keys_, values, decays = rows
    state = torch.zeros(batch * heads, keys, v.shape[-1], device=q.device)
    out = torch.empty_like(values)
    for t in range(tokens):
        state.mul_(decays[:, t, :, None])
        state.baddbmm_(keys_[:, t, :, None], values[:, t, None, :])
        torch.bmm(queries[:, t, None, :], state, out=out[:, t, None, :])
    return out.unflatten(0, (batch, heads)).transpose(1, 2)


# --- memory ----------------------------------------------------------------------------------


def memory(width: int, device: str) -> None:
    """The highest use during a call, less what was there before it."""
    print("tokens      input       peak   peak per token")
    gated_linear_attention(*example(64, width, 1, device))  # threads and kernels are there
    for tokens in LENGTHS:
        parts = example(tokens, width, 1, device)
        size = sum(part.numel() * part.element_size() for part in parts)
        peak = peak_of(partial(gated_linear_attention, *parts), device)
        print(f"{tokens:6}{size / 1e6:8.1f} MB{peak / 1e6:8.1f} MB{peak / tokens / 1e3:12.1f} kB")


def peak_of(work: Callable[[], object], device: str) -> int:
    """Bytes above the level before. On the CPU the operating system's highest mark, which
    only rises: true for ascending needs."""
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        work()
        return torch.cuda.max_memory_allocated() - before
    before = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    work()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before


if __name__ == "__main__":
    main()
