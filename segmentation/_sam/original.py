"""Segment Anything: what its family has in common, whatever the image encoder.

Kirillov et al., "Segment Anything", ICCV 2023. The prompt encoder and the mask decoder are
those of the segment-anything package; this module carries photos and prompts into the
network's frame and its answers back, as the package's `SamPredictor` does, but without a
current photo: the embedding is a value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as PilImage

from methods import Image
from segmentation._prompts.prompts import PromptedObject
from segmentation._sam.decoder import FastMaskDecoder
from segmentation._sam.family import SamFamily
from segmentation._segmenter import Embedding, Frame

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from segment_anything.modeling import Sam


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


def _halve(encoder: torch.nn.Module) -> None:
    """Half precision for all but the neck, whose layer norms square values beyond 256:
    that overflows float16, and every mask with it."""
    encoder.half()
    encoder.neck.float()
    encoder.neck.register_forward_pre_hook(lambda _, inputs: tuple(x.float() for x in inputs))


class SamSegmenter(SamFamily):
    """A loaded `segment_anything.modeling.Sam` behind the common interface.

    sam: in evaluation mode, on its device, and given away. half: see `SamFamily`.
    """

    def __init__(self, sam: Sam, *, half: bool = False) -> None:
        import torch

        super().__init__(sam.device, half=half)
        self._sam = sam
        self._side = int(sam.image_encoder.img_size)
        if half:
            _halve(sam.image_encoder)
        sam.prompt_encoder.to(self._decoding_device)
        sam.mask_decoder.to(self._decoding_device)
        with torch.inference_mode():
            self._decoder = FastMaskDecoder(sam.mask_decoder, sam.prompt_encoder.get_dense_pe())

    def _widen(self) -> None:
        self._sam.image_encoder.float()

    def _features(self, image: Image) -> tuple[torch.Tensor, ...]:
        """One tensor: (1, 256, 64, 64)."""
        return (self._sam.image_encoder(self._pixels(image)).float(),)

    def _pixels(self, image: Image) -> torch.Tensor:
        """(1, 3, side, side) normalised and padded at the bottom and the right with zeros."""
        import torch

        pixels = torch.tensor(resized(image, self._side)).permute(2, 0, 1)[None]
        pixels = self._sam.preprocess(pixels.to(self._device))
        return pixels.to(dtype=self._dtype, memory_format=torch.channels_last)

    def features(self, embedding: Embedding) -> NDArray[np.float32]:
        """(h, w, channels) what the encoder has seen, without its padding; a new array."""
        grid = embedding.data[0][0]
        stride = self._side // grid.shape[1]
        rows, columns = (-(-side // stride) for side in resized_shape(embedding.size, self._side))
        shown = grid[:, :rows, :columns].permute(1, 2, 0)
        return np.ascontiguousarray(shown.float().numpy())

    def _frame(self, size: tuple[int, int], logits: tuple[int, int]) -> Frame:
        return Frame(self._side, resized_shape(size, self._side))

    def _decode(
        self, embedding: Embedding, prompted: PromptedObject
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(3, 256, 256) logits and (3,) predicted IoU."""
        import torch

        height, width = resized_shape(embedding.size, self._side)
        scale = (width / embedding.size[1], height / embedding.size[0])
        with torch.inference_mode():
            points, labels, box = self._prompt_tensors(prompted, scale)
            sparse, dense = self._sam.prompt_encoder(
                points=None if points is None or labels is None else (points[None], labels[None]),
                boxes=None if box is None else box[None],
                masks=None,
            )
            features = embedding.data[0].to(self._decoding_device)
            logits, scores = self._decoder(features, sparse, dense)
            return logits.cpu().numpy(), scores.cpu().numpy()
