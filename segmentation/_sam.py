"""Segment Anything: what its family has in common, whatever the image encoder.

Kirillov et al., "Segment Anything", ICCV 2023. The prompt encoder and the mask decoder are
those of the segment-anything package; this module carries photos and prompts into the
network's frame and its answers back, as the package's `SamPredictor` does, but without a
current photo: the embedding is a value.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image as PilImage

from methods import Image
from segmentation._levels import choose_level
from segmentation.prompts import PromptedObject
from segmentation.segmenter import Candidates, Embedding, Frame, Segmenter

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray


def resized_shape(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
    """(H, W) scaled so that the longer side is `longest_side`, rounded half up as SAM does."""
    scale = longest_side / max(size)
    return max(1, int(size[0] * scale + 0.5)), max(1, int(size[1] * scale + 0.5))


def resized(image: Image, longest_side: int) -> Image:
    """The photo at SAM's input size: Pillow's antialiased bilinear filter on uint8."""
    height, width = resized_shape(image.shape[:2], longest_side)
    if image.shape[:2] == (height, width):
        return image
    picture = PilImage.fromarray(image)
    return np.asarray(picture.resize((width, height), PilImage.Resampling.BILINEAR))


def _halve(encoder: Any) -> None:
    """Half precision for all but the neck, whose layer norms square values beyond 256:
    that overflows float16, and every mask with it."""
    encoder.half()
    encoder.neck.float()
    encoder.neck.register_forward_pre_hook(lambda _, inputs: tuple(x.float() for x in inputs))


class SamSegmenter(Segmenter):
    """A loaded `segment_anything.modeling.Sam` behind the common interface.

    sam: in evaluation mode, on its device, and given away. half: run the image encoder in
    half precision (the decoder, which is small and sensitive, always runs in float32).
    """

    def __init__(self, sam: Any, *, half: bool = False) -> None:
        import torch

        self._sam = sam
        self._device = sam.device
        self._dtype = torch.float16 if half else torch.float32
        self._side = int(sam.image_encoder.img_size)
        if half:
            _halve(sam.image_encoder)
        # One photo at a time: encoders use every core and a few hundred MB each.
        self._encoding = threading.Lock()
        with torch.inference_mode():
            self._image_pe = sam.prompt_encoder.get_dense_pe()

    def encode(self, image: Image, key: str) -> Embedding:
        """Look at a photo once: (H, W, 3) uint8 -> a (1, 256, 64, 64) float32 embedding.

        The embedding rests in main memory, so that any device can decode it.
        """
        import torch

        with torch.inference_mode(), self._encoding:
            features = self._sam.image_encoder(self._pixels(image)).float().cpu()
        height, width = image.shape[:2]
        return Embedding(key, self.spec.id, (height, width), features, features.nbytes)

    def _pixels(self, image: Image) -> torch.Tensor:
        """(1, 3, side, side) normalised and padded at the bottom and the right with zeros."""
        import torch

        pixels = torch.tensor(resized(image, self._side)).permute(2, 0, 1)[None]
        pixels = self._sam.preprocess(pixels.to(self._device))
        return pixels.to(dtype=self._dtype, memory_format=torch.channels_last)

    def segment(self, embedding: Embedding, prompted: PromptedObject) -> Candidates:
        """SAM's three masks for one object (multimask output); see `Segmenter.segment`."""
        if embedding.model != self.spec.id:
            raise ValueError(f"an embedding of {embedding.model} was given to {self.spec.id}")
        prompted = prompted.on_photo(embedding.size)
        logits, scores = self._decode(embedding, prompted)
        frame = Frame(self._side, resized_shape(embedding.size, self._side))
        best = choose_level(frame.shown(logits), scores, embedding.size, prompted)
        return Candidates(logits, scores, best, embedding.size, frame)

    def _decode(
        self, embedding: Embedding, prompted: PromptedObject
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(3, 256, 256) logits and (3,) predicted IoU."""
        import torch

        with torch.inference_mode():
            points, box = self._prompt_tensors(prompted, embedding.size)
            sparse, dense = self._sam.prompt_encoder(points=points, boxes=box, masks=None)
            logits, scores = self._sam.mask_decoder(
                image_embeddings=embedding.data.to(self._device),
                image_pe=self._image_pe,
                sparse_prompt_embeddings=sparse,
                dense_prompt_embeddings=dense,
                multimask_output=True,
            )
            return logits[0].cpu().numpy(), scores[0].cpu().numpy()

    def _prompt_tensors(
        self, prompted: PromptedObject, size: tuple[int, int]
    ) -> tuple[tuple[torch.Tensor, torch.Tensor] | None, torch.Tensor | None]:
        """Points (1, N, 2) with labels (1, N), and box (1, 4), in the network's pixels."""
        import torch

        height, width = resized_shape(size, self._side)
        scale = np.array([width / size[1], height / size[0]])

        def moved(corners: list[tuple[float, float]]) -> torch.Tensor:
            scaled = (np.array(corners) * scale).astype(np.float32)
            return torch.from_numpy(scaled).to(self._device)[None]

        points, box = None, None
        if prompted.points:
            labels = torch.tensor([[p.label for p in prompted.points]], device=self._device)
            points = moved([(p.x, p.y) for p in prompted.points]), labels
        if prompted.box is not None:
            corners = [(prompted.box.x0, prompted.box.y0), (prompted.box.x1, prompted.box.y1)]
            box = moved(corners).reshape(1, 4)
        return points, box
