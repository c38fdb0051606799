"""CAT-Diffusion's golden network, in diffusers' terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from methods.catdiffusion.weights import build_unet


def golden_unet(tensors: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    """The UNet of a set of cases, loaded strictly. known: its sizes, as config.json has them."""
    levels = len(known["channel_mult"])
    config = {
        "sample_size": 16,
        "in_channels": known["in_channels"],
        "block_out_channels": [known["model_channels"] * times for times in known["channel_mult"]],
        "layers_per_block": known["num_res_blocks"],
        "attention_head_dim": known["num_heads"],
        "cross_attention_dim": known["context_dim"],
        "down_block_types": ["CrossAttnDownBlock2D"] * levels,
        "up_block_types": ["CrossAttnUpBlock2D"] * levels,
    }
    return build_unet(tensors, config).eval()
