"""Tiny random files of PowerPaint, as its authors lay them out and as others have merged them;
see `tiny_models`, which makes them along with its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tiny_models import (
    DDIM,
    VOCABULARY,
    save_scheduler,
    save_sd,
    save_text_encoder,
    save_tokenizer,
    save_unet,
    save_vae,
    sd15_layout,
    seeded,
    unet_config,
)

_WORDS = "text_model.embeddings.token_embedding"


def save_v1(folder: Path, seed: int = 150) -> Path:
    """The authors' two files; what is rounded to half precision is also in `save_v1_merged`."""
    from safetensors.torch import save_file

    with TemporaryDirectory() as made:
        unet, encoder = _networks(Path(made), seed)
    for name, tensors in (("unet", unet), ("text_encoder", with_tasks_apart(encoder))):
        (folder / name).mkdir(parents=True)
        save_file(tensors, folder / name / f"{name}.safetensors")
    return folder


def save_v1_merged(folder: Path, seed: int = 150) -> Path:
    """The same in diffusers' layout and half precision, with all else that it takes."""
    from safetensors.torch import save_file

    unet, encoder = _networks(folder, seed)
    files = {"unet/diffusion_pytorch_model": unet, "text_encoder/model": encoder}
    for name, tensors in files.items():
        (folder / f"{name}.safetensors").unlink()
        halved = {key: tensor.half() for key, tensor in tensors.items()}
        save_file(halved, folder / f"{name}.fp16.safetensors")
    save_vae(folder / "vae", 11)  # that of the base model, which the authors' files are used with
    save_tokenizer(folder / "tokenizer")
    save_scheduler(folder / "scheduler", **DDIM)
    return folder


def _networks(folder: Path, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """UNet and text encoder in folders of their own, and their tensors rounded to half."""
    unet = save_unet(folder / "unet", unet_config(9), seed)
    encoder = save_text_encoder(folder / "text_encoder", seed + 1, vocabulary=VOCABULARY + 30)
    unet_tensors, encoder_tensors = (
        {name: tensor.half().float() for name, tensor in _tensors(home).items()}
        for home in (unet, encoder)
    )
    named = {f"text_model.{k.removeprefix('text_model.')}": v for k, v in encoder_tensors.items()}
    return unet_tensors, named


def _tensors(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    (file,) = folder.glob("*.safetensors")
    return load_file(file)


def with_tasks_apart(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """A text encoder's tensors as the authors keep them: the task vectors in tables of their own.

    The old library's constant of positions is among them, as in the published file.
    """
    import torch

    table = tensors[f"{_WORDS}.weight"]
    words, *tasks = table.split([len(table) - 30, 10, 10, 10])
    rest = {key: value for key, value in tensors.items() if key != f"{_WORDS}.weight"}
    apart = {
        f"{_WORDS}.trainable_embeddings.{task}": rows.clone()
        for task, rows in zip(("P_ctxt", "P_shape", "P_obj"), tasks, strict=True)
    }
    positions = {"text_model.embeddings.position_ids": torch.arange(77)[None]}
    return {**rest, **apart, **positions, f"{_WORDS}.wrapped.weight": words.clone()}


def save_v2(folder: Path, seed: int = 160) -> Path:
    """A Stable Diffusion 1.5 in torch files, the BrushNet, and the text encoder beside it as a
    torch file, as its authors publish them."""
    import torch
    from safetensors.torch import save_file

    from methods.powerpaint.network import BrushNet
    from methods.powerpaint.weights import v2_folder

    layout = sd15_layout(4)
    save_sd(folder / v2_folder(""), seed, unet=layout)
    for part in ("unet", "vae", "text_encoder"):
        _as_torch_file(folder / v2_folder(part))
    with seeded(seed + 5):
        brushnet = BrushNet(layout)
    own = folder / "PowerPaint_Brushnet"
    own.mkdir(parents=True)
    named = {authors_name(name): tensor for name, tensor in brushnet.state_dict().items()}
    save_file(named, own / "diffusion_pytorch_model.safetensors")
    with TemporaryDirectory() as made:
        _, encoder = _networks(Path(made), seed + 6)
    torch.save(with_tasks_apart(encoder), own / "pytorch_model.bin")
    return folder


def _as_torch_file(folder: Path) -> None:
    """A component's safetensors as the .bin that the libraries wrote before."""
    import torch
    from safetensors.torch import load_file

    (safe,) = folder.glob("*.safetensors")
    name = safe.stem if safe.stem.startswith("diffusion_") else "pytorch_model"
    torch.save(load_file(safe), folder / f"{name}.bin")
    safe.unlink()


def authors_name(name: str) -> str:
    """A tensor of our BrushNet under the authors' name."""
    if name.startswith("unet."):
        return name.removeprefix("unet.").replace("conv_in.", "conv_in_condition.")
    stage, kind = name.removeprefix("adders.").rsplit(".", 1)
    side, _, number = stage.rpartition("_")
    place = f"{side}.{number}" if number.isdigit() else stage
    return f"brushnet_{place}.{kind}"


POWERPAINT: dict[str, Callable[[Path], object]] = {
    "powerpaint-v1": save_v1,
    "powerpaint-v1-merged": save_v1_merged,
    "powerpaint-v2": save_v2,
}
"""What to make for each `Repository.name`."""
