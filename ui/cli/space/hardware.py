"""The hardware that a Hugging Face Space can have, as its makers' documentation has it.

Source: hub-docs at 242f4a1 (22 August 2026), spaces-gpus and spaces-zerogpu. Of several GPUs this
program uses the first: what has more than one is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

GB = 10**9


@dataclass(frozen=True, slots=True)
class Hardware:
    """id: the hub's own, as in `suggested_hardware`. cores, memory, disk: None = not documented.
    memory, gpu, disk: bytes; gpu 0 = none. lent: a GPU is lent for each job. price: US dollars an
    hour while the Space runs."""

    id: str
    cores: int | None
    memory: int | None
    gpu: int
    disk: int | None
    price: float
    lent: bool = False


def _sized(
    id: str, cores: int, memory: int, gpu: int, disk: int, price: float
) -> Hardware:  # gigabytes
    return Hardware(id, cores, memory * GB, gpu * GB, disk * GB, price)


ZERO = Hardware("zero-a10g", None, None, 48 * GB, None, 0.0, lent=True)
"""Half an RTX Pro 6000, the default size of a lent GPU; the id is older than the card."""

HARDWARE = (
    _sized("cpu-basic", 2, 16, 0, 50, 0.0),
    _sized("cpu-upgrade", 8, 32, 0, 50, 0.03),
    ZERO,
    _sized("t4-small", 4, 15, 16, 50, 0.40),
    _sized("t4-medium", 8, 30, 16, 100, 0.60),
    _sized("l4x1", 8, 30, 24, 400, 0.80),
    _sized("a10g-small", 4, 15, 24, 110, 1.00),
    _sized("a10g-large", 12, 46, 24, 200, 1.50),
    _sized("l40sx1", 8, 62, 48, 380, 1.80),
    _sized("a100-large", 12, 142, 80, 1000, 2.50),
)

ZERO_TORCH = ("2.8.0", "2.9.1", "2.10.0", "2.11.0")
"""Versions that ZeroGPU runs; a build with another pin fails."""

ZERO_PYTHON = ("3.10", "3.12")
