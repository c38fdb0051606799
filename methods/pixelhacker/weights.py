"""PixelHacker's published files and how they are read.

The four checkpoints are torch pickles of float32 numbers, the VAE one of float16; they are read
with weights_only. The hub's file list could be seen, but no commit in full, and so no file is
pinned beforehand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from methods._diffusion.eraser import Part, read_model
from methods._diffusion.readers import files_of, is_network
from methods._weights.pins.manifest import repository
from methods._weights.state_dict import read_tensors

if TYPE_CHECKING:
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel

VARIANTS = {
    "places2": "ft_places2",
    "pretrained": "pretrained",
    "celebahq": "ft_celebahq",
    "ffhq": "ft_ffhq",
}
"""The settings' names of the checkpoints, and their folders."""

REPOSITORY = repository("pixelhacker")


def parts_of(variant: str) -> dict[str, Part]:
    """The components of one variant by their names in the pipeline."""
    return {
        "unet": Part(REPOSITORY, VARIANTS[variant], read=read_unet),
        "vae": Part(REPOSITORY, "vae", read=read_vae),
    }


def read_unet(path: Path, dtype: torch.dtype) -> UNet2DConditionModel:
    """The UNet with its constant vectors worked in. A `config.json` beside the checkpoint, with
    the parameters of diffusers' UNet, stands for a network of another size."""
    import torch

    from methods.pixelhacker.network import PUBLISHED, Checkpoint, fold

    files = files_of(path, dtype)
    own = path / "config.json"
    config = json.loads(own.read_text(encoding="utf-8")) if own in files else PUBLISHED
    with torch.device("meta"):
        checkpoint = Checkpoint(config)
    (file,) = (file for file in files if is_network(file))
    checkpoint.load_state_dict(read_tensors(file), assign=True)
    unet = fold(checkpoint.eval())
    for tensor in [*unet.parameters(), *unet.buffers()]:
        tensor.data = tensor.data.to(dtype, copy=True)  # off the disk
    return unet


def read_vae(path: Path, dtype: torch.dtype) -> AutoencoderKL:
    """The VAE in float32 always: its kind, SDXL's, overflows in float16."""
    import torch
    from diffusers import AutoencoderKL

    return read_model(AutoencoderKL, path, torch.float32)


def scheduler() -> DDIMScheduler:
    """The authors' sampler."""
    from diffusers import DDIMScheduler

    return DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False
    )
