"""BERT as the groundingdino package expects it.

The package was written for transformers 4. It takes a `BertModel` apart and calls three of
its methods, which transformers 5 no longer has, and its parts with arguments that they no longer
take. Here they are again, on classes of our own: neither library is changed.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from transformers import BertConfig, BertModel
from transformers.models.bert.modeling_bert import BertEmbeddings, BertEncoder


class Encoded(NamedTuple):
    """What the package reads of an encoder's answer."""

    last_hidden_state: torch.Tensor
    past_key_values: None = None
    hidden_states: None = None
    attentions: None = None
    cross_attentions: None = None


class _Embeddings(BertEmbeddings):
    """Nothing comes before the text: the length of what does is 0, and left out."""

    def forward(
        self, past_key_values_length: int = 0, **given: torch.Tensor | None
    ) -> torch.Tensor:
        if past_key_values_length:
            raise ValueError("nothing can come before the text")
        found: torch.Tensor = super().forward(**given)
        return found


class _Encoder(BertEncoder):
    """Of the arguments only the mask has a meaning for an encoder of text."""

    def forward(
        self, hidden_states: torch.Tensor, attention_mask: torch.Tensor, **_unused: object
    ) -> Encoded:
        return Encoded(super().forward(hidden_states, attention_mask=attention_mask)[0])


class BertWithMasks(BertModel):
    """`BertModel` with the mask methods of transformers 4, as far as an encoder needs them."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        self.embeddings, self.encoder = _Embeddings(config), _Encoder(config)
        self.post_init()

    def get_extended_attention_mask(
        self, attention_mask: torch.Tensor, input_shape: object, device: object = None
    ) -> torch.Tensor:
        """To what is added to attention logits: 0 where allowed, else a huge negative number.

        attention_mask: (B, T) or (B, T, T), nonzero = allowed. Returns (B, 1, 1 or T, T).
        input_shape, device: ignored, as in the last versions that had them.
        """
        return self.invert_attention_mask(attention_mask)

    def invert_attention_mask(self, attention_mask: torch.Tensor) -> torch.Tensor:
        """As above, for cross-attention."""
        pairs = attention_mask.ndim == 3
        spread = attention_mask[:, None] if pairs else attention_mask[:, None, None]
        return (1.0 - spread.to(self.dtype)) * torch.finfo(self.dtype).min

    def get_head_mask(self, head_mask: torch.Tensor | None, layers: int) -> None:
        """No head is ever masked: the package asks with None, and so do we answer."""
        if head_mask is not None:
            raise ValueError("heads cannot be masked")
