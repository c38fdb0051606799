"""Tiny random models of the erasers that were trained to remove, as their authors lay them out;
see `tiny_models`, which makes them along with its own."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from tiny_models import WIDTH, save, save_sdxl, sdxl_layout, seeded, unet_config


def save_objectclear(folder: Path, seed: int = 90) -> Path:
    """SDXL inpainting, a whole CLIP, and the network that makes a word of a picture."""
    from safetensors.torch import save_file

    from methods.objectclear.network import ObjectWord

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

    from methods.osor.weights import REPOSITORY, TARGETS

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


VIEW, PICTURE = 12, 20
"""Widths of the tiny Alpha-CLIP's embeddings and of those that its IP-Adapter takes."""


def save_clipaway(folder: Path, seed: int = 110) -> Path:
    """Alpha-CLIP's picture side in OpenAI's names, and the MLP behind it."""
    import torch
    from safetensors.torch import save_file

    from methods.clipaway.weights import REPOSITORY

    clip, mlp = (folder / file.path for file in REPOSITORY.files)
    for file in (clip, mlp):
        file.parent.mkdir(parents=True)
    with seeded(seed):
        torch.save(alpha_clip(VIEW), clip)
        layers = [VIEW, VIEW, PICTURE, PICTURE]
        tensors: dict[str, Any] = {}
        for i, (width_in, width) in enumerate(pairwise(layers)):
            tensors |= named(torch.nn.Linear(width_in, width), f"{3 * i}.")
            if i + 2 < len(layers):
                tensors |= named(torch.nn.LayerNorm(width), f"{3 * i + 1}.")
        save_file(tensors, mlp)
    return folder


def alpha_clip(view: int, layers: int = 2) -> dict[str, Any]:
    """Random tensors as in Alpha-CLIP's file: a vision transformer for 4 x 4 patches."""
    import torch

    width = WIDTH
    tensors = {
        "class_embedding": torch.randn(width),
        "positional_embedding": torch.randn(17, width) / 4,
        "conv1.weight": torch.randn(width, 3, 8, 8) / 14,
        "conv1_alpha.weight": torch.randn(width, 1, 8, 8) / 8,
        "proj": torch.randn(width, view) / 4,
        **named(torch.nn.LayerNorm(width), "ln_pre."),
        **named(torch.nn.LayerNorm(width), "ln_post."),
    }
    for place in range(layers):
        start = f"transformer.resblocks.{place}."
        tensors |= named(torch.nn.Linear(width, 3 * width), f"{start}attn.in_proj.")
        tensors |= named(torch.nn.Linear(width, width), f"{start}attn.out_proj.")
        tensors |= named(torch.nn.Linear(width, 4 * width), f"{start}mlp.c_fc.")
        tensors |= named(torch.nn.Linear(4 * width, width), f"{start}mlp.c_proj.")
        tensors |= named(torch.nn.LayerNorm(width), f"{start}ln_1.")
        tensors |= named(torch.nn.LayerNorm(width), f"{start}ln_2.")
    return tensors


def named(module: Any, start: str) -> dict[str, Any]:
    """A module's tensors by names that begin with `start`."""
    return {f"{start}{name}": tensor for name, tensor in module.state_dict().items()}


def save_ip_adapter(folder: Path, seed: int = 120) -> Path:
    """IP-Adapter for the tiny Stable Diffusion inpainting."""
    import torch
    from diffusers import UNet2DConditionModel
    from safetensors.torch import save_file

    from methods.clipaway.weights import IP_ADAPTER

    file = folder / IP_ADAPTER.files[0].path
    file.parent.mkdir(parents=True)
    with seeded(seed):
        unet = UNet2DConditionModel(**unet_config(9))
        tensors = named(torch.nn.Linear(PICTURE, 4 * WIDTH), "image_proj.proj.")
        tensors |= named(torch.nn.LayerNorm(WIDTH), "image_proj.norm.")
        for place, (key, _) in enumerate(unet.attn_processors.items()):
            if "attn2" in key:
                layer = unet.get_submodule(key.removesuffix(".processor"))
                for kind in "kv":
                    weight = getattr(layer, f"to_{kind}").weight.detach()
                    tensors[f"ip_adapter.{place}.to_{kind}_ip.weight"] = weight.clone()
    save_file(tensors, file)
    return folder


def save_rorem_lcm(folder: Path, seed: int = 140) -> Path:
    """Low-rank additions to the tiny RORem, as diffusers writes them."""
    from diffusers import UNet2DConditionModel
    from safetensors.torch import save_file

    from methods.rorem.weights import LCM

    file = folder / LCM.files[0].path
    file.parent.mkdir(parents=True)
    with seeded(seed):
        unet = UNet2DConditionModel(**sdxl_layout(9))
        ends = (".to_q", ".to_k", ".to_v", ".to_out.0", ".conv1", ".time_emb_proj")
        tensors = {
            f"unet.{layer}.{name}.weight": tensor
            for layer, module in unet.named_modules()
            if layer.endswith(ends)
            for name, tensor in low_rank(module.weight).items()
        }
    save_file(tensors, file)
    return folder


REMOVERS: dict[str, Callable[[Path], object]] = {
    "objectclear": save_objectclear,
    "osor": save_osor,
    "clipaway": save_clipaway,
    "rorem": lambda folder: save_sdxl(folder, seed=130),
    "rorem-lcm": save_rorem_lcm,
    "ip-adapter": save_ip_adapter,
}
"""What to make for each `Repository.name`."""
