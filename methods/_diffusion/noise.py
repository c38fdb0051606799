"""The same seed gives the same noise with every release of torch, in every precision.

Up to torch 2.11, which a ZeroGPU Space has, a CPU generator draws other numbers in half precision
than in float32, and uses up another count of them. Later releases draw in float32 and round, but
for the last few of a tensor. Here all are drawn in float32 and rounded.
"""

from __future__ import annotations

import sys
from functools import cache, wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch


def draw_alike() -> None:
    """Let all modules of diffusers that are imported draw by `rounded`: pipelines, schedulers and
    VAEs have one function for it, each under its own name for it. Again and again is fine."""
    from diffusers.utils import torch_utils

    drawn = torch_utils.randn_tensor
    theirs = getattr(drawn, "__wrapped__", drawn)
    ours = rounded(theirs)
    for name, module in sys.modules.copy().items():
        if name.startswith("diffusers.") and vars(module).get("randn_tensor") is theirs:
            module.randn_tensor = ours  # type: ignore[attr-defined]


@cache
def rounded(draw: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """diffusers' `randn_tensor`, but numbers of less than 32 bits are those of float32, rounded."""

    @wraps(draw)
    def drawn(
        shape: tuple[int, ...],
        generator: Any = None,
        device: Any = None,
        dtype: torch.dtype | None = None,
        layout: torch.layout | None = None,
    ) -> torch.Tensor:
        import torch

        if dtype is None or dtype.itemsize >= 4 or not _is_on_cpu(generator):
            return draw(shape, generator, device, dtype, layout)
        whole = draw(shape, generator, torch.device("cpu"), torch.float32, layout)
        return whole.to(dtype).to(device or "cpu")  # rounded first: half as much travels

    return drawn


def _is_on_cpu(generator: Any) -> bool:
    first = generator[0] if isinstance(generator, list) and generator else generator
    return first is not None and first.device.type == "cpu"
