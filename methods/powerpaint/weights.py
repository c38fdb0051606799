"""PowerPaint's weights: which files there are, and how their networks are read.

The authors publish plain state dicts in names of their own, where 3 x 10 learned task vectors
lie beside CLIP's word vectors. Here they become one table of words, so that the networks are
the stock ones. A copy by others has that done already, in diffusers' layout.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from methods._base import JSON
from methods._diffusion.eraser import check_complete, read_model
from methods._diffusion.readers import is_network
from methods._diffusion.repositories import SD15_INPAINTING
from methods._weights.pins.manifest import repository
from methods._weights.state_dict import read_tensors

if TYPE_CHECKING:
    import torch
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextModel

    from methods.powerpaint.network import BrushNet

_Network = TypeVar("_Network", bound="torch.nn.Module")

Tensors: TypeAlias = "Mapping[str, torch.Tensor]"

TASK_TOKENS = ("P_ctxt", "P_shape", "P_obj")
"""In the order in which their vectors follow CLIP's own words."""

VECTORS = 10
"""For each task."""

_WORDS = "text_model.embeddings.token_embedding"
_BRUSHNET = "diffusion_pytorch_model.safetensors"

V1 = repository("powerpaint-v1")
"""The authors' files, in float32. All else comes from Stable Diffusion 1.5 inpainting."""

V1_BASE = SD15_INPAINTING.weights(
    "vae", "tokenizer", "scheduler", "unet/config.json", "text_encoder/config.json"
)
"""What the authors' files take from the model that they were trained from."""

V1_MERGED = repository("powerpaint-v1-merged")
"""The same weights in diffusers' layout and half precision, made by the author of IOPaint."""

_VISION = "realisticVisionV60B1_v51VAE"

V2 = repository("powerpaint-v2")
"""Version 2.1: a BrushNet beside Realistic Vision 6, a Stable Diffusion 1.5."""


def v2_folder(component: str) -> str:
    """The sub-folder of a component of version 2's base model."""
    return f"{_VISION}/{component}"


# --- reading -------------------------------------------------------------------------------


def read_unet(path: Path, dtype: torch.dtype) -> UNet2DConditionModel:
    """Version 1's UNet: the authors' file, or a folder as diffusers writes it."""
    from diffusers import UNet2DConditionModel

    if (path / "config.json").is_file():
        return read_model(UNet2DConditionModel, path, dtype)
    config = _config(SD15_INPAINTING.file("unet/config.json"))
    return built(lambda: UNet2DConditionModel.from_config(config), _tensors(path), dtype)


def read_text_encoder(path: Path, dtype: torch.dtype) -> CLIPTextModel:
    """Version 1's text encoder: the authors' file, or a folder as transformers writes it."""
    from transformers import CLIPTextModel

    if (path / "config.json").is_file():
        return read_model(CLIPTextModel, path, dtype)
    config = _config(SD15_INPAINTING.file("text_encoder/config.json"))
    return task_encoder(_tensors(path), config, dtype)


def read_brushnet(path: Path, dtype: torch.dtype) -> BrushNet:
    """Version 2's BrushNet; its shape is that of the base model's UNet."""
    from methods.powerpaint.network import BrushNet, named_for_brushnet

    config = _config(V2.file(v2_folder("unet/config.json")))
    tensors = named_for_brushnet(_tensors(path, lambda name: name == _BRUSHNET))
    return built(lambda: BrushNet(config), tensors, dtype)


def read_brushnet_encoder(path: Path, dtype: torch.dtype) -> CLIPTextModel:
    """Version 2's text encoder with the task vectors, which lies beside the BrushNet."""
    config = _config(V2.file(v2_folder("text_encoder/config.json")))
    return task_encoder(_tensors(path, lambda name: name != _BRUSHNET), config, dtype)


def task_encoder(tensors: Tensors, config: Mapping[str, JSON], dtype: torch.dtype) -> CLIPTextModel:
    """The stock text encoder with the task vectors behind CLIP's own words.

    tensors: under the authors' names; config: of the base model's encoder.
    """
    from transformers import CLIPTextConfig, CLIPTextModel

    named = with_task_words(tensors)
    words = named[f"{_WORDS}.weight"].shape[0]
    found, report = CLIPTextModel.from_pretrained(
        None,
        config=CLIPTextConfig(**{**config, "vocab_size": words}),
        state_dict=named,
        torch_dtype=dtype,
        output_loading_info=True,
    )
    check_complete("PowerPaint", [*report["missing_keys"], *report["unexpected_keys"]])
    return found


def with_task_words(tensors: Tensors) -> dict[str, torch.Tensor]:
    """One table of words, the task vectors at its end; what has that already stays as it is."""
    import torch

    if f"{_WORDS}.weight" in tensors:
        return dict(tensors)
    parts = ["wrapped.weight", *(f"trainable_embeddings.{token}" for token in TASK_TOKENS)]
    check_complete("PowerPaint", [part for part in parts if f"{_WORDS}.{part}" not in tensors])
    table = torch.cat([tensors[f"{_WORDS}.{part}"] for part in parts])
    rest = {key: value for key, value in tensors.items() if not key.startswith(_WORDS)}
    return {**rest, f"{_WORDS}.weight": table}


def built(make: Callable[[], _Network], tensors: Tensors, dtype: torch.dtype) -> _Network:
    """A network of exactly these tensors, none more and none less."""
    import torch

    with torch.device("meta"):  # without numbers of its own, which would take time and memory
        network = make()
    copies = {name: tensor.to(dtype, copy=True) for name, tensor in tensors.items()}
    network.load_state_dict(copies, assign=True)
    return network


def _tensors(path: Path, wanted: Callable[[str], bool] = lambda name: True) -> Tensors:
    """Those of the one file of the folder whose name is wanted."""
    files = [file for file in path.iterdir() if is_network(file) and wanted(file.name)]
    if len(files) != 1:
        raise FileNotFoundError(f"{len(files)} files of weights in {path.name} instead of one")
    return read_tensors(files[0])


def _config(file: Path) -> dict[str, JSON]:
    config = json.loads(file.read_text(encoding="utf-8"))
    return {key: value for key, value in config.items() if not key.startswith("_")}
