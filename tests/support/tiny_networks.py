"""Tiny random files for the erasers that have networks of their own, as their authors lay them
out; see `tiny_models`, which makes them along with its own."""

from __future__ import annotations

import json
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
    import torch

    from methods.pixelhacker.network import Checkpoint

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

    from methods.smarteraser.network import ImageToText

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
        vision_config=size | {"image_size": 32, "patch_size": 2},  # 256 patches, as it has
        projection_dim=WIDTH,
    )
    with seeded(seed):
        return save(CLIPModel(config), folder)


# --- CAT-Diffusion -------------------------------------------------------------------------

CATDIFFUSION = unet_config(9, norm_num_groups=8, block_out_channels=(8, 16, 16))


def save_catdiffusion(folder: Path, seed: int = 100) -> Path:
    """A user's checkpoint: both networks and a frozen part in one file, and their sizes."""
    import torch
    from diffusers import UNet2DConditionModel

    from methods.catdiffusion.network import SemanticInpainter, add_references

    folder.mkdir(parents=True)
    with seeded(seed):
        inpainter = SemanticInpainter(
            width=WIDTH, inner=2 * WIDTH, heads=2, layers=2, label=WIDTH, label_inner=24
        )
        unet = UNet2DConditionModel.from_config(CATDIFFUSION)
        add_references(unet, WIDTH)
    tensors = {f"fusion_model.{name}": value for name, value in inpainter.state_dict().items()}
    for name, value in unet.state_dict().items():
        tensors[f"model.diffusion_model.{original_name(unet, name)}"] = value
    tensors["betas"] = torch.zeros(1000)
    torch.save({"state_dict": tensors, "epoch": 3}, folder / "catdiffusion.ckpt")
    sizes = {"heads": 2, "unet": CATDIFFUSION}
    (folder / "config.json").write_text(json.dumps(sizes), encoding="utf-8")
    return folder


_INSIDE = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_ENDS = {
    "conv_in": "input_blocks.0.0",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}


def original_name(unet: Any, name: str) -> str:
    """A tensor of diffusers' UNet under the name that the original code gives it."""
    for ours, original in _ENDS.items():
        if name.startswith(f"{ours}."):
            return name.replace(ours, original, 1)
    side, *rest = name.split(".")
    if side == "mid_block":
        kind, place, *inside = rest
        home = f"middle_block.{1 if kind == 'attentions' else 2 * int(place)}"
        return ".".join([home, *_inside(kind, inside)])
    block, kind, place, *inside = rest
    layers, is_down = unet.config.layers_per_block, side == "down_blocks"
    number = int(block) * (layers + 1) + int(place) + is_down
    if kind == "downsamplers":
        return ".".join([f"input_blocks.{number + layers}.0.op", *inside[1:]])
    if kind == "upsamplers":
        after = 1 + hasattr(unet.up_blocks[int(block)], "attentions")
        return ".".join([f"output_blocks.{number + layers}.{after}", *inside])
    home = f"{'input' if is_down else 'output'}_blocks.{number}.{int(kind == 'attentions')}"
    return ".".join([home, *_inside(kind, inside)])


def _inside(kind: str, names: list[str]) -> list[str]:
    return names if kind == "attentions" else [_INSIDE[names[0]], *names[1:]]


NETWORKS: dict[str, Callable[[Path], object]] = {
    "pixelhacker": save_pixelhacker,
    "smarteraser": save_smarteraser,
    "clip-vit-large-patch14": save_clip,
    "catdiffusion": save_catdiffusion,
}
"""What to make for each `Repository.name`."""
