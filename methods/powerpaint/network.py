"""PowerPaint 2's BrushNet: a second UNet whose every stage adds to the first one's.

Source: Ju et al., "BrushNet", ECCV 2024 (arXiv 2403.06976), with the cross-attention kept as
PowerPaint 2 does. Both are the library's own UNet2DConditionModel: the places where one gives
and the other takes are the same modules in both, found by `stages` and reached by hooks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from diffusers import UNet2DConditionModel
from torch import nn

from methods._base import JSON

CONDITION = 5
"""Channels that the BrushNet sees beyond the noisy latents: masked picture (4), mask (1)."""


def stages(unet: UNet2DConditionModel) -> Iterator[tuple[str, nn.Module]]:
    """The modules after which something is given or taken, in the order of the forward pass.

    Names as in the BrushNet's state dict: down0 is the first convolution, then come each
    layer and each change of resolution; mid; up.
    """
    downs = [unet.conv_in, *(m for block in unet.down_blocks for m in _outputs(block))]
    ups = [module for block in unet.up_blocks for module in _outputs(block)]
    yield from ((f"down_blocks.{i}", module) for i, module in enumerate(downs))
    yield "mid_block", unet.mid_block
    yield from ((f"up_blocks.{i}", module) for i, module in enumerate(ups))


def _outputs(block: nn.Module) -> list[nn.Module]:
    """The last module of each layer of a block, then what changes the resolution."""
    layers = list(getattr(block, "attentions", None) or block.resnets)
    resizers = getattr(block, "downsamplers", None) or getattr(block, "upsamplers", None) or []
    return [*layers, *resizers]


class BrushNet(nn.Module):
    """config: of the UNet that it accompanies (4 channels in)."""

    def __init__(self, config: Mapping[str, JSON]) -> None:
        super().__init__()
        latents = config["in_channels"]
        assert isinstance(latents, int)
        wide = {**config, "in_channels": latents + CONDITION}
        self.unet = UNet2DConditionModel.from_config(wide)
        self.unet.conv_norm_out = None  # what it would predict is not wanted
        self.unet.conv_out = nn.Identity()
        widths = {name: _channels(name, module) for name, module in stages(self.unet)}
        self.adders = nn.ModuleDict(
            {_safe(name): nn.Conv2d(width, width, 1) for name, width in widths.items()}
        )

    def forward(
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor,
        states: torch.Tensor,
        condition: torch.Tensor,
    ) -> list[torch.Tensor]:
        """What is to be added after each stage of the other UNet, in the order of `stages`.

        sample: (B, 4, h, w) noisy latents; states: (B, 77, C); condition: (B, 5, h, w).
        """
        given: list[torch.Tensor] = []

        def keep(
            _module: nn.Module, _inputs: object, output: torch.Tensor | tuple[torch.Tensor, ...]
        ) -> None:
            given.append(output[0] if isinstance(output, tuple) else output)

        handles = [module.register_forward_hook(keep) for _, module in stages(self.unet)]
        try:
            self.unet(torch.cat([sample, condition], 1), timestep, encoder_hidden_states=states)
        finally:
            for handle in handles:
                handle.remove()
        return [adder(x) for adder, x in zip(self.adders.values(), given, strict=True)]


def _channels(name: str, module: nn.Module) -> int:
    """What a stage gives out."""
    if isinstance(module, nn.Conv2d):
        return int(module.out_channels)
    last = module.resnets[-1] if name == "mid_block" else module
    width = getattr(last, "out_channels", None) or last.config.out_channels
    return int(width)


def _safe(name: str) -> str:
    return name.replace(".", "_")


def named_for_brushnet(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The authors' keys as `BrushNet` has them."""
    return {_renamed(key): tensor for key, tensor in tensors.items()}


def _renamed(key: str) -> str:
    if key.startswith("brushnet_"):
        stage, _, kind = key.removeprefix("brushnet_").rpartition(".")
        return f"adders.{_safe(stage)}.{kind}"
    return "unet." + key.replace("conv_in_condition.", "conv_in.")
