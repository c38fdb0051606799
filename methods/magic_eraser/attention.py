"""MagicEraser's semantics-aware attention refocusing, and what we had to assume of it.

In the paper, tokens are of three kinds: m (in the hole), p (background), n (like the object).
Scores change before the softmax, A' = softmax((q kᵀ + M) / √d) with
M = W_pos Mask_pos - W_neg Mask_neg. Which pairs the two masks hold is printed in a figure:

    query m    p is raised, m and n are lowered
    query p    m and p are raised
    query n    m is lowered

What W_pos and W_neg are is printed nowhere. Our reading is the scheme of DenseDiffusion (Kim et
al., ICCV 2023), which the rest resembles, down to the first 30 % of the steps:

    range      W_pos = w (max_j q kᵀ - q kᵀ),  W_neg = w (q kᵀ - min_j q kᵀ)
    constant   W_pos = W_neg = w √d: the simplest alternative
    w = lambda · (t / 1000)^power · (1 - area_weight · share of raised keys)

As there, only the half of the guidance that sees the prompt is changed.

No score matrix is written down. For one kind of query, M scales the scores by a factor of the
key and adds products of a number of the query and a number of the key. So it becomes scaled
keys with two more channels, and one fused attention for each kind of query.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from methods._base import Mask
from methods._diffusion.patching import attention_processors, replaced, transformer_blocks
from methods._diffusion.self_attention import SelfAttention, TokenMasks

if TYPE_CHECKING:
    import torch
    from diffusers.models.attention_processor import AttentionProcessor

Formula: TypeAlias = Literal["range", "constant"]

RAISED: Mapping[str, str] = {"m": "p", "p": "mp", "n": "", "": ""}
LOWERED: Mapping[str, str] = {"m": "mn", "p": "", "n": "m", "": ""}
"""For each kind of query the kinds of keys; "" are tokens of no kind."""

_TIMESTEPS = 1000  # of the noise schedule
_SCORES_AT_ONCE = 1 << 22  # when the extremes of the scores are looked for: 16 MB in float32
_CHANNELS = 8  # fused attention wants a multiple of this many


@dataclass(frozen=True, slots=True)
class Refocus:
    """How strongly attention is refocused, and when. steps: the first so many."""

    steps: int
    formula: Formula = "range"
    lambda_pos: float = 0.3
    lambda_neg: float = 0.3
    lambda_power: float = 5.0
    area_weight: float = 1.0


class Regions:
    """The kinds of tokens at each resolution. hole, background, similar: (H, W) masks of the
    picture; the first comes before the others. A token counts as background, or as similar to the
    object, where most of it is."""

    def __init__(self, hole: TokenMasks, background: Mask, similar: Mask) -> None:
        self._hole, self._kinds = hole, {"p": background, "n": similar}
        self._ready: dict[tuple[int, str], dict[str, torch.Tensor]] = {}

    def tokens(self, tokens: int, device: torch.device) -> dict[str, torch.Tensor]:
        """The indices of each kind's tokens on a device; kept for the next layer."""
        import torch

        key = tokens, str(device)
        if key not in self._ready:
            size = self._hole.size(tokens)
            hole = self._hole.at(size)
            kinds = {"m": hole, **{k: _most(m, size) & ~hole for k, m in self._kinds.items()}}
            kinds[""] = ~np.logical_or.reduce(list(kinds.values()))
            self._ready[key] = {
                kind: torch.from_numpy(np.flatnonzero(mask)).to(device)
                for kind, mask in kinds.items()
            }
        return self._ready[key]


def _most(mask: Mask, size: tuple[int, int]) -> Mask:
    """Where a mask covers more than half of a cell, at another (rows, columns)."""
    import cv2

    shares = cv2.resize(mask.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(shares > 0.5)


class Clock:
    """The forward pass under way: its number from 0, and its timestep."""

    def __init__(self) -> None:
        self.step, self.time = -1, 0.0

    @contextmanager
    def ticking(self, unet: torch.nn.Module) -> Iterator[None]:
        """Follow a UNet's forward passes for the block."""
        own = unet.forward

        def forward(
            sample: torch.Tensor, timestep: torch.Tensor, *args: object, **kwargs: object
        ) -> object:
            self.step, self.time = self.step + 1, float(timestep)
            return own(sample, timestep, *args, **kwargs)

        with replaced(unet, "forward", forward):
            yield


class RefocusedAttention(SelfAttention):
    """Self-attention whose last picture of a batch is refocused, in the first steps."""

    def __init__(
        self, before: AttentionProcessor, regions: Regions, refocus: Refocus, clock: Clock
    ) -> None:
        super().__init__(before)
        self._regions, self._refocus, self._clock = regions, refocus, clock

    @property
    def active(self) -> bool:
        """Whether this is one of the first steps."""
        return self._clock.step < self._refocus.steps

    def attend(self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        """All (B, heads, N, d); the unconditional half, if there is one, comes first."""
        import torch

        kinds = self._regions.tokens(query.shape[2], query.device)
        last = (query[-1:], key[-1:], value[-1:])
        changed = refocused(*last, kinds, self._refocus, self._clock.time / _TIMESTEPS)
        if len(query) == 1:
            return changed
        plain = torch.nn.functional.scaled_dot_product_attention(query[:-1], key[:-1], value[:-1])
        return torch.cat([plain, changed])


@contextmanager
def refocused_unet(unet: torch.nn.Module, regions: Regions, refocus: Refocus) -> Iterator[None]:
    """For the block, all self-attention layers of the UNet refocus in the first steps."""
    clock = Clock()
    own = unet.attn_processors
    keys = [block.self_attention for block in transformer_blocks(unet)]
    changed = {key: RefocusedAttention(own[key], regions, refocus, clock) for key in keys}
    with ExitStack() as undo:
        undo.enter_context(attention_processors(unet, changed))
        undo.enter_context(clock.ticking(unet))
        yield


def refocused(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    kinds: Mapping[str, torch.Tensor],
    refocus: Refocus,
    time: float,
) -> torch.Tensor:
    """softmax((q kᵀ + M) / √d) v at time t / 1000 = `time`; all (B, heads, N, d)."""
    import torch

    result = torch.empty_like(value)
    for kind, rows in kinds.items():
        if len(rows):
            asking = query.index_select(2, rows)
            answer = _attended(asking, key, value, _changes(kind, kinds, key, refocus, time))
            result.index_copy_(2, rows, answer)
    return result


@dataclass(frozen=True, slots=True, eq=False)
class _Changes:
    """For one kind of query: (N,) weights w on the keys that are raised and lowered, else 0."""

    formula: Formula
    raised: torch.Tensor
    lowered: torch.Tensor


def _changes(
    kind: str,
    kinds: Mapping[str, torch.Tensor],
    key: torch.Tensor,
    refocus: Refocus,
    time: float,
) -> _Changes | None:
    """None where nothing changes for this kind."""
    tokens = key.shape[2]
    share = sum(len(kinds[name]) for name in RAISED[kind]) / tokens
    weight = time**refocus.lambda_power * (1 - refocus.area_weight * share)
    raised, lowered = key.new_zeros(tokens), key.new_zeros(tokens)
    for names, weights, strength in (
        (RAISED[kind], raised, refocus.lambda_pos),
        (LOWERED[kind], lowered, refocus.lambda_neg),
    ):
        for name in names:
            weights[kinds[name]] = strength * weight
    changed = bool(RAISED[kind] or LOWERED[kind])
    return _Changes(refocus.formula, raised, lowered) if changed else None


def _attended(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, changes: _Changes | None
) -> torch.Tensor:
    """(B, heads, n, d) queries of one kind on all N keys, with M in two more channels."""
    import torch

    attention = torch.nn.functional.scaled_dot_product_attention
    if changes is None:
        return attention(query, key, value)
    channels = query.shape[3]
    query = query * channels**-0.5  # first: unscaled scores may be too large for half precision
    if changes.formula == "range":
        numbers = _extremes(query, key)
        key = key * (1 - changes.raised - changes.lowered)[:, None]
        weights = torch.stack([changes.raised, changes.lowered], dim=1)
    else:
        numbers = query.new_ones((*query.shape[:3], 2))
        weights = torch.stack([changes.raised, -changes.lowered], dim=1)
    query = _widened(torch.cat([query, numbers], dim=3))
    key = _widened(torch.cat([key, weights.expand(*key.shape[:3], 2)], dim=3))
    value = torch.nn.functional.pad(value, (0, query.shape[3] - channels))
    return attention(query, key, value, scale=1.0)[..., :channels]


def _widened(tensor: torch.Tensor) -> torch.Tensor:
    """Zeros up to a number of channels that fused attention takes."""
    import torch

    return torch.nn.functional.pad(tensor, (0, -tensor.shape[3] % _CHANNELS))


def _extremes(query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
    """(B, heads, n, 2): each query's greatest and least score over all keys, part by part."""
    import torch

    rows = max(1, _SCORES_AT_ONCE // (key.shape[0] * key.shape[1] * key.shape[2]))
    found = []
    for part in query.split(rows, dim=2):
        scores = part @ key.transpose(2, 3)
        found.append(torch.stack([scores.amax(3), scores.amin(3)], dim=3))
    return torch.cat(found, dim=2)
