"""Random files of CLIPAway, CAT-Diffusion, Mask2Former and MI-GAN in their published sizes, names
and precisions; see `full_size`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from full_size import SD15, Build, built, tensors_of, unet
from tiny_networks import original_name
from tiny_removers import named

# --- CLIPAway ------------------------------------------------------------------------------

VIT_L: dict[str, int] = {"width": 1024, "layers": 24, "patch": 14, "side": 224, "view": 768}
"""The picture side of CLIP ViT-L/14."""

PICTURE, WORD = 1024, 768
"""Widths of the embedding that IP-Adapter takes and of the words that it gives, four a picture."""

MLP = [*[VIT_L["view"]] * 4, *[PICTURE] * 4]
"""Widths of CLIPAway's own layers, from the view of a region to what IP-Adapter takes."""


def save_clipaway(folder: Path, device: str) -> Path:
    """Alpha-CLIP's picture side in OpenAI's names, and the MLP behind it; both in float32."""
    import torch
    from safetensors.torch import save_file

    from methods.clipaway.weights import REPOSITORY

    clip, mlp = (folder / file.path for file in REPOSITORY.files)
    for file in (clip, mlp):
        file.parent.mkdir(parents=True)
    with torch.device(device):
        torch.save(_in_main_memory(alpha_clip()), clip)
        save_file(_in_main_memory(projection()), mlp)
    return folder


def alpha_clip() -> dict[str, Any]:
    """Random tensors as in Alpha-CLIP's file, on the device that is torch's for now."""
    import torch

    width, patch = VIT_L["width"], VIT_L["patch"]
    places = (VIT_L["side"] // patch) ** 2 + 1
    tensors = {
        "class_embedding": torch.randn(width) / 50,
        "positional_embedding": torch.randn(places, width) / 50,
        "conv1.weight": torch.randn(width, 3, patch, patch) / 24,
        "conv1_alpha.weight": torch.randn(width, 1, patch, patch) / 14,
        "proj": torch.randn(width, VIT_L["view"]) / 32,
        **named(torch.nn.LayerNorm(width), "ln_pre."),
        **named(torch.nn.LayerNorm(width), "ln_post."),
    }
    for place in range(VIT_L["layers"]):
        tensors |= _clip_block(width, f"transformer.resblocks.{place}.")
    return tensors


def _clip_block(width: int, start: str) -> dict[str, Any]:
    """One block of OpenAI's transformer, whose queries, keys and values lie in one tensor."""
    from torch import nn

    joined = named(nn.Linear(width, 3 * width), "")
    layers = {
        "attn.out_proj.": nn.Linear(width, width),
        "mlp.c_fc.": nn.Linear(width, 4 * width),
        "mlp.c_proj.": nn.Linear(4 * width, width),
        "ln_1.": nn.LayerNorm(width),
        "ln_2.": nn.LayerNorm(width),
    }
    tensors = {f"{start}attn.in_proj_{kind}": tensor for kind, tensor in joined.items()}
    for name, layer in layers.items():
        tensors |= named(layer, start + name)
    return tensors


def projection() -> dict[str, Any]:
    """CLIPAway's own MLP: a norm and an activation, which has no tensors, after all but the last
    layer."""
    from torch import nn

    tensors: dict[str, Any] = {}
    for place, (width_in, width) in enumerate(pairwise(MLP)):
        tensors |= named(nn.Linear(width_in, width), f"{3 * place}.")
        if place + 2 < len(MLP):
            tensors |= named(nn.LayerNorm(width), f"{3 * place + 1}.")
    return tensors


def save_ip_adapter(folder: Path, device: str) -> Path:
    """IP-Adapter for Stable Diffusion 1.5, in half precision."""
    import torch
    from safetensors.torch import save_file

    from methods.clipaway.weights import IP_ADAPTER

    file = folder / IP_ADAPTER.files[0].path
    file.parent.mkdir(parents=True)
    with torch.device(device):
        tensors = {name: tensor.half() for name, tensor in ip_adapter().items()}
    save_file(_in_main_memory(tensors), file)
    return folder


def ip_adapter() -> dict[str, Any]:
    """Its tensors: words of a picture, and a pair of layers for each attention to a prompt."""
    from torch import nn

    tensors = named(nn.Linear(PICTURE, 4 * WORD), "image_proj.proj.")
    tensors |= named(nn.LayerNorm(WORD), "image_proj.norm.")
    for place, width in _attended_widths():
        for kind in "kv":
            layer = nn.Linear(WORD, width, bias=False)
            tensors |= named(layer, f"ip_adapter.{place}.to_{kind}_ip.")
    return tensors


def _attended_widths() -> Iterator[tuple[int, int]]:
    """Where among the UNet's attention processors those to the prompt are, and how wide."""
    network = built(partial(unet, SD15, 9), "meta")
    for place, key in enumerate(network.attn_processors):
        if "attn2" in key:
            layer = network.get_submodule(key.removesuffix(".processor"))
            yield place, layer.to_k.weight.shape[0]


def _in_main_memory(tensors: dict[str, Any]) -> dict[str, Any]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}


# --- CAT-Diffusion -------------------------------------------------------------------------

SEMANTIC: dict[str, int] = {
    "width": 1024,
    "inner": 4096,
    "heads": 16,
    "layers": 24,
    "label": 768,
    "label_inner": 1536,
}
"""Of the semantic inpainter."""


def inpainter() -> Any:
    """The semantic inpainter."""
    from methods.catdiffusion.network import SemanticInpainter

    return SemanticInpainter(**SEMANTIC)


def referring_unet() -> Any:
    """The UNet with its reference adapter."""
    from methods.catdiffusion.network import add_references

    network = unet(SD15, 9)
    add_references(network, SEMANTIC["width"])
    return network


def save_catdiffusion(folder: Path, device: str) -> Path:
    """What the program reads of a checkpoint, in float32; the frozen parts are left out."""
    import torch

    folder.mkdir(parents=True)
    network = built(referring_unet, device, half=False)
    tensors = {
        f"model.diffusion_model.{original_name(network, name)}": tensor
        for name, tensor in tensors_of(network).items()
    }
    filled = tensors_of(built(inpainter, device, half=False))
    tensors |= {f"fusion_model.{name}": tensor for name, tensor in filled.items()}
    torch.save({"state_dict": tensors}, folder / "catdiffusion.ckpt")
    return folder


# --- Mask2Former ---------------------------------------------------------------------------

SWIN_BASE: dict[str, Any] = {
    "image_size": 384,
    "embed_dim": 128,
    "depths": [2, 2, 18, 2],
    "num_heads": [4, 8, 16, 32],
    "window_size": 12,
    "out_features": ["stage1", "stage2", "stage3", "stage4"],
}
CLASSES, THINGS = 133, 80


def mask2former() -> Any:
    """The network for COCO's panoptic classes, with the library's own sizes behind the backbone."""
    from transformers import Mask2FormerConfig, Mask2FormerForUniversalSegmentation, SwinConfig

    names = {i: f"{'thing' if i < THINGS else 'stuff'}{i}-merged" for i in range(CLASSES)}
    config = Mask2FormerConfig(
        backbone_config=SwinConfig(**SWIN_BASE),
        num_queries=100,
        id2label=names,
        label2id={name: i for i, name in names.items()},
    )
    return Mask2FormerForUniversalSegmentation(config)


def save_mask2former(folder: Path, device: str) -> Path:
    """In float32, as it is published and read."""
    built(mask2former, device, half=False).save_pretrained(folder)
    return folder


# --- MI-GAN --------------------------------------------------------------------------------


def save_migan(file: Path, device: str) -> Path:
    """The generator's tensors in a graph without operations: enough for torch, which is what
    runs it on a GPU, not for onnxruntime."""
    from methods.migan.network import MiganGenerator, published_widths
    from tiny_onnx import migan_file

    generator = built(lambda: MiganGenerator(published_widths(512)), device, half=False)
    return migan_file(file, tensors_of(generator))


NETWORKS: dict[str, Build] = {
    "clipaway": save_clipaway,
    "ip-adapter": save_ip_adapter,
    "catdiffusion": save_catdiffusion,
    "mask2former-coco-panoptic": save_mask2former,
    "migan_pipeline_v2.onnx": save_migan,
}
"""What to make for each `Repository.name`, or weight file without one."""
