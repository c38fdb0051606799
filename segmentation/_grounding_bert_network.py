"""BERT as the groundingdino package expects it.

The package was written for transformers 4. It takes a `BertModel` apart and calls three of
its methods, which transformers 5 no longer has. Here they are again, on a class of our own:
neither library is changed.
"""

from __future__ import annotations

import torch
from transformers import BertModel


class BertWithMasks(BertModel):
    """`BertModel` with the mask methods of transformers 4, as far as an encoder needs them."""

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
