"""Prompts that are read together with the picture they are about, by Qwen2.5-VL.

So each picture needs the encoder anew. What it said of the latest pictures is kept in this
process, for another seed or other settings; nothing about a user's picture goes to the disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from methods._base import Image
from methods._diffusion.eraser import ClipPrompts, Component, Embedding, Part, pil

if TYPE_CHECKING:
    import torch


class PicturePrompts(ClipPrompts):
    """tokens: (1, N, 3584); N depends on the picture's shape and on the words."""

    lasting: ClassVar[bool] = False

    def __init__(self, processor: Part, encoder: Part, picture: Image) -> None:
        super().__init__(processor, encoder)
        self._picture = picture

    def encode(self, text: str, *components: Component) -> Embedding:
        """As the pipeline for several pictures does it, which the model was trained with."""
        from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as plus
        from diffusers.utils.torch_utils import get_module_execution_device

        processor, encoder = components
        pipeline = plus.QwenImageEditPlusPipeline(None, None, encoder, None, processor, None)
        height, width = self._picture.shape[:2]
        width, height = plus.calculate_dimensions(plus.CONDITION_IMAGE_SIZE, width / height)
        small = pipeline.image_processor.resize(pil(self._picture), height, width)
        tokens, _ = pipeline.encode_prompt(
            image=[small], prompt=text, device=get_module_execution_device(encoder)
        )
        return Embedding(tokens.cpu())

    def keys(self, texts: Sequence[str], dtype: torch.dtype) -> dict[str, str]:
        """Also by the picture, which is read with the words."""
        seen = hashlib.sha256(repr(self._picture.shape).encode() + self._picture.tobytes())
        keys = super().keys(texts, dtype)
        return {text: f"{key}-{seen.hexdigest()}" for text, key in keys.items()}
