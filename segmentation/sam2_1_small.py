"""SAM 2.1 small: 46 million parameters. See `_sam.sam2`."""

from __future__ import annotations

from typing import ClassVar

from methods import Text
from segmentation._sam.sam2 import Sam2, sam2_spec
from segmentation._segmenter import SegmenterSpec


class Sam21Small(Sam2):
    """The authors' model sam2.1-hiera-small."""

    spec: ClassVar[SegmenterSpec] = sam2_spec(
        "small",
        summary=Text("segmenter.sam2_1_small.summary"),
        memory=1 * 2**30,
        rank=30,
    )
