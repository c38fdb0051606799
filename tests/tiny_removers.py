"""Tiny random models of the erasers that were trained to remove, as their authors lay them out;
see `tiny_models`, which makes them along with its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tiny_models import WIDTH, save, save_sdxl, sdxl_layout, seeded


def save_objectclear(folder: Path, seed: int = 90) -> Path:
    """SDXL inpainting, a whole CLIP, and the network that makes a word of a picture."""
    from safetensors.torch import save_file

    from methods._objectclear_network import ObjectWord

    save_sdxl(folder, seed)
    save_clip(folder / "image_prompt_encoder", seed + 5)
    with seeded(seed + 6):
        word = ObjectWord(WIDTH, 2 * WIDTH)
    (folder / "postfuse_module").mkdir()
    save_file(word.state_dict(), folder / "postfuse_module" / "model.safetensors")
    return folder


def save_clip(folder: Path, seed: int = 0) -> Path:
    """A CLIPModel: both sides, of which the erasers use that of pictures."""
    from transformers import CLIPConfig, CLIPModel

    side = {
        "hidden_size": WIDTH,
        "intermediate_size": 2 * WIDTH,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "projection_dim": WIDTH,
    }
    vision = {**side, "image_size": 32, "patch_size": 8}
    text = {**side, "vocab_size": 64, "max_position_embeddings": 8}
    with seeded(seed):
        config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=WIDTH)
        return save(CLIPModel(config), folder)


def save_osor(folder: Path, seed: int = 100) -> Path:
    """What is trained on top of the tiny SDXL inpainting, as a torch file."""
    import torch
    from diffusers import UNet2DConditionModel

    from methods._osor_models import REPOSITORY, TARGETS

    with seeded(seed):
        unet = UNet2DConditionModel(**sdxl_layout(9))
        ends = tuple(f".{target}" for target in TARGETS)
        tensors = {
            f"unet.{layer}.{name}.default.weight": tensor
            for layer, module in unet.named_modules()
            if layer.endswith(ends)
            for name, tensor in low_rank(module.weight).items()
        }
        last = torch.nn.Conv2d(unet.conv_out.in_channels, 5, 3).state_dict()
    file = folder / REPOSITORY.files[0].path
    file.parent.mkdir(parents=True)
    torch.save(tensors | {f"unet.conv_out.{key}": value for key, value in last.items()}, file)
    return folder


def low_rank(weight: Any, rank: int = 2) -> dict[str, Any]:
    """Random matrices for an addition to a layer's weight, as peft names them."""
    import torch

    down = torch.randn(rank, *weight.shape[1:]) / weight[0].numel() ** 0.5
    up = torch.randn(weight.shape[0], rank, *[1] * (weight.ndim - 2)) / 5
    return {"lora_A": down, "lora_B": up}


REMOVERS: dict[str, Callable[[Path], object]] = {
    "objectclear": save_objectclear,
    "osor": save_osor,
}
"""What to make for each `Repository.name`."""
