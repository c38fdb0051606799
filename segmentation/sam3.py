"""SAM 3: points and boxes answered by its tracker; 848 million parameters in all.

Carion et al., "SAM 3: Segment Anything with Concepts", 2025. Its repository on the model hub
is gated: the weights come only to those who have accepted the licence there, and say who
they are by a token. Only the parts for a prompted image are used.
"""

from __future__ import annotations

from typing import ClassVar

from methods import Paper, Text
from segmentation._sam.transformers import HubSam, Library
from segmentation._segmenter import SegmenterSpec
from segmentation._weights import repository

_REPOSITORY = repository("sam3")


class Sam3(HubSam):
    """The authors' model sam3."""

    spec: ClassVar[SegmenterSpec] = SegmenterSpec(
        id="sam3",
        name="SAM 3",
        summary=Text("segmenter.sam3.summary"),
        paper=Paper(
            "SAM 3: Segment Anything with Concepts", "https://arxiv.org/abs/2511.16719", 2025
        ),
        license="SAM License",
        levels=3,
        weights=_REPOSITORY.weights(),
        gated=_REPOSITORY.gated,
        memory=8 * 2**30,
        rank=90,
    )

    @staticmethod
    def library() -> Library:
        """Import the classes of this generation."""
        from transformers import Sam3ImageProcessor, Sam3TrackerConfig, Sam3TrackerModel

        return Library(Sam3TrackerModel, Sam3TrackerConfig, Sam3ImageProcessor)
