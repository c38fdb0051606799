"""A tiny LaMa with random weights, and the files in which such networks are found."""

from __future__ import annotations

import warnings
import zipfile
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from methods.lama.network import LamaGenerator

NAME = "big-lama.pt"


def tiny_lama(seed: int = 0, width: int = 4, blocks: int = 2) -> LamaGenerator:
    """The real class, small, in evaluation mode; its normalisations do something."""
    import torch

    from methods.lama.network import LamaGenerator

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = LamaGenerator(width, blocks).eval().requires_grad_(False)
        for name, values in network.state_dict().items():
            if name.endswith(("running_mean", "bias")):
                values.normal_(0, 0.2)
            elif name.endswith("running_var") or (".bn" in name and name.endswith("weight")):
                values.uniform_(0.5, 1.5)
    # So that what it paints depends on what it is shown.
    last = network.model[-2]
    last.weight.mul_(8)  # type: ignore[union-attr, operator]
    return network


def save(folder: Path, seed: int = 0) -> Path:
    """As ERASER_LAB_LOCAL_WEIGHTS finds it, in the layout of the authors' checkpoint."""
    return save_checkpoint(tiny_lama(seed), folder / NAME)


def save_checkpoint(network: LamaGenerator, file: Path) -> Path:
    """With the objects of a training library around the weights, as the authors' file has."""
    import torch

    content = {
        "state_dict": _prefixed(network, "generator."),
        "callbacks": {Namespace: {"best": Namespace(score=1.0)}},
        "optimizer_states": [{"state": {0: torch.ones(3)}}],
        "epoch": 40,
    }
    torch.save(content, file)
    return file


def save_zip(network: LamaGenerator, file: Path) -> Path:
    """The checkpoint inside a zip, as the authors publish it."""
    checkpoint = save_checkpoint(network, file.with_suffix(".ckpt"))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big-lama/config.yaml", "kind: ffc_resnet\n")
        archive.write(checkpoint, "big-lama/models/best.ckpt")
    checkpoint.unlink()
    return file


def save_old(network: LamaGenerator, file: Path) -> Path:
    """torch's own layout from before it used zips."""
    import torch

    torch.save(_prefixed(network, "generator."), file, _use_new_zipfile_serialization=False)
    return file


def save_safetensors(network: LamaGenerator, file: Path) -> Path:
    """Names as a state dict of the generator has them."""
    from safetensors.torch import save_file

    save_file(_prefixed(network, ""), file)
    return file


def save_torchscript(network: LamaGenerator, file: Path) -> Path:
    """A traced module, as the widespread file is one."""
    import torch

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = torch.nn.Module()
            self.model.generator = network

        def forward(self, image: torch.Tensor, mask: torch.Tensor) -> Any:
            return self.model.generator(torch.cat([image * (1 - mask), mask], dim=1))

    example = torch.zeros(1, 3, 32, 32), torch.ones(1, 1, 32, 32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing is old, and so is that file
        torch.jit.trace(Whole(), example, check_trace=False).save(str(file))
    return file


def _prefixed(network: LamaGenerator, prefix: str) -> dict[str, torch.Tensor]:
    return {f"{prefix}{name}": value for name, value in network.state_dict().items()}
