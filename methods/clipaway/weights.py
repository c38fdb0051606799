"""CLIPAway's published files and how they become networks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from methods._diffusion.eraser import Part, check_complete
from methods._diffusion.readers import files_of, is_network
from methods._weights.pins.manifest import repository
from methods._weights.state_dict import read_tensors

if TYPE_CHECKING:
    import torch
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    from methods.clipaway.network import PictureAdapter

REPOSITORY = repository("clipaway")
"""From the places that the authors name, as no model hub has them."""

IP_ADAPTER = repository("ip-adapter")

_NAMES = (
    (r"class_embedding", r"vision_model.embeddings.class_embedding"),
    (r"positional_embedding", r"vision_model.embeddings.position_embedding.weight"),
    (r"ln_pre\.(\w+)", r"vision_model.pre_layrnorm.\1"),
    (r"ln_post\.(\w+)", r"vision_model.post_layernorm.\1"),
    (r"transformer\.resblocks\.(\d+)\.ln_([12])\.(\w+)", r"@\1.layer_norm\2.\3"),
    (r"transformer\.resblocks\.(\d+)\.mlp\.c_fc\.(\w+)", r"@\1.mlp.fc1.\2"),
    (r"transformer\.resblocks\.(\d+)\.mlp\.c_proj\.(\w+)", r"@\1.mlp.fc2.\2"),
    (r"transformer\.resblocks\.(\d+)\.attn\.out_proj\.(\w+)", r"@\1.self_attn.out_proj.\2"),
)
"""OpenAI's names of CLIP's layers and those of transformers, "@" for its long beginning."""

_JOINED = re.compile(r"transformer\.resblocks\.(\d+)\.attn\.in_proj[._](weight|bias)")
_LAYERS = "vision_model.encoder.layers."


def read_alpha_clip(path: Path, dtype: torch.dtype) -> CLIPVisionModelWithProjection:
    """Alpha-CLIP's picture side: a CLIP whose pictures have a fourth channel, where to look."""
    from transformers import CLIPVisionModelWithProjection

    named = renamed(read_tensors(_only(path, dtype)))
    model = CLIPVisionModelWithProjection(alpha_clip_config(named))
    ours = model.state_dict()
    wrong = [key for key in named.keys() & ours.keys() if named[key].shape != ours[key].shape]
    known = {key: value for key, value in named.items() if key in ours}
    check_complete("Alpha-CLIP", ours.keys() - named.keys(), wrong)
    model.load_state_dict(known)
    return model.to(dtype)


def read_projection(path: Path, dtype: torch.dtype) -> torch.nn.Sequential:
    """The MLP between Alpha-CLIP and IP-Adapter."""
    from methods.clipaway.network import projection

    return projection(read_tensors(_only(path, dtype))).to(dtype)


def read_adapter(path: Path, dtype: torch.dtype) -> PictureAdapter:
    """IP-Adapter for Stable Diffusion 1.5."""
    from methods.clipaway.network import PictureAdapter

    return PictureAdapter(read_tensors(_only(path, dtype))).to(dtype)


ALPHA_CLIP = Part(REPOSITORY, "alpha_clip", read=read_alpha_clip)
PROJECTION = Part(REPOSITORY, "projection", read=read_projection)
ADAPTER = Part(IP_ADAPTER, "models", read=read_adapter)


def alpha_clip_config(tensors: Mapping[str, torch.Tensor]) -> CLIPVisionConfig:
    """The sizes of a CLIP, which its tensors tell, in transformers' names."""
    from transformers import CLIPVisionConfig

    patches = tensors["vision_model.embeddings.patch_embedding.weight"]
    places = len(tensors["vision_model.embeddings.position_embedding.weight"]) - 1
    layers = {key.split(".")[3] for key in tensors if key.startswith(_LAYERS)}
    width, channels, patch, _ = patches.shape
    return CLIPVisionConfig(
        hidden_size=width,
        intermediate_size=len(tensors[f"{_LAYERS}0.mlp.fc1.weight"]),
        projection_dim=len(tensors["visual_projection.weight"]),
        num_hidden_layers=len(layers),
        num_attention_heads=max(1, width // 64),
        num_channels=channels,
        image_size=round(places**0.5) * patch,
        patch_size=patch,
    )


def renamed(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Alpha-CLIP's tensors in transformers' names.

    Two convolutions whose results are added, of the picture and of where to look, are one of
    four channels; queries, keys and values lie in one tensor.
    """
    import torch

    found: dict[str, torch.Tensor] = {}
    rest = {key.removeprefix("visual."): value.float() for key, value in tensors.items()}
    both = [rest.pop(f"{name}.weight") for name in ("conv1", "conv1_alpha")]
    found["vision_model.embeddings.patch_embedding.weight"] = torch.cat(both, dim=1)
    found["visual_projection.weight"] = rest.pop("proj").T.contiguous()
    for key, value in rest.items():
        if joined := _JOINED.fullmatch(key):
            for name, part in zip("qkv", value.chunk(3), strict=True):
                found[f"{_LAYERS}{joined[1]}.self_attn.{name}_proj.{joined[2]}"] = part
            continue
        for theirs, ours in _NAMES:
            if re.fullmatch(theirs, key):
                found[re.sub(theirs, ours, key).replace("@", _LAYERS)] = value
    return found


def _only(path: Path, dtype: torch.dtype) -> Path:
    (file,) = (file for file in files_of(path, dtype) if is_network(file))
    return file
