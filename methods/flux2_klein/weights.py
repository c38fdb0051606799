"""FLUX.2 klein's published files, and those of its additions for removal.

Sizes and hashes are those of the hub's own lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from methods._diffusion.eraser import (
    Additions,
    ClipPrompts,
    Component,
    Embedding,
    Part,
    Repository,
    read_additions,
)
from methods._weights.pins.manifest import repository

if TYPE_CHECKING:
    import torch
    from diffusers import DiffusionPipeline, SchedulerMixin

REPOSITORY = repository("flux2-klein-4b")
"""The 4-step model of 4 billion numbers, in diffusers' layout."""

FILLING = repository("flux2-klein-4b-outpaint")
"""Trained to fill what is green."""

REMOVING = repository("flux2-klein-4b-object-remove")
"""Trained to remove what stands in a red box."""


class KleinPrompts(ClipPrompts):
    """tokens: (1, 512, 7680), three layers of Qwen3 side by side."""

    def encode(self, text: str, *components: Component) -> Embedding:
        """As the pipeline does it; the encoder may lie anywhere."""
        from diffusers import Flux2KleinPipeline

        tokenizer, encoder = components
        pipeline = Flux2KleinPipeline(None, None, encoder, tokenizer, None)
        tokens, _ = pipeline.encode_prompt(prompt=text, device="cpu")
        return Embedding(tokens)


PROMPTS = KleinPrompts(Part(REPOSITORY, "tokenizer"), Part(REPOSITORY, "text_encoder"))
VAE = Part(REPOSITORY, "vae")
TRANSFORMER = Part(REPOSITORY, "transformer")


def read_klein_additions(path: Path, dtype: torch.dtype) -> Additions:
    """Additions to klein's transformer."""
    from diffusers import Flux2KleinPipeline

    return read_additions(path, dtype, Flux2KleinPipeline)


def additions(repository: Repository) -> Part:
    """What `FILLING` or `REMOVING` adds."""
    return Part(repository, "", read=read_klein_additions)


def klein_pipeline(
    loaded: Mapping[str, Component], scheduler: SchedulerMixin, keep_background: bool
) -> DiffusionPipeline:
    """A stock pipeline on loaded components ("transformer", "vae"); give embeddings.

    keep_background: the one that holds what is outside the mask in place at every step.
    """
    from diffusers import Flux2KleinInpaintPipeline, Flux2KleinPipeline

    kind = Flux2KleinInpaintPipeline if keep_background else Flux2KleinPipeline
    return kind(
        transformer=loaded["transformer"],
        vae=loaded["vae"],
        scheduler=scheduler,
        text_encoder=None,
        tokenizer=None,
        is_distilled=True,
    )
