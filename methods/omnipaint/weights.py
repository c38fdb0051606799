"""OmniPaint's published files: a LoRA, and the embedding of its prompt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from methods._diffusion.eraser import Embedding, Part
from methods._diffusion.readers import check_complete
from methods._flux.weights import DEV, SHARED, read_lora
from methods._weights.pins.manifest import repository

if TYPE_CHECKING:
    import torch

REPOSITORY = repository("omnipaint")
"""A LoRA of rank 4 for the photo's tokens alone, and what T5 and CLIP make of the prompt."""


def read_embedding(path: Path, dtype: torch.dtype) -> Embedding:
    """The prompt, (1, 512, 4096) and (1, 768); its tokens stand at no place in the picture.

    Arrays of numbers alone are read: a file that would have Python objects made is refused.
    """
    import torch

    (file,) = path.glob("*.npz")
    with np.load(file, allow_pickle=False) as arrays:
        names = ("prompt_embeds", "pooled_prompt_embeds", "text_ids")
        check_complete(file.name, [name for name in names if name not in arrays])
        tokens, pooled, places = (np.asarray(arrays[name], np.float32) for name in names)
    check_complete(file.name, _wrong(tokens, pooled, places))
    return Embedding(torch.from_numpy(tokens).to(dtype), torch.from_numpy(pooled).to(dtype))


def _wrong(
    tokens: NDArray[np.float32], pooled: NDArray[np.float32], places: NDArray[np.float32]
) -> list[str]:
    """What is not as the stock pipeline has it."""
    whole = [tokens.ndim == 3 and len(tokens) == 1, pooled.ndim == 2 and len(pooled) == 1]
    whole += [not places.any(), bool(np.isfinite(tokens).all() and np.isfinite(pooled).all())]
    kinds = ("prompt_embeds", "pooled_prompt_embeds", "text_ids", "numbers")
    return [kind for kind, good in zip(kinds, whole, strict=True) if not good]


ADDITIONS = Part(REPOSITORY, "weights", read=read_lora)
PROMPT = Part(REPOSITORY, "embeddings", read=read_embedding)

WEIGHTS = (
    *REPOSITORY.weights(),
    *DEV.weights(),
    *SHARED.weights("vae"),
)
"""No text encoder: the prompt's embedding is published."""
