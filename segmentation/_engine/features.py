"""What a segmenter's encoder sees in a picture, for those who judge results.

    readings = methods.judge(photo, mask, result, features=features_of)

The encoder of Segment Anything tells objects and materials apart; MobileSAM's learned its
features from that of ViT-H and is small enough to be at hand everywhere.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from methods import Image
from segmentation._engine.embeddings import EmbeddingCache
from segmentation._engine.registry import get_segmenter, is_segmenter_ready, list_segmenters

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEATURES = "mobile_sam"
"""The segmenter whose features are taken, always the same one: numbers are to be compared."""

_recent = EmbeddingCache(24 * 2**20)  # every result of a run is compared with the same photo


def features_of(image: Image) -> NDArray[np.float32]:
    """(H, W, 3) uint8 RGB to (h, w, 256): a cell for each 16 of the encoder's 1024 pixels.

    The grid covers the picture and none of the encoder's padding. Downloads nothing: raises
    WeightsUnavailable where the weights are not on this machine, Unavailable where memory
    is short.
    """
    from segmentation._sam.original import SamSegmenter

    segmenter = get_segmenter(FEATURES, fetch_missing=False)
    assert isinstance(segmenter, SamSegmenter)
    digest = hashlib.sha256(np.ascontiguousarray(image).data)
    key = f"{image.shape} {digest.hexdigest()}"
    return segmenter.features(_recent.get(segmenter, image, key))


def are_features_ready() -> bool:
    """Whether `features_of` has its weights on this machine."""
    return any(spec.id == FEATURES and is_segmenter_ready(spec) for spec in list_segmenters())
