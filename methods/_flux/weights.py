"""FLUX.1's published files, and the parts that its erasers share.

The transformers of FLUX.1-dev and FLUX.1-Fill-dev are gated: their makers give them to whoever
has accepted their licence. Encoders and VAE are the same bytes in all models of the family, so
they are taken from FLUX.1-schnell, which is free, or its open copy.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from methods._base import Text
from methods._diffusion.eraser import Additions, Part, Repository, read_additions
from methods._flux.prompts import FluxPrompts
from methods._system.space import said_here
from methods._weights.pins.manifest import repository

if TYPE_CHECKING:
    import torch

DEV = repository("flux1-dev")
"""FLUX.1-dev: 11.9 billion numbers in bfloat16."""

FILL = repository("flux1-fill")
"""FLUX.1-Fill-dev: the same with 384 channels in, for the masked picture and the mask."""

SHARED = repository("flux1-shared")
"""What all models of the family share: the VAE, CLIP's and T5's encoders, their tokenizers."""

TRANSFORMER, FILL_TRANSFORMER = Part(DEV, "transformer"), Part(FILL, "transformer")
VAE = Part(SHARED, "vae")
SCHEDULER, FILL_SCHEDULER = Part(DEV, "scheduler"), Part(FILL, "scheduler")
PROMPTS = FluxPrompts(
    Part(SHARED, "tokenizer"),
    Part(SHARED, "text_encoder"),
    Part(SHARED, "tokenizer_2"),
    Part(SHARED, "text_encoder_2"),
)


def read_lora(path: Path, dtype: torch.dtype) -> Additions:
    """A LoRA for a transformer of the family, whichever trainer wrote it."""
    from diffusers import FluxPipeline

    return read_additions(path, dtype, FluxPipeline)


MEMORY = 48_400_000_000
"""Bytes of a transformer, the VAE and additions in float32; half of it on a GPU."""


def gated(repository: Repository) -> Text:
    """For the card: where to accept the licence, and where to put the token."""
    page = f"huggingface.co/{repository.repo}"
    return Text(said_here("eraser.flux.gated"), page=page)
