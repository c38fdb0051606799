"""ObjectClear's own small network: the picture of the object as a word of the prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from diffusers.models.attention_processor import Attention, AttentionProcessor


class _Mlp(nn.Module):
    """LayerNorm, two linear layers with a GELU between; names as in the published file."""

    def __init__(self, width_in: int, width: int, residual: bool) -> None:
        super().__init__()
        self.layernorm = nn.LayerNorm(width_in)
        self.fc1 = nn.Linear(width_in, width)
        self.fc2 = nn.Linear(width, width)
        self._residual = residual

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, width_in) to (B, N, width)."""
        made: Tensor = self.fc2(functional.gelu(self.fc1(self.layernorm(x))))
        return made + x if self._residual else made


class ObjectWord(nn.Module):
    """The authors' PostfuseModule: an embedding of CLIP's picture side becomes a word vector.

    picture: width of CLIP's picture embeddings (768); words: of SDXL's prompt (2048).
    """

    def __init__(self, picture: int = 768, words: int = 2048) -> None:
        super().__init__()
        self.mlp1 = _Mlp(picture, words, residual=False)
        self.mlp2 = _Mlp(words, words, residual=True)
        self.layer_norm = nn.LayerNorm(words)

    def forward(self, picture: Tensor) -> Tensor:
        """(B, 1, picture) to (B, 1, words)."""
        word: Tensor = self.layer_norm(self.mlp2(self.mlp1(picture)))
        return word


class WatchedAttention:
    """A cross-attention processor that also notes how much each place looks at one token.

    plain: the processor that does the work, unchanged. Notes only while `watching`; `seen` is
    then (B, N), the probabilities averaged over the heads.
    """

    def __init__(self, plain: AttentionProcessor, token: int) -> None:
        self._plain, self._token = plain, token
        self.watching = False
        self.seen: Tensor | None = None

    def __call__(
        self, attn: Attention, hidden_states: Tensor, *args: Tensor | None, **call: Tensor | None
    ) -> Tensor:
        """As diffusers calls its processors."""
        if self.watching:
            words = args[0] if args else call["encoder_hidden_states"]
            query = attn.head_to_batch_dim(attn.to_q(hidden_states))
            key = attn.head_to_batch_dim(attn.to_k(words))
            heads = attn.get_attention_scores(query, key)[..., self._token]
            self.seen = heads.unflatten(0, (len(hidden_states), -1)).mean(1)
        attended: Tensor = self._plain(attn, hidden_states, *args, **call)
        return attended
