"""FLUX.1 at its full size, as shapes alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import tiny_flux

FLUX_DEV = {"guidance_embeds": True, "in_channels": 64}
"""What FLUX.1-dev's configuration has beside the class's defaults."""

WIDTH, MLP = 3072, 4 * 3072
DOUBLE_BLOCKS, SINGLE_BLOCKS = 19, 38


def full_size_transformer(in_channels: int = 64) -> Any:
    """FLUX.1-dev's transformer, or FLUX.1-Fill's with 384 channels in, on the meta device."""
    import torch
    from diffusers import FluxTransformer2DModel

    config = FLUX_DEV | {"in_channels": in_channels, "out_channels": 64}
    with torch.device("meta"):
        network = FluxTransformer2DModel(**config)
    return network.to(torch.bfloat16).requires_grad_(False).eval()


def full_size_lora(rank: int = 32, wide: int = 256) -> dict[str, tuple[int, int]]:
    """OmniEraser's LoRA by its training script: names and shapes."""
    layers = {"x_embedder": (wide, WIDTH)} | dict(_layers())
    shapes: dict[str, tuple[int, int]] = {}
    for name, (inputs, outputs) in layers.items():
        shapes[f"{name}.lora_A.weight"] = (rank, inputs)
        shapes[f"{name}.lora_B.weight"] = (outputs, rank)
    return shapes


def _layers() -> Iterator[tuple[str, tuple[int, int]]]:
    """The layers within the blocks, with their inputs and outputs."""
    square = (WIDTH, WIDTH)
    for block in range(DOUBLE_BLOCKS):
        for end in (*tiny_flux.DOUBLE, *tiny_flux.CONTEXT, *tiny_flux.CONTEXT_FF):
            first, last = end.endswith("net.0.proj"), end.endswith("net.2")
            shape = (WIDTH, MLP) if first else (MLP, WIDTH) if last else square
            yield f"transformer_blocks.{block}.{end}", shape
    for block in range(SINGLE_BLOCKS):
        for end in tiny_flux.SINGLE:
            yield f"single_transformer_blocks.{block}.{end}", square
