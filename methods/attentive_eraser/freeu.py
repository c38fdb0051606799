"""FreeU as Attentive Eraser's authors use it with Stable Diffusion 2.1 and 1.5.

Paper: Si, Huang, Jiang, Liu, "FreeU: Free Lunch in Diffusion U-Net", CVPR 2024. On the way up,
half of the backbone's channels are amplified (b) and the low frequencies of what comes over the
skip connection are attenuated (s). Which pair of factors holds is told by the backbone's
channels: as many as the UNet has at most (1280): b1 and s1; half as many (640): b2 and s2.
diffusers' own `enable_freeu` tells it by the number of the block instead, which in Stable
Diffusion means other tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from methods._diffusion.patching import removed_after

if TYPE_CHECKING:
    import torch
    from diffusers.models.resnet import ResnetBlock2D

Inputs: TypeAlias = "tuple[torch.Tensor, ...]"


@dataclass(frozen=True, slots=True)
class FreeU:
    """The four factors; 1 changes nothing."""

    b1: float
    b2: float
    s1: float
    s2: float


@contextmanager
def freeu(unet: torch.nn.Module, factors: FreeU | None) -> Iterator[None]:
    """For the block, on every layer of the UNet's upward half. None: nothing is done."""
    pairs = _pairs(unet, factors) if factors else []
    with removed_after(
        resnet.register_forward_pre_hook(_changing(backbone, back, skip))
        for resnet, backbone, back, skip in pairs
    ):
        yield


def _pairs(unet: torch.nn.Module, factors: FreeU) -> list[tuple[ResnetBlock2D, int, float, float]]:
    """(layer, channels that come from the backbone, b, s) where they are not 1."""
    widest = max(unet.config.block_out_channels)
    by_width = {widest: (factors.b1, factors.s1), widest // 2: (factors.b2, factors.s2)}
    width = unet.config.block_out_channels[-1]
    found = []
    for block in unet.up_blocks:
        for resnet in block.resnets:
            if width in by_width:
                found.append((resnet, width, *by_width[width]))
            width = resnet.out_channels
    return found


def _changing(width: int, back: float, skip: float) -> Callable[[torch.nn.Module, Inputs], Inputs]:
    """A hook on a layer whose input is backbone and skip connection, channel by channel."""

    def hook(module: torch.nn.Module, args: Inputs) -> Inputs:
        import torch
        from diffusers.utils.torch_utils import fourier_filter

        hidden, *others = args
        half = width // 2
        changed = torch.cat(
            [
                hidden[:, :half] * back,
                hidden[:, half:width],
                fourier_filter(hidden[:, width:], threshold=1, scale=skip),
            ],
            dim=1,
        )
        return (changed, *others)

    return hook
