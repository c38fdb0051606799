"""Gated linear attention in plain PyTorch, as PixelHacker's UNet has it for self-attention.

Yang, Wang, Shen, Panda, Kim, "Gated Linear Attention Transformers with Hardware-Efficient
Training", ICML 2024. For each head, with the tokens of a picture in raster order,

    S_t = diag(exp(gate_t)) S_(t-1) + k_t v_t^T          o_t = K^(-1/2) q_t^T S_t

where S is a K x V matrix that starts at zero, and the gates are logarithms, at most 0. Here the
tokens are taken in chunks: what a chunk adds to S, and what its tokens see of each other, are
matrix products; only S itself goes from chunk to chunk. Time and memory grow linearly.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec

import torch
from torch import Tensor, nn
from torch.nn import functional

logger = logging.getLogger(__name__)

KEY_SHARE = 0.5  # width of all keys, as a share of the layer's
GATE_RANK = 16
GATE_NORMALIZER = 16.0

_CHUNKS = (32, 16)  # tokens; of 16, 32 and 64 the middle is the fastest, measured
_MOST_DECAY = 60.0
"""Logarithms within a chunk that the product form takes: its factors reach exp(±30)."""

_FUSED_ON = ("cuda",)
_SAME = 2e-3  # of the largest value: what tensor cores may round differently


# --- the attention itself --------------------------------------------------------------------


def gated_linear_attention(q: Tensor, k: Tensor, v: Tensor, gates: Tensor) -> Tensor:
    """(B, T, H, V) in float32, whatever the inputs' precision.

    q, k: (B, T, H, K). v: (B, T, H, V). gates: (B, T, H, K), logarithms, at most 0.
    """
    fused = _fused(q.device.type, q.shape[-1], v.shape[-1])
    return (fused or chunked)(q, k, v, gates)


def chunked(q: Tensor, k: Tensor, v: Tensor, gates: Tensor) -> Tensor:
    """The same, in PyTorch alone: exact but for rounding, for gates of any size."""
    batch, tokens, heads, keys = q.shape
    length, is_gentle = _chunk_length(gates)
    parts = [_in_chunks(part, length) for part in (q.float() * keys**-0.5, k, v, gates)]
    out = (_by_products if is_gentle else _by_offsets)(*parts)
    return out.reshape(batch, heads, -1, v.shape[-1])[:, :, :tokens].transpose(1, 2)


def _chunk_length(gates: Tensor) -> tuple[int, bool]:
    """The longest chunk whose decay the product form takes; False where none does."""
    sums = _in_chunks(gates, _CHUNKS[-1]).sum(dim=2)
    sums = functional.pad(sums, (0, 0, 0, -sums.shape[1] % (_CHUNKS[0] // _CHUNKS[-1])))
    least = [sums.unflatten(1, (-1, length // _CHUNKS[-1])).sum(dim=2).amin() for length in _CHUNKS]
    for length, decay in zip(_CHUNKS, torch.stack(least).tolist(), strict=True):
        if decay > -_MOST_DECAY:
            return length, True
    return _CHUNKS[-1], False


def _in_chunks(part: Tensor, length: int) -> Tensor:
    """(B, T, H, D) -> (B * H, chunks, length, D) in float32; zeros, which change nothing,
    fill up the last chunk."""
    rows = part.float().transpose(1, 2).flatten(0, 1)
    if missing := -rows.shape[1] % length:
        rows = functional.pad(rows, (0, 0, 0, missing))
    return rows.unflatten(1, (-1, length))


def _by_products(q: Tensor, k: Tensor, v: Tensor, gates: Tensor) -> Tensor:
    """(B * H, chunks, length, V). What token t sees of token j is decayed by exp(b_t - b_j),
    b the sum of the gates so far in the chunk. Around the middle of that decay, it splits into
    a factor for q and one for k that both stay within float32."""
    sums = gates.cumsum(dim=2)
    middle = sums[:, :, -1:] / 2
    q = q * (sums - middle).exp()
    k = k * (middle - sums).exp()
    half = middle.exp().transpose(2, 3)
    within = (q @ k.transpose(2, 3)).tril_() @ v
    added = half * (k.transpose(2, 3) @ v)
    return within + q @ (half * _states(half * half, added))


def _by_offsets(q: Tensor, k: Tensor, v: Tensor, gates: Tensor) -> Tensor:
    """The same for gates of any size: tokens meet at each distance within the chunk in turn,
    so that no exponent is ever above 0, and none a small difference of large sums."""
    so_far = gates.cumsum(dim=2)
    to_come = functional.pad(gates.flip(2).cumsum(dim=2).flip(2)[:, :, 1:], (0, 0, 0, 1))
    added = (k * to_come.exp()).transpose(2, 3) @ v
    out = (q * so_far.exp()) @ _states(so_far[:, :, -1:].exp().transpose(2, 3), added)
    length = q.shape[2]
    decay = torch.zeros_like(gates)  # of each token since the one `offset` before it
    for offset in range(length):
        if offset:
            decay = decay[:, :, 1:] + gates[:, :, 1 : length - offset + 1]
        seen = q[:, :, offset:] * k[:, :, : length - offset] * decay.exp()
        out[:, :, offset:] += seen.sum(dim=-1, keepdim=True) * v[:, :, : length - offset]
    return out


def _states(decay: Tensor, added: Tensor) -> Tensor:
    """S before each chunk. decay: (B * H, chunks, K, 1); added: (B * H, chunks, K, V)."""
    states = torch.zeros_like(added)
    for chunk in range(1, added.shape[1]):
        before = chunk - 1
        torch.addcmul(added[:, before], decay[:, before], states[:, before], out=states[:, chunk])
    return states


# --- the fused kernels of flash-linear-attention, where they are installed ---------------------


@lru_cache
def _fused(device: str, keys: int, values: int) -> Callable[..., Tensor] | None:
    """flash-linear-attention's kernels, once they have shown on this device that they give
    the same numbers for heads of this size; None = use ours."""
    if device not in _FUSED_ON or find_spec("fla") is None:
        return None
    try:
        difference = _difference(_fla, device, keys, values)
    except Exception:  # whatever goes wrong in a compiler, ours does the work
        logger.warning("flash-linear-attention cannot be used here", exc_info=True)
        return None
    if not difference < _SAME:
        logger.warning("flash-linear-attention differs by %.1g here; not used", difference)
        return None
    return _fla


def _fla(q: Tensor, k: Tensor, v: Tensor, gates: Tensor) -> Tensor:
    out, _ = import_module("fla.ops.gla").chunk_gla(q, k, v, gates, scale=q.shape[-1] ** -0.5)
    return out.float()


def _difference(other: Callable[..., Tensor], device: str, keys: int, values: int) -> float:
    """The largest one on a small example with weak and strong gates, of the largest value."""
    generator = torch.Generator("cpu").manual_seed(0)

    def random(width: int) -> Tensor:
        return torch.randn(1, 192, 2, width, generator=generator).to(device)

    q, k, v = random(keys), random(keys), random(values)
    gates = functional.logsigmoid(30 * random(keys)) / GATE_NORMALIZER
    with torch.no_grad():
        ours = chunked(q, k, v, gates)
        return float((other(q, k, v, gates) - ours).abs().max() / ours.abs().max())


# --- the layer -------------------------------------------------------------------------------


class GatedNorm(nn.Module):
    """Root mean square norm of each head, then an output gate. width: of a head."""

    def __init__(self, width: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, out: Tensor, gate: Tensor) -> Tensor:
        """out, gate: (..., width); computed in float32."""
        out = out.float()
        out = out * torch.rsqrt(out.square().mean(dim=-1, keepdim=True) + self.eps)
        return out * self.weight.float() * functional.silu(gate.float())


class GatedLinearAttention(nn.Module):
    """A layer with the parameters' names of the published checkpoints. width: of its tokens."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        keys = int(width * KEY_SHARE)
        self.heads = heads
        self.q_proj = nn.Linear(width, keys, bias=False)
        self.k_proj = nn.Linear(width, keys, bias=False)
        self.v_proj = nn.Linear(width, width, bias=False)
        self.g_proj = nn.Linear(width, width, bias=False)
        self.gk_proj = nn.Sequential(
            nn.Linear(width, GATE_RANK, bias=False), nn.Linear(GATE_RANK, keys, bias=True)
        )
        self.o_proj = nn.Linear(width, width, bias=False)
        self.g_norm_swish_gate = GatedNorm(width // heads)

    def forward(self, hidden_states: Tensor, **unused: object) -> Tensor:
        """(B, T, width) -> the same. unused: what a block gives to any attention; there is
        neither a mask nor another sequence to look at."""
        q, k, v, gate, gates = self.projected(hidden_states)
        out = self.g_norm_swish_gate(gated_linear_attention(q, k, v, gates), gate)
        projected: Tensor = self.o_proj(out.flatten(2).to(hidden_states.dtype))
        return projected

    def projected(self, hidden_states: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """q, k, v, output gate, and the logarithms of the keys' gates in float32, by head."""
        projections = (self.q_proj, self.k_proj, self.v_proj, self.g_proj, self.gk_proj)
        q, k, v, gate, gates = (
            projection(hidden_states).unflatten(-1, (self.heads, -1)) for projection in projections
        )
        return q, k, v, gate, functional.logsigmoid(gates.float()) / GATE_NORMALIZER
