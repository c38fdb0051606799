"""What every generation of SAM shares here: a photo is encoded once, prompts are answered often.

The networks themselves come from their authors' packages. This module keeps them apart from
photos and users: no current photo, embeddings are values in main memory, and the encoder and
the decoder may work on different devices.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from typing import TYPE_CHECKING, NamedTuple

from methods import Image, PoliteLock, Unavailable, trim_heaps, with_device_room
from segmentation._prompts.prompts import PromptedObject
from segmentation._sam.levels import choose_level
from segmentation._segmenter import Candidates, Embedding, Frame, Segmenter

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray


def decodes_on_cpu() -> bool:
    """Whether prompts are answered by the CPU although photos are encoded on a GPU.

    So where the GPU is lent for one call at a time (SPACES_ZERO_GPU): waiting for it would
    take longer than the small decoder does. ERASER_LAB_DECODE_ON_CPU (1 or 0) overrides it.
    """
    given = os.environ.get("ERASER_LAB_DECODE_ON_CPU") or os.environ.get("SPACES_ZERO_GPU", "")
    return given.strip().lower() not in ("", "0", "false", "no")


class PromptTensors(NamedTuple):
    """points (N, 2), labels (N,) and box (4,) in the network's pixels; None where not given."""

    points: torch.Tensor | None
    labels: torch.Tensor | None
    box: torch.Tensor | None


class SamFamily(Segmenter):
    """A loaded network behind the common interface; what differs is in four methods.

    device: where photos are encoded; prompts are answered there or, see `decodes_on_cpu`,
    by the CPU. half: run the image encoder in float16 (the decoder, which is small and
    sensitive, always runs in float32).
    """

    _side: int
    """Of the square that the encoder sees, in pixels."""

    def __init__(self, device: torch.device, *, half: bool) -> None:
        import torch

        self._device = device
        self._decoding_device = torch.device("cpu") if decodes_on_cpu() else device
        self._dtype = torch.float16 if half else torch.float32
        # One photo at a time: encoders use every core and a few hundred MB each. A click is not
        # behind photos that are encoded ahead of theirs, nor behind results that are judged.
        self._encoding = PoliteLock()

    @property
    def input_side(self) -> int:
        return self._side

    @abstractmethod
    def _features(self, image: Image) -> tuple[torch.Tensor, ...]:
        """Look at a photo: float32 tensors, on any device."""

    @abstractmethod
    def _widen(self) -> None:
        """From now on run the encoder in float32."""

    @abstractmethod
    def _decode(
        self, embedding: Embedding, prompted: PromptedObject
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(3, h, w) logits and (3,) predicted IoU."""

    @abstractmethod
    def _frame(self, size: tuple[int, int], logits: tuple[int, int]) -> Frame:
        """How logits of that size lie on a photo of that size."""

    def encode(self, image: Image, key: str) -> Embedding:
        """Look at a photo once: (H, W, 3) uint8 -> float32 tensors in main memory.

        Raises Unavailable when the device has not enough memory.
        """
        with self._encoding:
            features = with_device_room(
                lambda: self._sound_features(image), self._too_little_memory
            )
        trim_heaps()  # the encoder has worked with some hundreds of megabytes
        nbytes = sum(part.nbytes for part in features)
        height, width = image.shape[:2]
        return Embedding(key, self.spec.id, (height, width), features, nbytes)

    def _sound_features(self, image: Image) -> tuple[torch.Tensor, ...]:
        """In main memory; again in float32, and ever after, where float16 has overflowed."""
        import torch

        with torch.inference_mode():
            return self._widened_where_needed(image)

    def _widened_where_needed(self, image: Image) -> tuple[torch.Tensor, ...]:
        import torch

        features = tuple(part.cpu() for part in self._features(image))
        if self._dtype == torch.float16 and not all(part.isfinite().all() for part in features):
            self._widen()
            self._dtype = torch.float32
            features = tuple(part.cpu() for part in self._features(image))
        return features

    def _too_little_memory(self) -> Unavailable:
        return Unavailable("not_enough_memory.segmenter", eraser=self.spec.name)

    def segment(self, embedding: Embedding, prompted: PromptedObject) -> Candidates:
        """SAM's three masks for one object (multimask output); see `Segmenter.segment`."""
        if embedding.model != self.spec.id:
            raise ValueError(f"an embedding of {embedding.model} was given to {self.spec.id}")
        prompted = prompted.on_photo(embedding.size)
        logits, scores = with_device_room(
            lambda: self._decode(embedding, prompted), self._too_little_memory
        )
        frame = self._frame(embedding.size, (logits.shape[1], logits.shape[2]))
        best = choose_level(frame.shown(logits), scores, embedding.size, prompted)
        return Candidates(logits, scores, best, embedding.size, frame)

    def _prompt_tensors(
        self, prompted: PromptedObject, scale: tuple[float, float]
    ) -> PromptTensors:
        """The prompts for the decoder. scale: network pixels a photo pixel, along x and y."""
        import torch

        def moved(corners: list[tuple[float, float]]) -> torch.Tensor:
            # Scaled in float64 as the authors do it, and rounded once.
            places = torch.tensor(corners, dtype=torch.float64)
            places = places * torch.tensor(scale, dtype=torch.float64)
            return places.float().to(self._decoding_device)

        points, labels, box = None, None, None
        if prompted.points:
            points = moved([(point.x, point.y) for point in prompted.points])
            given = [point.label for point in prompted.points]
            labels = torch.tensor(given, device=self._decoding_device)
        if prompted.box is not None:
            corners = [(prompted.box.x0, prompted.box.y0), (prompted.box.x1, prompted.box.y1)]
            box = moved(corners).flatten()
        return PromptTensors(points, labels, box)
