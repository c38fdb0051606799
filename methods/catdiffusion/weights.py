"""CAT-Diffusion's files. Its authors have published none: a checkpoint is the user's own.

It is one file of tensors under the names of the authors' code: the UNet in the layout of the
original Stable Diffusion, the semantic inpainter, and frozen parts that are read from their own
homes instead. A `config.json` beside it stands for networks of another size.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from methods._base import JSON, WeightFile
from methods._diffusion.clip_vision import CLIP_LARGE, read_vision
from methods._diffusion.eraser import (
    ClipPrompts,
    Component,
    Embedding,
    Part,
    check_complete,
)
from methods._diffusion.prompts import id_tensor
from methods._diffusion.readers import files_of, is_network
from methods._diffusion.repositories import SD15_INPAINTING
from methods._weights.pins.manifest import repository
from methods._weights.state_dict import read_tensors

if TYPE_CHECKING:
    import torch
    from diffusers import DDIMScheduler, UNet2DConditionModel

    from methods.catdiffusion.network import SemanticInpainter

_UNET, _INPAINTER = "model.diffusion_model.", "fusion_model."

CATDIFFUSION = repository("catdiffusion")

HOW_TO_GET = CATDIFFUSION.how_to_get
"""For the card: why it is empty, and what fills it."""

WEIGHTS: tuple[WeightFile, ...] = (
    *CATDIFFUSION.weights(),
    *SD15_INPAINTING.weights("vae", "text_encoder", "tokenizer"),
    *CLIP_LARGE.weights(),
)


class Sizes(TypedDict):
    """heads: of the semantic inpainter. unet: what differs from diffusers' defaults, SD 1.5's."""

    heads: int
    unet: dict[str, JSON]


PUBLISHED: Sizes = {
    "heads": 16,
    "unet": {"sample_size": 64, "in_channels": 9, "cross_attention_dim": 768},
}
"""The sizes of the authors' configuration."""


def parts() -> dict[str, Part]:
    """What stays loaded, by name; the first two belong to the pipeline."""
    return {
        "unet": Part(CATDIFFUSION, "", read=read_unet),
        "vae": Part(SD15_INPAINTING, "vae"),
        "image_encoder": Part(CLIP_LARGE, "", read=read_vision),
        "semantic_inpainter": Part(CATDIFFUSION, "", read=read_inpainter),
    }


def read_unet(path: Path, dtype: torch.dtype) -> UNet2DConditionModel:
    """The UNet with its reference adapter."""
    tensors, config = _checkpoint(path, dtype, _UNET)
    return build_unet(tensors, config["unet"]).to(dtype)


def build_unet(
    tensors: Mapping[str, torch.Tensor], config: Mapping[str, JSON]
) -> UNet2DConditionModel:
    """A UNet of tensors under the original's names; all must be there and none more."""
    import torch
    from diffusers import UNet2DConditionModel
    from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint

    from methods.catdiffusion.network import add_references

    attended = next(v.shape[1] for name, v in tensors.items() if name.endswith("attn3.to_k.weight"))
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(dict(config))
        add_references(unet, attended)
    prefixed = {_UNET + name: value for name, value in tensors.items()}
    renamed = convert_ldm_unet_checkpoint(prefixed, dict(unet.config))
    check_complete("catdiffusion", tensors.keys() if len(renamed) != len(tensors) else ())
    unet.load_state_dict(renamed, assign=True)
    return unet


def read_inpainter(path: Path, dtype: torch.dtype) -> SemanticInpainter:
    """The semantic inpainter."""
    tensors, config = _checkpoint(path, dtype, _INPAINTER)
    return build_inpainter(tensors, config["heads"]).to(dtype)


def build_inpainter(tensors: Mapping[str, torch.Tensor], heads: int) -> SemanticInpainter:
    """A semantic inpainter of the sizes that its tensors have."""
    import torch

    from methods.catdiffusion.network import SemanticInpainter

    label_inner, label = tensors["label_mlp.fc1.weight"].shape
    inner, width = tensors["spatial_mlp.fc1.weight"].shape
    layers = {name.split(".")[2] for name in tensors if name.startswith("encoder.layers.")}
    with torch.device("meta"):
        inpainter = SemanticInpainter(
            width=width,
            inner=inner,
            heads=heads,
            layers=len(layers),
            label=label,
            label_inner=label_inner,
        )
    inpainter.load_state_dict(tensors, assign=True)
    return inpainter


def _checkpoint(
    path: Path, dtype: torch.dtype, prefix: str
) -> tuple[dict[str, torch.Tensor], Sizes]:
    """The tensors under a prefix, without it, off the disk; and the sizes."""
    files = files_of(path, dtype)
    (file,) = (file for file in files if is_network(file))
    tensors = {
        name.removeprefix(prefix): value.to(dtype, copy=True)
        for name, value in read_tensors(file).items()
        if name.startswith(prefix)
    }
    own = path / "config.json"
    sizes: Sizes = json.loads(own.read_text(encoding="utf-8")) if own in files else PUBLISHED
    return tensors, sizes


class LabelPrompts(ClipPrompts):
    """A prompt's tokens for the UNet and its pooled vector for the semantic inpainter."""

    def __init__(self) -> None:
        base = SD15_INPAINTING
        super().__init__(Part(base, "tokenizer"), Part(base, "text_encoder"))

    def encode(self, text: str, *components: Component) -> Embedding:
        """One text."""
        tokenizer, encoder = components
        output = encoder(id_tensor(self.ids(tokenizer, text), encoder))
        return Embedding(output.last_hidden_state.cpu(), output.pooler_output.cpu())


def scheduler() -> DDIMScheduler:
    """The original's DDIM sampler."""
    from diffusers import DDIMScheduler

    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )
