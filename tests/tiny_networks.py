"""Tiny random files for the erasers that have networks of their own, as their authors lay them
out; see `tiny_models`, which makes them along with its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tiny_models import WIDTH, save, save_sd, save_vae, seeded, unet_config

# --- PixelHacker ---------------------------------------------------------------------------

PIXELHACKER = unet_config(9, encoder_hid_dim=24, encoder_hid_dim_type="text_proj")


def save_pixelhacker(folder: Path, seed: int = 70) -> Path:
    """All four checkpoints, and the VAE, as torch files."""
    for place, name in enumerate(("ft_places2", "pretrained", "ft_celebahq", "ft_ffhq")):
        save_pixelhacker_unet(folder / name, PIXELHACKER, seed + place)
    vae = save_vae(folder / "vae", seed + 9, scaling_factor=0.13025)
    as_torch_file(vae / "diffusion_pytorch_model.safetensors")
    return folder


def save_pixelhacker_unet(folder: Path, config: dict[str, Any], seed: int) -> Path:
    """One checkpoint; the published ones have no config.json."""
    import json

    import torch

    from methods._pixelhacker_network import Checkpoint

    folder.mkdir(parents=True)
    with seeded(seed):
        torch.save(Checkpoint(config).state_dict(), folder / "diffusion_pytorch_model.bin")
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def as_torch_file(file: Path) -> Path:
    """The same tensors as a pickle in place of safetensors."""
    import torch
    from safetensors.torch import load_file

    target = file.with_suffix(".bin")
    torch.save(load_file(file), target)
    file.unlink()
    return target


# --- SmartEraser ---------------------------------------------------------------------------


def save_smarteraser(folder: Path, seed: int = 80) -> Path:
    """The folder that the authors' archive makes: a model of SD's kind and a small network."""
    import torch

    from methods._smarteraser_network import ImageToText

    save_sd(folder, seed)
    with seeded(seed + 9):
        torch.save(ImageToText(WIDTH).state_dict(), folder / "clip_mlp_weight.pth")
    return folder


def save_clip(folder: Path, seed: int = 90) -> Path:
    """The whole of CLIP, both encoders in one file, for images of 32 pixels."""
    from transformers import CLIPConfig, CLIPModel

    size = {"hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "num_hidden_layers": 2}
    size |= {"num_attention_heads": 2, "projection_dim": WIDTH}
    marks = {"vocab_size": 64, "bos_token_id": 62, "eos_token_id": 63, "pad_token_id": 63}
    config = CLIPConfig(
        text_config=size | marks,
        vision_config=size | {"image_size": 32, "patch_size": 8},
        projection_dim=WIDTH,
    )
    with seeded(seed):
        return save(CLIPModel(config), folder)


NETWORKS: dict[str, Callable[[Path], object]] = {
    "pixelhacker": save_pixelhacker,
    "smarteraser": save_smarteraser,
    "clip-vit-large-patch14": save_clip,
}
"""What to make for each `Repository.name`."""
