"""CLIP's image encoder (ViT-L/14), for methods that look at the object or at the picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from methods._base import Image
from methods._diffusion.readers import read_model
from methods._weights.pins.manifest import repository

if TYPE_CHECKING:
    import torch
    from transformers import CLIPVisionModelWithProjection

CLIP_LARGE = repository("clip-vit-large-patch14")
"""Both of CLIP's encoders are in the one file; only the image's is read."""


def read_vision(path: Path, dtype: torch.dtype) -> CLIPVisionModelWithProjection:
    """CLIPVisionModelWithProjection, from its own files or from those of the whole of CLIP."""
    from transformers import CLIPVisionModelWithProjection
    from transformers.utils import logging

    spoken = logging.get_verbosity()
    logging.set_verbosity_error()  # the text encoder's tensors, left over, would be listed
    try:
        return read_model(CLIPVisionModelWithProjection, path, dtype)
    finally:
        logging.set_verbosity(spoken)


def clip_pixels(image: Image, side: int) -> torch.Tensor:
    """(H, W, 3) uint8 as CLIP sees it: (1, 3, side, side) float32, the shorter side resized to
    `side` and the middle cut out. Resized by Pillow, as the models were trained."""
    from PIL import Image as Pillow
    from transformers import CLIPImageProcessorPil

    processor = CLIPImageProcessorPil(
        size={"shortest_edge": side}, crop_size={"height": side, "width": side}
    )
    pixels: torch.Tensor = processor(Pillow.fromarray(image), return_tensors="pt").pixel_values
    return pixels
