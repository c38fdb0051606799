"""SAM 2.1 large: 224 million parameters. See `_sam.sam2`."""

from __future__ import annotations

from typing import ClassVar

from methods import Text
from segmentation._sam.sam2 import Sam2, sam2_spec
from segmentation._segmenter import SegmenterSpec


class Sam21Large(Sam2):
    """The authors' model sam2.1-hiera-large."""

    spec: ClassVar[SegmenterSpec] = sam2_spec(
        "large",
        summary=Text("segmenter.sam2_1_large.summary"),
        memory=3 * 2**30,
        rank=50,
    )
