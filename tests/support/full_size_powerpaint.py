"""PowerPaint's files in their published sizes and precision, with random numbers; see `full_size`.

Both versions are published in float32, and version 1 as two state dicts without configurations.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from full_size import CLIP_L, SD15, Build, built, save_sd, tensors_of, text_encoder, unet
from tiny_powerpaint import authors_name, with_tasks_apart

TASK_WORDS = 49408 + 30
"""CLIP's words and the ten vectors of each of the three tasks."""


def task_encoder() -> Any:
    """Version 1's text encoder, and that beside version 2's BrushNet."""
    return text_encoder(CLIP_L | {"vocab_size": TASK_WORDS})


def brushnet() -> Any:
    """Version 2's second UNet."""
    from methods.powerpaint.network import BrushNet

    return BrushNet({**SD15, "in_channels": 4})


def save_v1(folder: Path, device: str) -> Path:
    """The authors' two files; all else is that of Stable Diffusion 1.5 inpainting."""
    from safetensors.torch import save_file

    files = {
        "unet": tensors_of(built(partial(unet, SD15, 9), device, half=False)),
        "text_encoder": _encoder_tensors(device),
    }
    for name, tensors in files.items():
        (folder / name).mkdir(parents=True)
        save_file(tensors, folder / name / f"{name}.safetensors")
    return folder


def save_v2(folder: Path, device: str) -> Path:
    """A Stable Diffusion 1.5, the BrushNet, and the text encoder beside it as a torch file."""
    import torch
    from safetensors.torch import save_file

    from methods.powerpaint.weights import v2_folder

    save_sd(folder / v2_folder(""), device, config=SD15, text=CLIP_L, channels=4, half=False)
    own = folder / "PowerPaint_Brushnet"
    own.mkdir(parents=True)
    tensors = tensors_of(built(brushnet, device, half=False))
    named = {authors_name(name): tensor for name, tensor in tensors.items()}
    save_file(named, own / "diffusion_pytorch_model.safetensors")
    torch.save(_encoder_tensors(device), own / "pytorch_model.bin")
    return folder


def _encoder_tensors(device: str) -> dict[str, Any]:
    """Under the authors' names, whatever the library calls them today."""
    tensors = tensors_of(built(task_encoder, device, half=False))
    start = "text_model."
    named = {f"{start}{key.removeprefix(start)}": value for key, value in tensors.items()}
    return with_tasks_apart(named)


POWERPAINT: dict[str, Build] = {"powerpaint-v1": save_v1, "powerpaint-v2": save_v2}
"""What to make for each `Repository.name`."""
