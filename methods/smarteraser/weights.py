"""SmartEraser's files, which only the user can bring, and how they are read.

The authors give one archive in a drive's folder. No hash of it could be seen, so what is found
is checked by what it holds: every network must be of SmartEraser's shape, to the last tensor.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from methods._base import Text, WeightFile
from methods._diffusion.clip_vision import CLIP_LARGE, read_vision
from methods._diffusion.eraser import ClipPrompts, Part, read_model
from methods._diffusion.readers import files_of, is_network, unreadable
from methods._weights.pins.manifest import repository
from methods._weights.state_dict import read_tensors

if TYPE_CHECKING:
    import torch
    from diffusers import UNet2DConditionModel
    from transformers import PreTrainedTokenizerBase

    from methods.smarteraser.network import ImageToText

SMARTERASER = repository("smarteraser")

HOW_TO_GET = Text("eraser.smarteraser.how_to_get", how=SMARTERASER.how_to_get)
"""For the card."""

WEIGHTS: tuple[WeightFile, ...] = (*SMARTERASER.weights(), *CLIP_LARGE.weights())

SCHEDULER = Part(SMARTERASER, "scheduler")


def parts() -> dict[str, Part]:
    """What stays loaded, by name; the first two belong to the pipeline."""
    return {
        "unet": Part(SMARTERASER, "unet", read=read_unet),
        "vae": Part(SMARTERASER, "vae"),
        "image_encoder": Part(CLIP_LARGE, "", read=read_vision),
        "image_to_text": Part(SMARTERASER, "", read=read_image_to_text),
    }


def read_unet(path: Path, dtype: torch.dtype) -> UNet2DConditionModel:
    """A UNet that takes what SmartEraser's does; those of other models lie in folders too."""
    from diffusers import UNet2DConditionModel

    unet = read_model(UNet2DConditionModel, path, dtype)
    if unet.config.in_channels != 9:
        raise unreadable("smarteraser/unet")
    return unet


def read_image_to_text(path: Path, dtype: torch.dtype) -> ImageToText:
    """The small network behind CLIP's image embedding; its width is that of its tensors."""
    from methods.smarteraser.network import ImageToText

    (file,) = (file for file in files_of(path, dtype) if is_network(file))
    tensors = read_tensors(file)
    network = ImageToText(len(tensors["norm.weight"]))
    network.load_state_dict(tensors)
    return network.to(dtype)


class ShortPrompts(ClipPrompts):
    """Seven tokens for a text, in place of CLIP's 77."""

    TOKENS = 7

    def __init__(self) -> None:
        super().__init__(Part(SMARTERASER, "tokenizer"), Part(SMARTERASER, "text_encoder"))

    def ids(self, tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
        """Filled up with the end mark."""
        found: list[int] = tokenizer(
            text, padding="max_length", max_length=self.TOKENS, truncation=True
        ).input_ids
        return found
