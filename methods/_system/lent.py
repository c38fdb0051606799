"""A GPU that is lent to this program for one job at a time, as Hugging Face's ZeroGPU does.

The program itself then has none, and computes on its CPU; a job of a large network runs in a
process of its own that has the GPU as long (see `methods._workers.zerogpu`). What is planned for
such jobs, from the memory that they may take to the numbers' precision, is planned for that GPU.
"""

from __future__ import annotations

import os

from methods._base import EraserSpec

LARGE = 45_097_156_608
"""Bytes of the GPU that is lent by default: half of an RTX PRO 6000, of which the package `spaces`
gives a program no more (`xlarge_threshold` in its configs.json)."""

XLARGE = 101_973_950_464
"""Bytes of a whole one, which costs twice the time. Both are `memory` of the same file."""

LEAST_MEMORY = 2**30
"""Bytes of a network for which a GPU is borrowed. A smaller one fills a hole on a CPU within
seconds, and costs nobody's share of the GPU's time."""

_here = False


def gpu_is_lent() -> bool:
    """Whether this machine's GPU is lent, as the platform says it."""
    return os.environ.get("SPACES_ZERO_GPU", "").strip().lower() in ("1", "t", "true")


def is_elsewhere() -> bool:
    """Whether it is lent, and not to this process."""
    return gpu_is_lent() and not _here


def is_here() -> bool:
    """Whether it is lent to this process now."""
    return gpu_is_lent() and _here


def arrived() -> None:
    """To be called in a process that the GPU has been given to."""
    global _here
    _here = True


def borrows(spec: EraserSpec) -> bool:
    """Whether the eraser's jobs run on a GPU that is lent for them."""
    return gpu_is_lent() and wants_gpu(spec)


def wants_gpu(spec: EraserSpec) -> bool:
    """Whether an eraser is so large that a GPU is worth its time."""
    return spec.holds_device and "cuda" in spec.devices and spec.memory >= LEAST_MEMORY
