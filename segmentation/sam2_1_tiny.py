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
        summary=Text("segmenter.sam2_1_tiny.summary"),
        memory=1 * 2**30,
        rank=20,
    )
