"""Qwen-Image-Edit's published files, and those of its additions for removal and for four steps.

Sizes and hashes are those of the hub's own lists; the small files whose hash could not be
seen are recorded at their first download.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from methods._diffusion.eraser import Additions, Component, Part, Repository, read_additions
from methods._diffusion.readers import standard_reader
from methods._weights.pins.manifest import repository
from methods.qwen_image_edit.picture_tokens import with_picture_tokens

if TYPE_CHECKING:
    import torch
    from diffusers import DiffusionPipeline, SchedulerMixin
    from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2VLProcessor

REPOSITORY = repository("qwen-image-edit-2511")
"""The edition of December 2025, in diffusers' layout."""

REMOVING = repository("qwen-image-edit-2511-remover")
"""Trained to remove what is highlighted in red."""

LIGHTNING = repository("qwen-image-edit-2511-lightning")
"""Makes it work in four steps without guidance."""

VAE = Part(REPOSITORY, "vae")
TRANSFORMER = Part(REPOSITORY, "transformer")


def read_encoder(path: Path, dtype: torch.dtype) -> Component:
    """Qwen2.5-VL, which is told where the picture's tokens stand."""
    found = standard_reader("text_encoder")(path, dtype)
    return with_picture_tokens(cast("Qwen2_5_VLForConditionalGeneration", found))


ENCODER = Part(REPOSITORY, "text_encoder", read=read_encoder)


def read_processor(path: Path, dtype: torch.dtype) -> Qwen2VLProcessor:
    """What makes tokens of words and a picture."""
    from transformers import Qwen2VLProcessor

    return Qwen2VLProcessor.from_pretrained(path, local_files_only=True)


PROCESSOR = Part(REPOSITORY, "processor", read=read_processor)


def read_qwen_additions(path: Path, dtype: torch.dtype) -> Additions:
    """Additions to Qwen-Image's transformer."""
    from diffusers import QwenImageEditPlusPipeline

    return read_additions(path, dtype, QwenImageEditPlusPipeline)


def additions(repository: Repository) -> Part:
    """What `REMOVING` or `LIGHTNING` adds."""
    return Part(repository, "", read=read_qwen_additions)


LIGHTNING_SCHEDULE = {"base_shift": math.log(3), "max_shift": math.log(3), "shift_terminal": None}
"""The noise schedule that the four steps were made for: a shift of 3 at every size."""


def qwen_pipeline(
    loaded: Mapping[str, Component], scheduler: SchedulerMixin, keep_background: bool
) -> DiffusionPipeline:
    """A stock pipeline on loaded components ("transformer", "vae"); give embeddings.

    keep_background: the one that holds what is outside the mask in place at every step.
    """
    from diffusers import QwenImageEditInpaintPipeline, QwenImageEditPlusPipeline

    kind = QwenImageEditInpaintPipeline if keep_background else QwenImageEditPlusPipeline
    return kind(
        transformer=loaded["transformer"],
        vae=loaded["vae"],
        scheduler=scheduler,
        text_encoder=None,
        tokenizer=None,
        processor=None,
    )
