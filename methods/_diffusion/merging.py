"""Low-rank additions to a network (LoRA), worked into its weights once, while it is read.

Afterwards the network is a stock one: nothing of the additions is left to run at every step.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from methods._diffusion.readers import check_complete

if TYPE_CHECKING:
    import torch

_DOWN, _UP, _ALPHA = "down", "up", "alpha"
_KEY = re.compile(
    r"(?:unet\.)?(?P<layer>.+?)\."
    r"(?:(?:lora_A|lora\.down)(?:\.default)?\.weight(?P<down>)"
    r"|(?:lora_B|lora\.up)(?:\.default)?\.weight(?P<up>)"
    r"|alpha(?P<alpha>))"
)


def merge_lora(
    network: torch.nn.Module, tensors: Mapping[str, torch.Tensor], name: str
) -> set[str]:
    """Add every pair of matrices to its layer's weight; returns the layers' names.

    tensors: by names as peft and diffusers write them, `<layer>.lora_A.weight` (rank, in …) and
    `.lora_B.weight` (out, rank …); an `.alpha` scales by alpha / rank. name: of the file, for
    the error. Raises Unavailable ("weights_unreadable") for anything else, before any change.
    """
    layers = _by_layer(tensors, name)
    found = {layer: _weight(network, layer) for layer in layers}
    weights = {
        layer: weight
        for layer, weight in found.items()
        if weight is not None and _fits(weight, layers[layer])
    }
    check_complete(name, [layer for layer in layers if layer not in weights])
    for layer, parts in layers.items():
        weight = weights[layer]
        added = parts[_UP].float().flatten(1) @ parts[_DOWN].float().flatten(1)
        if _ALPHA in parts:
            added *= float(parts[_ALPHA]) / parts[_DOWN].shape[0]
        weight.data = (weight.data.float() + added.reshape(weight.shape)).to(weight.dtype)
    return set(layers)


def _by_layer(tensors: Mapping[str, torch.Tensor], name: str) -> dict[str, dict[str, torch.Tensor]]:
    found: dict[str, dict[str, torch.Tensor]] = {}
    strange = []
    for key, tensor in tensors.items():
        match = _KEY.fullmatch(key)
        if match is None or match.lastgroup is None:
            strange.append(key)
            continue
        kind = next(kind for kind in (_DOWN, _UP, _ALPHA) if match[kind] is not None)
        found.setdefault(match["layer"], {})[kind] = tensor
    check_complete(name, strange)
    return found


def _weight(network: torch.nn.Module, layer: str) -> torch.nn.Parameter | None:
    try:
        return network.get_submodule(layer).weight
    except AttributeError:
        return None


def _fits(weight: torch.nn.Parameter, parts: Mapping[str, torch.Tensor]) -> bool:
    if not {_DOWN, _UP} <= parts.keys():
        return False
    down, up = parts[_DOWN], parts[_UP]
    whole = (up.shape[0], down[0].numel()) == (weight.shape[0], weight[0].numel())
    return whole and up[0].numel() == down.shape[0]
