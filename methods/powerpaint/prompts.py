"""PowerPaint's prompts: words around learned task tokens, one pair for each side of guidance."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from methods._diffusion.eraser import ClipPrompts, Component, Embedding
from methods._diffusion.prompts import CLIP_TOKENS, id_tensor
from methods.powerpaint.weights import TASK_TOKENS, VECTORS

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

Task: TypeAlias = Literal["object-removal", "text-guided", "shape-guided"]

_BAD = ", worst quality, low quality, normal quality, bad quality, blurry"
_SCENE = "empty scene blur"


@dataclass(frozen=True, slots=True)
class TaskPrompts:
    """Two prompts for each side, mixed by the fitting degree; mostly both are the same."""

    positive: tuple[str, str]
    negative: tuple[str, str]

    def all(self) -> list[str]:
        """Each text once."""
        return list(dict.fromkeys((*self.positive, *self.negative)))


def prompts_v1(task: Task, prompt: str, negative: str) -> TaskPrompts:
    """What version 1's UNet attends to. The blanks are the authors'."""
    if task == "object-removal":
        return _both(f"{_SCENE} {prompt} P_ctxt", f"{negative} P_obj")
    if task == "text-guided":
        return _both(f"{prompt} P_obj", f"{negative}{_BAD} P_obj")
    return TaskPrompts(
        (f"{prompt} P_shape", f"{prompt} P_ctxt"),
        (f"{negative}{_BAD} P_shape", f"{negative}{_BAD} P_ctxt"),
    )


def prompts_v2(task: Task) -> TaskPrompts:
    """What version 2's BrushNet attends to: the task alone."""
    if task == "object-removal":
        return _both(" P_ctxt", " P_obj")
    if task == "text-guided":
        return _both(" P_obj", "P_obj")
    return TaskPrompts((" P_shape", " P_ctxt"), ("P_shape", "P_ctxt"))


def scene_v2(task: Task, prompt: str) -> str:
    """What version 2's base model is told."""
    return f"{prompt} {_SCENE}" if task == "object-removal" else prompt


def _both(positive: str, negative: str) -> TaskPrompts:
    return TaskPrompts((positive, positive), (negative, negative))


class TaskEncoder(ClipPrompts):
    """Embeds texts with task tokens, each of which stands for ten vectors."""

    def encode(self, text: str, *components: Component) -> Embedding:
        """One text; the encoder's table ends with the task vectors."""
        tokenizer, encoder = components
        first = encoder.config.vocab_size - VECTORS * len(TASK_TOKENS)
        output = encoder(id_tensor(token_ids(tokenizer, text, first), encoder))
        return Embedding(output.last_hidden_state.cpu())


def token_ids(tokenizer: PreTrainedTokenizerBase, text: str, first: int) -> list[int]:
    """The 77 ids of a text with task tokens. first: the id of the first task vector.

    Too long a text loses its end, task tokens included, as with the authors.
    """
    ids = [tokenizer.bos_token_id]
    for piece in re.split(f"({'|'.join(TASK_TOKENS)})", text):
        if piece in TASK_TOKENS:
            start = first + VECTORS * TASK_TOKENS.index(piece)
            ids += range(start, start + VECTORS)
        else:
            ids += tokenizer(piece, add_special_tokens=False).input_ids
    end = tokenizer.eos_token_id
    ids = [*ids[: CLIP_TOKENS - 1], end]
    return ids + [end] * (CLIP_TOKENS - len(ids))


def mixed(pair: Sequence[Embedding], share: float) -> torch.Tensor:
    """(1, 77, C): `share` of the first, the rest of the second (the fitting degree)."""
    first, second = pair
    if first is second:
        return first.tokens
    return share * first.tokens + (1 - share) * second.tokens
