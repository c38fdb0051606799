"""Self-attention of diffusers' transformer blocks, open for a method to change its middle.

A method says what happens between the projections: `SelfAttention.attend` gets queries, keys and
values and returns what they make; projections in and out are the block's own. No score
matrix is ever written down: whatever is left out is left out of the tensors that go into
the fused attention.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from methods._base import Mask
from methods._geometry.masks import reduce_mask

if TYPE_CHECKING:
    import torch
    from diffusers.models.attention_processor import Attention, AttentionProcessor

_LEVELS = 6  # a UNet halves its picture at most this often before it becomes tiny


class TokenMasks:
    """A mask at each resolution that a UNet works at, told apart by the number of tokens.

    mask: (H, W), True = object, of the picture. latent: (h, w), the UNet's largest resolution;
    each next one is half of it, rounded up. A token belongs to the object where it covers
    any pixel of it, along each axis by itself: max pooling, for every aspect and size.
    """

    def __init__(self, mask: Mask, latent: tuple[int, int]) -> None:
        self.mask, self.latent = mask, latent
        self._sizes = {h * w: (h, w) for h, w in _levels(latent)}
        self._reduced: dict[tuple[int, int], Mask] = {}
        self._ready: dict[tuple[int, str], Tokens] = {}

    def size(self, tokens: int) -> tuple[int, int]:
        """(rows, columns) of the resolution with so many tokens.

        Raises ValueError for a number that no resolution has.
        """
        if tokens not in self._sizes:
            raise ValueError(f"no resolution of a {self.latent} latent has {tokens} tokens")
        return self._sizes[tokens]

    def at(self, size: tuple[int, int]) -> Mask:
        """The mask reduced to (rows, columns)."""
        if size not in self._reduced:
            self._reduced[size] = reduce_mask(self.mask, size)
        return self._reduced[size]

    def tokens(self, tokens: int, device: torch.device) -> Tokens:
        """Which tokens of a resolution are the object's, on a device; kept for the next layer."""
        key = tokens, str(device)
        if key not in self._ready:
            self._ready[key] = Tokens(self.at(self.size(tokens)), device)
        return self._ready[key]


class Tokens:
    """The tokens of one resolution in two groups, as indices on a device.

    object: (N,) bool, True = object. inside, outside: their indices.
    """

    def __init__(self, mask: Mask, device: torch.device) -> None:
        import torch

        self.object = torch.from_numpy(mask.reshape(-1).copy()).to(device)
        self.inside = self.object.nonzero().flatten()
        self.outside = (~self.object).nonzero().flatten()


def _levels(latent: tuple[int, int]) -> list[tuple[int, int]]:
    sizes = [latent]
    for _ in range(_LEVELS):
        height, width = sizes[-1]
        sizes.append((-(-height // 2), -(-width // 2)))
    return sizes


def latent_mask(masks: TokenMasks, pixels: int = 8) -> NDArray[np.float32]:
    """(H, W) float32, 0 or 1: the mask at the latent's resolution, enlarged again.

    For pipelines, which reduce masks by picking every eighth pixel and would lose thin parts.
    """
    reduced = masks.at(masks.latent).astype(np.float32)
    return reduced.repeat(pixels, axis=0).repeat(pixels, axis=1)


class SelfAttention(ABC):
    """An attention processor for `attn1` of a BasicTransformerBlock.

    before: the processor that stands there otherwise; it does the work while not `active`.
    """

    def __init__(self, before: AttentionProcessor) -> None:
        self.before = before

    @property
    def active(self) -> bool:
        """Whether attention differs from the model's own at this step."""
        return True

    @abstractmethod
    def attend(self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        """All (B, heads, N, d); returns the attended values, (B, heads, N, d)."""

    def __call__(
        self,
        attn: Attention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        temb: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """What diffusers calls. hidden_states: (B, N, C); returns the same shape."""
        if not self.active:
            own: torch.Tensor = self.before(
                attn, hidden_states, encoder_hidden_states, attention_mask, temb
            )
            return own
        query, key, value = (
            _split(project(hidden_states), attn.heads)
            for project in (attn.to_q, attn.to_k, attn.to_v)
        )
        attended = self.attend(query, key, value).transpose(1, 2).flatten(2)
        projected: torch.Tensor = attn.to_out[1](attn.to_out[0](attended))
        return projected / attn.rescale_output_factor


def _split(projected: torch.Tensor, heads: int) -> torch.Tensor:
    """(B, N, heads * d) to (B, heads, N, d)."""
    return projected.unflatten(2, (heads, -1)).transpose(1, 2)
