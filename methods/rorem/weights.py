"""RORem's published files and how its 4-step network is made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from methods._diffusion.eraser import Part, SdxlPrompts, read_model
from methods._diffusion.merging import merge_lora
from methods._diffusion.readers import files_of, is_network
from methods._weights.pins.manifest import repository

if TYPE_CHECKING:
    import torch
    from diffusers import UNet2DConditionModel

REPOSITORY = repository("rorem")
"""The whole model in diffusers' layout; its numbers are of half precision. Its large files
have two names: the authors' README asks for those with fp16, which others have not seen there."""

LCM = repository("rorem-lcm")
"""The additions that make it work in four steps."""

PROMPTS = SdxlPrompts(
    Part(REPOSITORY, "tokenizer"),
    Part(REPOSITORY, "text_encoder"),
    Part(REPOSITORY, "tokenizer_2"),
    Part(REPOSITORY, "text_encoder_2"),
)
UNET, VAE = Part(REPOSITORY, "unet"), Part(REPOSITORY, "vae")


def read_fast_unet(path: Path, dtype: torch.dtype) -> UNet2DConditionModel:
    """RORem's UNet with the low-rank additions worked in, whichever way they are named."""
    from diffusers import StableDiffusionXLPipeline, UNet2DConditionModel
    from safetensors.torch import load_file

    (file,) = (file for file in files_of(path, dtype) if is_network(file))
    unet = read_model(UNet2DConditionModel, UNET.path(), dtype)
    tensors, alphas = StableDiffusionXLPipeline.lora_state_dict(
        load_file(file), unet_config=unet.config
    )
    merge_lora(unet, {**tensors, **_as_tensors(alphas)}, "RORem-LCM")
    return unet


def _as_tensors(alphas: Mapping[str, float] | None) -> dict[str, torch.Tensor]:
    import torch

    return {name: torch.tensor(value) for name, value in (alphas or {}).items()}


FAST_UNET = Part(LCM, "lora", read=read_fast_unet)
