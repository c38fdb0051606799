"""ObjectClear's published files and how its own networks are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from methods._diffusion.eraser import Part, Repository, SdxlPrompts, read_model
from methods._diffusion.eraser import RepoFile as File
from methods._diffusion.readers import files_of, is_network, unreadable

if TYPE_CHECKING:
    import torch

_MODEL = "model.fp16.safetensors"
_NETWORK = "diffusion_pytorch_model.fp16.safetensors"

REPOSITORY = Repository(
    name="objectclear",
    repo="jixin0101/ObjectClear",
    revision="main",
    license="S-Lab License 1.0",
    unpinned_because="neither its commits nor its hashes could be seen when this was written",
    files=(
        File("unet/config.json", 1_900),
        File(f"unet/{_NETWORK}", 5_135_178_560),
        File("vae/config.json", 700),
        File(f"vae/{_NETWORK}", 167_335_342),
        File("text_encoder/config.json", 600),
        File(f"text_encoder/{_MODEL}", 246_144_152),
        File("text_encoder_2/config.json", 600),
        File(f"text_encoder_2/{_MODEL}", 1_389_382_176),
        *(
            File(f"{folder}/{name}", size)
            for folder in ("tokenizer", "tokenizer_2")
            for name, size in (
                ("merges.txt", 524_619),
                ("vocab.json", 1_059_962),
                ("special_tokens_map.json", 472),
                ("tokenizer_config.json", 737),
            )
        ),
        File("scheduler/scheduler_config.json", 480),
        File("image_prompt_encoder/config.json", 700),
        File(f"image_prompt_encoder/{_MODEL}", 855_300_000),
        File(f"postfuse_module/{_MODEL}", 28_350_000),
    ),
)
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


def read_picture_encoder(path: Path, dtype: torch.dtype) -> Any:
    """The picture side of a whole CLIP, ViT-L/14."""
    from transformers import CLIPVisionModelWithProjection

    return read_model(CLIPVisionModelWithProjection, path, dtype)


def read_word(path: Path, dtype: torch.dtype) -> Any:
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
