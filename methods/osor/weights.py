"""OSOR's published file and how it becomes a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from methods._diffusion.eraser import Part, check_complete, read_model
from methods._diffusion.merging import merge_lora
from methods._diffusion.readers import files_of, is_network
from methods._diffusion.repositories import SDXL_INPAINTING
from methods._weights.pins.manifest import repository
from methods._weights.state_dict import read_tensors

if TYPE_CHECKING:
    import torch
    from diffusers import UNet2DConditionModel

_FOLDER = "osor-sdxlinpainting/weights"
_OUT = "unet.conv_out."

TARGETS = (
    *("to_k", "to_q", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2", "proj_in", "proj_out"),
    *("conv", "conv1", "conv2", "conv_shortcut"),
)
"""Ends of the names of all layers that were trained, besides the last one."""

REPOSITORY = repository("osor")
"""Low-rank additions to SDXL inpainting and a last layer with one channel more."""

BASE_UNET = Part(SDXL_INPAINTING, "unet")


def read_unet(path: Path, dtype: torch.dtype) -> UNet2DConditionModel:
    """SDXL inpainting's UNet with the additions worked in, and five channels at its end."""
    from diffusers import UNet2DConditionModel

    (file,) = (file for file in files_of(path, dtype) if is_network(file))
    unet = read_model(UNet2DConditionModel, BASE_UNET.path(), dtype)
    return trained(unet, read_tensors(file))


UNET = Part(REPOSITORY, _FOLDER, read=read_unet)


def trained(unet: UNet2DConditionModel, tensors: dict[str, torch.Tensor]) -> UNet2DConditionModel:
    """The UNet with what the authors trained; it must all be there.

    tensors: as in their file, where the training's wrappers may have left marks in the names.
    """
    import torch

    named = {
        key.replace("module.", "").replace("_orig_mod.", ""): tensor
        for key, tensor in tensors.items()
    }
    last = {key.removeprefix(_OUT): named.pop(key) for key in list(named) if key.startswith(_OUT)}
    check_complete("OSOR", {"weight", "bias"} ^ last.keys())
    merged = merge_lora(unet, named, "OSOR")
    ends = tuple(f".{target}" for target in TARGETS)
    wanted = {name for name, _ in unet.named_modules() if name.endswith(ends)}
    check_complete("OSOR", wanted - merged)
    old = unet.conv_out
    new = torch.nn.Conv2d(
        old.in_channels, 5, old.kernel_size, padding=old.padding, device=old.weight.device
    )
    new.load_state_dict(last)
    unet.conv_out = new.to(old.weight.dtype)
    return unet
