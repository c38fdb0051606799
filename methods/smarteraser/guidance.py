"""SmartEraser's prompt: a fixed text with CLIP's view of the object in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from methods._base import Image, Unavailable
from methods._diffusion.clip_vision import clip_pixels

if TYPE_CHECKING:
    import torch
    from transformers import CLIPVisionModelWithProjection

    from methods.smarteraser.network import ImageToText

TEXTS = ("Remove the instance of object", "")
"""The prompt that it was trained with, and that of the unconditional half."""


class ObjectPrompts:
    """Makes prompts of objects. encoder: CLIP's image encoder; network: an ImageToText.

    Raises Unavailable where the two do not fit each other.
    """

    def __init__(self, encoder: CLIPVisionModelWithProjection, network: ImageToText) -> None:
        if encoder.config.projection_dim != network.norm.weight.shape[0]:
            raise _not_a_pair()
        self._encoder, self._network = encoder, network
        self._nothing: torch.Tensor | None = None

    def of(
        self, cut: Image, text: torch.Tensor, empty: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The prompts of both halves, (1, 7, C) each, on the CPU.

        cut: the object alone on white; text, empty: the embeddings of TEXTS, (1, 7, C).
        """
        from methods.smarteraser.network import with_object, without_object

        pixels = clip_pixels(cut, self._encoder.config.image_size)
        image = self.embedded(pixels)
        if image.shape[-1] != text.shape[-1]:
            raise _not_a_pair()
        if self._nothing is None:  # the same for every object
            self._nothing = self.embedded(pixels * 0)
        return with_object(text, image), without_object(empty, self._nothing)

    def embedded(self, pixels: torch.Tensor) -> torch.Tensor:
        """CLIP's embedding of an image as a word, (1, C). pixels: (1, 3, side, side)."""
        import torch

        encoder, network = self._encoder, self._network
        with torch.no_grad():
            embedding = encoder(pixels.to(encoder.device, encoder.dtype)).image_embeds
            word: torch.Tensor = network(embedding.to(network.norm.weight.device))
        return word.cpu()


def _not_a_pair() -> Unavailable:
    return Unavailable("weights_mixed", name="smarteraser")
