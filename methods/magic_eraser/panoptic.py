"""Panoptic classes of a picture: what is background ("stuff"), what are things.

Mask2Former (Cheng et al., "Masked-attention Mask Transformer for Universal Image Segmentation",
CVPR 2022) through transformers, with its weights for the 133 classes of COCO.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from methods._base import Image, Mask
from methods._diffusion.components import Part
from methods._diffusion.readers import read_model
from methods._weights.pins.manifest import repository

if TYPE_CHECKING:
    import torch
    from transformers import Mask2FormerForUniversalSegmentation

MASK2FORMER = repository("mask2former-coco-panoptic")
"""The size that MagicEraser's authors use in their scripts; the licence is the one of
Mask2Former's own list of models."""

NOTHING = -1
"""The label of pixels without a class."""

_FIRST_STUFF = 80  # of COCO's 133 panoptic classes the first 80 are things
_SIDE = 384  # pixels of the square that the network was trained on


def _read(path: Path, dtype: torch.dtype) -> Mask2FormerForUniversalSegmentation:
    """In float32 always: its sampling of features is not made for half precision."""
    import torch
    from transformers import Mask2FormerForUniversalSegmentation

    return read_model(Mask2FormerForUniversalSegmentation, path, torch.float32)


NETWORK = Part(MASK2FORMER, "", read=_read)
"""To be taken from the store of components."""


@dataclass(frozen=True, slots=True, eq=False)
class Panoptic:
    """labels: (H, W) int32, the class of each pixel, or NOTHING. names: of the classes."""

    labels: NDArray[np.int32]
    names: Mapping[int, str]

    @property
    def background(self) -> Mask:
        """(H, W), pixels of sky, walls, grass and the like."""
        return self.labels >= _FIRST_STUFF

    @property
    def things(self) -> Mask:
        """(H, W), pixels of people, cars and the like."""
        return (self.labels > NOTHING) & (self.labels < _FIRST_STUFF)

    def shares(self, where: Mask) -> dict[int, float]:
        """The classes within a mask and the share of it that each covers, largest first."""
        labels, counts = np.unique(self.labels[where], return_counts=True)
        found = {int(a): float(n) / where.sum() for a, n in zip(labels, counts, strict=True)}
        found.pop(NOTHING, None)
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def name(self, label: int) -> str:
        """A class in plain words: "sky-other-merged" is sky."""
        return self.names.get(label, "").split("-")[0]


def panoptic(network: Mask2FormerForUniversalSegmentation, image: Image) -> Panoptic:
    """The classes of a picture, (H, W, 3) uint8; on the network's device."""
    import torch
    from transformers import Mask2FormerImageProcessor

    processor = Mask2FormerImageProcessor(size={"height": _SIDE, "width": _SIDE})
    pixels = processor(images=image, return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        output = network(pixel_values=pixels.to(network.device))
    names = {int(label): str(name) for label, name in network.config.id2label.items()}
    (found,) = processor.post_process_panoptic_segmentation(
        output,
        label_ids_to_fuse={label for label in names if label >= _FIRST_STUFF},
        target_sizes=[image.shape[:2]],
    )
    segments = found["segmentation"].cpu().numpy()
    labels = np.full(image.shape[:2], NOTHING, np.int32)
    for segment in found["segments_info"]:
        labels[segments == segment["id"]] = segment["label_id"]
    return Panoptic(labels, names)
