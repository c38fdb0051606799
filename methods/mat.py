"""MAT: a transformer that fills large holes, differently for every seed.

Paper: Li, Lin, Zhou, Qi, Wang, Jia, "MAT: Mask-Aware Transformer for Large Hole Image Inpainting",
CVPR 2022. Code and weights are for non-commercial use only, so neither is part of this program:
the network comes from the optional package spandrel_extra_arches.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np

from methods._base import (
    Canvas,
    DeviceName,
    Eraser,
    EraserSpec,
    Image,
    Mask,
    Paper,
    Progress,
    Settings,
    Text,
    Unavailable,
    WeightsUnavailable,
)
from methods._weights.pins.manifest import weight_file
from methods._weights.store import find_weights
from methods._weights.tensor_file import read_tensors, unreadable

if TYPE_CHECKING:
    import torch

PACKAGE = "spandrel_extra_arches"
PLACES = weight_file("mat")
"""The authors' Places2 network in half precision. A local file in its place may also be the
Places_512_FullData_G.pth that other programs use."""

_LATENT = 512


class Mat(Eraser[Settings]):
    """One pass at 512 x 512 with a random style."""

    spec = EraserSpec(
        id="mat",
        name="MAT",
        summary=Text("eraser.mat.summary"),
        paper=Paper(
            "MAT: Mask-Aware Transformer for Large Hole Image Inpainting",
            "https://arxiv.org/abs/2203.15270",
            2022,
        ),
        license="CC-BY-NC-4.0",
        non_commercial=True,
        weights=(PLACES,),
        canvas=Canvas(square=512, context=0.5, min_context=128, pieces=24),
        memory=260_000_000,
        packages=(PACKAGE,),
        rank=50,
        notes=(Text("eraser.mat.note.1"),),
    )

    def __init__(self) -> None:
        self._network: torch.nn.Module | None = None
        self._device: DeviceName = "cpu"

    def load(self, device: DeviceName, dtype: torch.dtype | None = None) -> None:
        """Read the network; it runs in float32, for half a precision was never proved."""
        path = find_weights(PLACES)
        if path is None:
            raise WeightsUnavailable(
                "weights_missing.of", eraser=self.spec.id, title=self.spec.name
            )
        network = _network()
        state = {name: tensor.float() for name, tensor in read_tensors(path, own_name).items()}
        try:
            missing, _ = network.load_state_dict(state, strict=False)  # files have more: noises
        except RuntimeError as error:
            raise unreadable(path.name) from error
        if missing:
            raise unreadable(path.name)
        self._network, self._device = network.requires_grad_(False).eval().to(device), device

    def unload(self) -> None:
        """Drop the network."""
        self._network = None

    def erase(
        self, image: Image, mask: Mask, settings: Settings, seed: int, progress: Progress
    ) -> Image:
        """One pass. The seed decides on the style and on what the network drops out of it."""
        import torch

        assert self._network is not None
        known = torch.from_numpy(~mask)[None, None].float().to(self._device)
        pixels = torch.from_numpy(image.transpose(2, 0, 1).copy())[None].to(self._device)
        picture = (pixels.float() / 127.5 - 1) * known
        style = torch.randn(1, _LATENT, generator=torch.Generator().manual_seed(seed))
        style, no_label = style.to(self._device), torch.zeros(1, 0, device=self._device)
        # The network draws from torch's own state in between; it is put back afterwards.
        devices = [torch.cuda.current_device()] if self._device == "cuda" else []
        with torch.inference_mode(), torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed)
            filled = self._network(picture, known, style, no_label, noise_mode="none")
        progress(1, 1)
        levels = filled[0].mul(127.5).add(127.5).round().clamp(0, 255).byte()
        return np.ascontiguousarray(levels.permute(1, 2, 0).cpu().numpy())


def own_name(name: str) -> str | None:
    """The generator's own name of a tensor: from "synthesis." or "mapping." on."""
    found = re.fullmatch(r"(?:.*\.)?((?:synthesis|mapping)\..+)", name)
    return found.group(1) if found else None


def _network() -> torch.nn.Module:
    """The package's generator with random weights. Raises Unavailable where it does not load."""
    try:
        # By name, because it need not be installed.
        architectures = import_module(f"{PACKAGE}.architectures.MAT")
        return architectures.MAT().model
    except Exception as error:  # whatever a package of another age raises
        raise Unavailable("package_broken", packages=PACKAGE) from error
