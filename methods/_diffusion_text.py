"""Prompts as embeddings, computed once; their encoders are on the machine only meanwhile.

The networks of erasers see mostly constant prompts. So the pipelines are given embeddings
and no text encoder, and the encoder is loaded only for texts that were not met before.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from methods._base import DeviceName
from methods._diffusion_parts import Part, identity, store

if TYPE_CHECKING:
    import torch

CLIP_TOKENS = 77
_KEPT = 64  # embeddings: at most 40 MB of SDXL's


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """A prompt as the UNet takes it, on the CPU, in the precision of its encoder.

    tokens: (1, 77, C). pooled: (1, D) for SDXL, else None.
    """

    tokens: torch.Tensor
    pooled: torch.Tensor | None = None

    def zeros(self) -> Embedding:
        """What SDXL uses for an empty negative prompt."""
        import torch

        pooled = None if self.pooled is None else torch.zeros_like(self.pooled)
        return Embedding(torch.zeros_like(self.tokens), pooled)


class EmbeddingCache:
    """The latest embeddings, by what they were made of and from."""

    def __init__(self, size: int = _KEPT) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, Embedding] = OrderedDict()
        self._guard = threading.Lock()

    def get(self, key: Hashable) -> Embedding | None:
        """The embedding, or None when it is not kept."""
        with self._guard:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Hashable, value: Embedding) -> None:
        """Keep one more; the one unused for longest goes."""
        with self._guard:
            self._kept[key] = value
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget all."""
        with self._guard:
            self._kept.clear()


embeddings = EmbeddingCache()
"""The one that the program uses."""


class ClipPrompts:
    """Prompts for SD 1.x and 2.x: one CLIP text encoder's last hidden state.

    Subclasses change `ids` (tokens of their own), `encode`, or `parts`.
    """

    def __init__(self, tokenizer: Part, encoder: Part) -> None:
        self.parts: tuple[Part, ...] = (tokenizer, encoder)

    def embed(
        self, texts: Sequence[str], device: DeviceName, dtype: torch.dtype
    ) -> tuple[Embedding, ...]:
        """One embedding a text. Loads the encoder only where a text is new to it.

        Raises WeightsUnavailable or Unavailable as `ComponentStore.take` does.
        """
        source = (type(self), *(identity(part, dtype) for part in self.parts))
        known = {text: embeddings.get((source, text)) for text in texts}
        new = [text for text, embedding in known.items() if embedding is None]
        if new:
            made = self._encode_all(new, device, dtype)
            for text, embedding in zip(new, made, strict=True):
                known[text] = embedding
                embeddings.put((source, text), embedding)
        return tuple(found for text in texts if (found := known[text]) is not None)

    def _encode_all(
        self, texts: Iterable[str], device: DeviceName, dtype: torch.dtype
    ) -> list[Embedding]:
        """With the encoders on the device for as long as this takes."""
        import torch

        taken = [store.take(part, dtype) for part in self.parts]
        try:
            for component in taken:
                if isinstance(component, torch.nn.Module):
                    component.to(device)
            with torch.no_grad():
                return [self.encode(text, *taken) for text in texts]
        finally:
            for component in taken:
                store.give_back(component)

    def ids(self, tokenizer: Any, text: str) -> list[int]:
        """The 77 ids of a text; what is too long is cut, as the pipelines do."""
        found: list[int] = tokenizer(
            text, padding="max_length", max_length=CLIP_TOKENS, truncation=True
        ).input_ids
        return found

    def encode(self, text: str, *components: Any) -> Embedding:
        """One text, with the components of `parts`, on the encoder's device."""
        tokenizer, encoder = components
        output = encoder(id_tensor(self.ids(tokenizer, text), encoder))
        return Embedding(output.last_hidden_state.cpu())


class SdxlPrompts(ClipPrompts):
    """Prompts for SDXL: the last but one hidden states of two encoders side by side, and the
    second one's pooled vector."""

    def __init__(self, tokenizer: Part, encoder: Part, tokenizer_2: Part, encoder_2: Part) -> None:
        super().__init__(tokenizer, encoder)
        self.parts = (tokenizer, encoder, tokenizer_2, encoder_2)

    def encode(self, text: str, *components: Any) -> Embedding:
        """One text through both encoders."""
        import torch

        tokenizer, encoder, tokenizer_2, encoder_2 = components
        first, second = (
            model(id_tensor(self.ids(words, text), model), output_hidden_states=True)
            for words, model in ((tokenizer, encoder), (tokenizer_2, encoder_2))
        )
        tokens = torch.cat([first.hidden_states[-2], second.hidden_states[-2]], dim=-1)
        return Embedding(tokens.cpu(), second.text_embeds.cpu())


def id_tensor(ids: Sequence[int], encoder: Any) -> torch.Tensor:
    """(1, N) int64 on the encoder's device."""
    import torch

    return torch.tensor([list(ids)], dtype=torch.long, device=encoder.device)
