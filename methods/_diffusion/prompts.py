"""Prompts as embeddings, computed once; their encoders are on the machine only meanwhile.

The networks of erasers see mostly constant prompts. So the pipelines are given embeddings
and no text encoder, and the encoder is loaded only for texts that were met neither in this
process nor, by the files that `_diffusion.embedding_files` keeps, in an earlier one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from methods._base import DeviceName, WeightFile, WeightsUnavailable
from methods._diffusion import embedding_files as files
from methods._diffusion.components import Part, lasting_identity, part_bytes, store
from methods._diffusion.placement import end_group_offload, group_offload, module_bytes
from methods._diffusion.precision import Numbers
from methods._diffusion.published import published
from methods._diffusion.readers import Component
from methods._system.cache import BoundedCache
from methods._system.memory import give_memory_back, memory_budget
from methods._weights.store import find_weights

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

CLIP_TOKENS = 77
_KEPT_BYTES = 256 * 2**20
"""About 64 prompts of FLUX, or 400 of SDXL."""


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """A prompt as the denoiser takes it, on the CPU, in the precision of its encoder.

    tokens: (1, N, C); N is 77 for CLIP. pooled: (1, D) where the model has one (SDXL, FLUX).
    mask: (1, N), which tokens count, where the model asks for it.
    """

    tokens: torch.Tensor
    pooled: torch.Tensor | None = None
    mask: torch.Tensor | None = None

    def zeros(self) -> Embedding:
        """What SDXL uses for an empty negative prompt."""
        import torch

        pooled = None if self.pooled is None else torch.zeros_like(self.pooled)
        return Embedding(torch.zeros_like(self.tokens), pooled)

    def tensors(self) -> dict[str, torch.Tensor]:
        """Those that there are, by name."""
        named = {"tokens": self.tokens, "pooled": self.pooled, "mask": self.mask}
        return {name: tensor for name, tensor in named.items() if tensor is not None}

    @property
    def nbytes(self) -> int:
        """What the tensors take."""
        return sum(tensor.nbytes for tensor in self.tensors().values())


class EmbeddingCache:
    """The latest embeddings, by what they were made of and from; older ones from the disk."""

    def __init__(self, max_bytes: int = _KEPT_BYTES) -> None:
        self._kept: BoundedCache[str, Embedding] = BoundedCache(max_bytes, kind="prompts")

    def get(self, key: str) -> Embedding | None:
        """The embedding, or None when it is not kept."""
        kept = self._kept.find(key)
        if kept is not None:
            return kept
        tensors = files.read(key)
        if tensors is None or not {"tokens"} <= tensors.keys() <= {"tokens", "pooled", "mask"}:
            return None
        found = Embedding(**tensors)
        self._kept.put(key, found)
        return found

    def put(self, key: str, value: Embedding, lasting: bool = True) -> None:
        """Keep one more, here and, if lasting, on the disk."""
        self._kept.put(key, value)
        if lasting:
            files.write(key, value.tensors())

    def clear(self) -> None:
        """Forget all that is not on the disk."""
        self._kept.clear()


embeddings = EmbeddingCache()
"""The one that the program uses."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a run has a large encoder read."""

    prompts: ClipPrompts
    texts: tuple[str, ...]


class ClipPrompts:
    """Prompts for SD 1.x and 2.x: one CLIP text encoder's last hidden state.

    Subclasses change `ids` (tokens of their own), `encode`, or `parts`; one whose way of
    encoding changes counts `version` up, because what was kept on the disk is then another's.
    lasting: whether embeddings are kept on the disk.
    """

    version: ClassVar[int] = 1
    lasting: ClassVar[bool] = True

    def __init__(self, tokenizer: Part, encoder: Part) -> None:
        self.parts: tuple[Part, ...] = (tokenizer, encoder)

    def embed(
        self, texts: Sequence[str], device: DeviceName, dtype: torch.dtype
    ) -> tuple[Embedding, ...]:
        """One embedding a text. Loads the encoder only where a text is new to it.

        Raises WeightsUnavailable or Unavailable as `ComponentStore.take` does.
        """
        keys = self.keys(texts, dtype)
        known = {text: embeddings.get(key) for text, key in keys.items()}
        new = [text for text, embedding in known.items() if embedding is None]
        if new:
            made = self._encode_all(new, device, dtype)
            give_memory_back()  # the encoder's may be larger than the denoiser's
            for text, embedding in zip(new, made, strict=True):
                known[text] = embedding
                embeddings.put(keys[text], embedding, self.lasting)
        return tuple(found for text in texts if (found := known[text]) is not None)

    def knows(self, texts: Sequence[str], dtype: Numbers) -> bool:
        """Whether all of these embeddings are kept, so that no encoder is needed for them."""
        try:
            keys = self.keys(texts, dtype)
        except WeightsUnavailable:  # the encoders were never here
            return False
        return all(embeddings.get(key) is not None for key in keys.values())

    def coming(self, texts: Sequence[str], dtype: Numbers) -> tuple[WeightFile, ...] | None:
        """The published files that make these embeddings known, less what this machine has made
        itself; None where one of them can be had from its encoder alone."""
        try:
            keys = self.keys(texts, dtype).values()
        except WeightsUnavailable:  # the encoders were never here
            return None
        found: list[WeightFile] = []
        for key in keys:
            weight = None if files.is_kept(key) else published(key)
            if weight is not None:
                found.append(weight)
            elif embeddings.get(key) is None:
                return None
        return tuple(found)

    def encoder_bytes(self, dtype: Numbers) -> int:
        """What the encoders take in memory. Raises WeightsUnavailable where they are not here."""
        return sum(part_bytes(part, dtype) for part in self.parts)

    def keys(self, texts: Sequence[str], dtype: Numbers) -> dict[str, str]:
        """What each text's embedding is kept under."""
        module, _, name = files.lasting_name(type(self)).rpartition(".")
        kind = (module, name, self.version)
        source = (*kind, *(lasting_identity(part, dtype) for part in self.parts))
        return {text: hashlib.sha256(repr((source, text)).encode()).hexdigest() for text in texts}

    def _encode_all(
        self, texts: Iterable[str], device: DeviceName, dtype: torch.dtype
    ) -> list[Embedding]:
        """With the encoders on the device for as long as this takes."""
        import torch

        with torch.no_grad(), ExitStack() as undo:
            taken = [undo.enter_context(store.borrow(part, dtype)) for part in self.parts]
            for component in taken:
                if isinstance(component, torch.nn.Module):
                    undo.enter_context(_on_device(component, device))
            return [self.encode(text, *taken) for text in texts]

    def ids(self, tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
        """The 77 ids of a text; what is too long is cut, as the pipelines do."""
        found: list[int] = tokenizer(
            text, padding="max_length", max_length=CLIP_TOKENS, truncation=True
        ).input_ids
        return found

    def encode(self, text: str, *components: Component) -> Embedding:
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

    def encode(self, text: str, *components: Component) -> Embedding:
        """One text through both encoders."""
        import torch

        tokenizer, encoder, tokenizer_2, encoder_2 = components
        first, second = (
            model(id_tensor(self.ids(words, text), model), output_hidden_states=True)
            for words, model in ((tokenizer, encoder), (tokenizer_2, encoder_2))
        )
        tokens = torch.cat([first.hidden_states[-2], second.hidden_states[-2]], dim=-1)
        return Embedding(tokens.cpu(), second.text_embeds.cpu())


def id_tensor(ids: Sequence[int], encoder: PreTrainedModel) -> torch.Tensor:
    """(1, N) int64 on the encoder's device."""
    import torch

    return torch.tensor([list(ids)], dtype=torch.long, device=encoder.device)


@contextmanager
def _on_device(encoder: PreTrainedModel, device: DeviceName) -> Iterator[None]:
    """An encoder on the device; layer by layer where it is larger than what is free there."""
    import torch

    if device != "cuda" or module_bytes(encoder) <= memory_budget(device):
        encoder.to(device)
        yield
        return
    group_offload(encoder, torch.device(device))
    try:
        yield
    finally:
        end_group_offload(encoder)


def without_idle_encoders(
    weights: Sequence[WeightFile],
    prompts: ClipPrompts,
    texts: Sequence[str],
    dtype: Numbers,
) -> tuple[WeightFile, ...]:
    """The files that are needed still: those of an encoder that are not on this machine are
    left out where its embeddings of all the texts are kept, or published: then these files are
    needed. What is here stays in the list."""
    own = {weight.name for part in prompts.parts for weight in part.repository.weights(part.folder)}
    absent = {weight.name for weight in weights if weight.name in own and _is_absent(weight)}
    coming = prompts.coming(texts, dtype) if absent else None
    if coming is None:
        return tuple(weights)
    return (*(weight for weight in weights if weight.name not in absent), *coming)


def _is_absent(weight: WeightFile) -> bool:
    try:
        return find_weights(weight) is None
    except WeightsUnavailable:  # the user's own, and not where it should be: to be told
        return False
