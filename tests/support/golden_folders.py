"""Golden cases as model folders: the authors' tiny networks where the program looks for its own.

A case keeps its files under names of its own; here they are linked under those of the hub, so
that the program's own readers load them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

SD_FILES = {
    "unet_config.json": "unet/config.json",
    "unet/unet.safetensors": "unet/diffusion_pytorch_model.safetensors",
    "vae_config.json": "vae/config.json",
    "vae.safetensors": "vae/diffusion_pytorch_model.safetensors",
    "text_config.json": "text_encoder/config.json",
    "base_text_encoder.safetensors": "text_encoder/model.safetensors",
    "scheduler_config.json": "scheduler/scheduler_config.json",
}
"""Where a case's files belong in a model of Stable Diffusion's kind."""


def lay_out(case: Path, folder: Path, files: Mapping[str, str], tokenizer: str = "") -> Path:
    """Copy a case's files to their places in a model's folder.

    files: case file -> place; tokenizer: the folder in the model that it goes into.
    """
    for source, place in files.items():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_found(case, source), target)
    words = folder / (tokenizer or "tokenizer")
    shutil.copytree(_found(case, "tokenizer"), words, dirs_exist_ok=True)
    return folder


def _found(case: Path, name: str) -> Path:
    """A file of the case, or of the one whose model it names as its own."""
    own = case / name
    return own if own.exists() else case / params(case).get("model_of", ".") / name


def params(case: Path) -> dict[str, Any]:
    """What the authors' code was called with."""
    found: dict[str, Any] = json.loads((case / "params.json").read_text(encoding="utf-8"))
    return found


def picture(case: Path) -> Any:
    """The case's photo, (H, W, 3) uint8."""
    return np.asarray(Pillow.open(case / "image.png").convert("RGB"))


def hole(case: Path) -> Any:
    """The case's mask as the program has it: (H, W) bool, at the authors' threshold."""
    return np.asarray(Pillow.open(case / "mask.png").convert("L")) >= 128


def expected(case: Path) -> dict[str, Any]:
    """The authors' numbers, as torch tensors."""
    from safetensors.torch import load_file

    return dict(load_file(case / "expected.safetensors"))
