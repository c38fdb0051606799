"""ObjectClear's published files and how its own networks are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from methods._diffusion.eraser import Part, SdxlPrompts, read_model
from methods._diffusion.readers import files_of, is_network, unreadable
from methods._weights.pins.manifest import repository

if TYPE_CHECKING:
    import torch
    from transformers import CLIPVisionModelWithProjection

    from methods.objectclear.network import ObjectWord

REPOSITORY = repository("objectclear")
"""The authors' files in half precision, in diffusers' layout and two folders of their own."""

PROMPTS = SdxlPrompts(
    Part(REPOSITORY, "tokenizer"),
    Part(REPOSITORY, "text_encoder"),
    Part(REPOSITORY, "tokenizer_2"),
    Part(REPOSITORY, "text_encoder_2"),
)


def parts() -> dict[str, Part]:
    """The components that stay loaded."""
    return {
        "unet": Part(REPOSITORY, "unet"),
        "vae": Part(REPOSITORY, "vae"),
        "picture": Part(REPOSITORY, "image_prompt_encoder", read=read_picture_encoder),
        "word": Part(REPOSITORY, "postfuse_module", read=read_word),
    }


def read_picture_encoder(path: Path, dtype: torch.dtype) -> CLIPVisionModelWithProjection:
    """The picture side of a whole CLIP, ViT-L/14."""
    from transformers import CLIPVisionModelWithProjection

    return read_model(CLIPVisionModelWithProjection, path, dtype)


def read_word(path: Path, dtype: torch.dtype) -> ObjectWord:
    """The network that makes a word of the object's picture; its widths are those in the file."""
    from safetensors.torch import load_file

    from methods.objectclear.network import ObjectWord

    (file,) = (file for file in files_of(path, dtype) if is_network(file))
    tensors = load_file(file)
    if "mlp1.fc1.weight" not in tensors:
        raise unreadable(path.name)
    width, picture = tensors["mlp1.fc1.weight"].shape
    network = ObjectWord(picture, width)
    network.load_state_dict(tensors)
    return network.to(dtype)
