"""CLIPAway's small networks: from pictures' embeddings to words beside the prompt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from diffusers.models.attention_processor import Attention, AttentionProcessor

TOKENS = 4
"""Words that a picture becomes."""

_LAYER = re.compile(r"ip_adapter\.(\d+)\.to_[kv]_ip\.weight")


def projection(tensors: Mapping[str, Tensor]) -> nn.Sequential:
    """The MLP from Alpha-CLIP's embeddings to those that IP-Adapter was made for.

    tensors: its state dict, which says the widths: linear layers, each but the last followed
    by a LayerNorm and a GELU. A KeyError for one without layers.
    """
    layers: list[nn.Module] = []
    for place in range(1 + max(int(name.partition(".")[0]) for name in tensors)):
        weight = tensors.get(f"{place}.weight")
        if weight is None:
            layers.append(nn.GELU())
        elif weight.ndim == 2:
            layers.append(nn.Linear(*weight.shape[::-1]))
        else:
            layers.append(nn.LayerNorm(len(weight)))
    made = nn.Sequential(*layers)
    made.load_state_dict(dict(tensors))
    return made


class _PictureWords(nn.Module):
    """One linear layer and a norm; names as in IP-Adapter's files."""

    def __init__(self, picture: int, words: int) -> None:
        super().__init__()
        self.proj = nn.Linear(picture, TOKENS * words)
        self.norm = nn.LayerNorm(words)

    def forward(self, picture: Tensor) -> Tensor:
        """(B, picture) to (B, TOKENS, words)."""
        words: Tensor = self.norm(self.proj(picture).unflatten(1, (TOKENS, -1)))
        return words


class PictureAdapter(nn.Module):
    """IP-Adapter: a picture's words, and keys and values for them in each cross-attention.

    tensors: the published state dict; the layers are named by their place among a UNet's
    attention processors.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        words = len(tensors["image_proj.norm.weight"])
        self.image_proj = _PictureWords(tensors["image_proj.proj.weight"].shape[1], words)
        self.ip_adapter = nn.ModuleDict()
        places = {found[1] for name in tensors if (found := _LAYER.fullmatch(name))}
        for place in sorted(places, key=int):
            width = len(tensors[f"ip_adapter.{place}.to_k_ip.weight"])
            names = ("to_k_ip", "to_v_ip")
            self.ip_adapter[place] = nn.ModuleDict(
                {name: nn.Linear(words, width, bias=False) for name in names}
            )
        self.load_state_dict(dict(tensors))

    def forward(self, picture: Tensor) -> Tensor:
        """(B, picture) to (B, TOKENS, words), to be put behind the prompt's own words."""
        words: Tensor = self.image_proj(picture)
        return words

    def processors(self, unet: torch.nn.Module, scale: float) -> dict[str, AttentionProcessor]:
        """A processor for each cross-attention of the UNet, by its key. scale: of the picture.

        Raises KeyError where the adapter was made for another UNet.
        """
        places = {str(place): key for place, key in enumerate(unet.attn_processors)}
        cross = {place for place, key in places.items() if "attn2" in key}
        if cross != self.ip_adapter.keys():
            raise KeyError("an adapter for another network")
        return {places[p]: _SplitAttention(self.ip_adapter[p], scale) for p in cross}


class _SplitAttention:
    """diffusers' own processor for IP-Adapter, for a picture whose words end the prompt."""

    def __init__(self, layer: nn.ModuleDict, scale: float) -> None:
        from diffusers.models.attention_processor import IPAdapterAttnProcessor2_0

        width, words = layer["to_k_ip"].weight.shape
        with torch.device("meta"):  # its own layers are replaced at once
            self._shared = IPAdapterAttnProcessor2_0(width, words, (TOKENS,), scale)
        self._shared.to_k_ip = nn.ModuleList([layer["to_k_ip"]])
        self._shared.to_v_ip = nn.ModuleList([layer["to_v_ip"]])

    def __call__(
        self, attn: Attention, hidden_states: Tensor, encoder_hidden_states: Tensor, **call: object
    ) -> Tensor:
        """As diffusers calls its processors."""
        words, picture = encoder_hidden_states.split(
            [encoder_hidden_states.shape[1] - TOKENS, TOKENS], 1
        )
        attended: Tensor = self._shared(attn, hidden_states, (words, [picture]), **call)
        return attended
