"""FLUX's prompts: the tokens of T5, and one vector of CLIP for the whole text."""

from __future__ import annotations

from methods._diffusion.eraser import ClipPrompts, Component, Embedding, Part
from methods._diffusion.prompts import id_tensor

T5_TOKENS = 512
"""What does not fit is cut; what is left over is padding, which FLUX looks at too."""


class FluxPrompts(ClipPrompts):
    """tokens: (1, 512, 4096) of T5's encoder; pooled: (1, 768) of CLIP's."""

    def __init__(self, tokenizer: Part, encoder: Part, tokenizer_2: Part, encoder_2: Part) -> None:
        super().__init__(tokenizer, encoder)
        self.parts = (tokenizer, encoder, tokenizer_2, encoder_2)

    def encode(self, text: str, *components: Component) -> Embedding:
        """One text through both encoders."""
        tokenizer, clip, tokenizer_2, t5 = components
        whole = clip(id_tensor(self.ids(tokenizer, text), clip)).pooler_output
        words = tokenizer_2(text, padding="max_length", max_length=T5_TOKENS, truncation=True)
        tokens = t5(id_tensor(words.input_ids, t5)).last_hidden_state
        return Embedding(tokens.cpu(), whole.cpu())
