"""SAM 2.1: what its four sizes share.

Ravi et al., "SAM 2: Segment Anything in Images and Videos", 2024. Only the part for images
is used; the memory for videos in the same files is left out.
"""

from __future__ import annotations

from methods import Paper, Text
from segmentation._sam.transformers import HubSam, Library
from segmentation._segmenter import SegmenterSpec
from segmentation._weights import repository

_PAPER = Paper(
    "SAM 2: Segment Anything in Images and Videos", "https://arxiv.org/abs/2408.00714", 2024
)


class Sam2(HubSam):
    """One size of SAM 2.1."""

    @staticmethod
    def library() -> Library:
        """Import the classes of this generation."""
        from transformers import Sam2Config, Sam2ImageProcessor, Sam2Model

        return Library(Sam2Model, Sam2Config, Sam2ImageProcessor)


def sam2_spec(size: str, *, summary: Text, memory: int, rank: int) -> SegmenterSpec:
    """The spec of one size. size: as its repository calls it, for example "base-plus"."""
    return SegmenterSpec(
        id=f"sam2_1_{size.replace('-', '_')}",
        name=f"SAM 2.1 {size}",
        summary=summary,
        paper=_PAPER,
        license="Apache-2.0",
        levels=3,
        weights=repository(f"sam2.1-hiera-{size}").weights(),
        memory=memory,
        rank=rank,
    )
