"""SAM 2.1 base-plus: 81 million parameters. See `_sam.sam2`."""

from __future__ import annotations

from typing import ClassVar

from methods import Text
from segmentation._sam.sam2 import Sam2, sam2_spec
from segmentation._segmenter import SegmenterSpec


class Sam21BasePlus(Sam2):
    """The authors' model sam2.1-hiera-base-plus."""

    spec: ClassVar[SegmenterSpec] = sam2_spec(
        "base-plus",
        summary=Text("segmenter.sam2_1_base_plus.summary"),
        memory=3 * 2**29,
        rank=40,
    )
