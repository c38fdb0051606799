"""SAM 2.1 tiny: 39 million parameters. See `_sam.sam2`."""

from __future__ import annotations

from typing import ClassVar

from methods import Text
from segmentation._sam.sam2 import Sam2, sam2_spec
from segmentation._segmenter import SegmenterSpec


class Sam21Tiny(Sam2):
    """The authors' model sam2.1-hiera-tiny."""

    spec: ClassVar[SegmenterSpec] = sam2_spec(
        "tiny",
        summary=Text(
            "The successor of Segment Anything, smallest: sharp edges, a few seconds a photo.",
            "Segment Anything 的后继（最小）：边缘清晰，每张照片几秒。",
        ),
        memory=1 * 2**30,
        rank=20,
    )
