"""SAM ViT-L: the first Segment Anything with its middle encoder. See `_sam.vit`."""

from __future__ import annotations

from typing import ClassVar

from methods import Text
from segmentation._sam.vit import PAPER, SamVit
from segmentation._segmenter import SegmenterSpec
from segmentation._weights import weight_file


class SamVitL(SamVit):
    """The authors' checkpoint sam_vit_l_0b3195.pth."""

    kind = "vit_l"
    spec: ClassVar[SegmenterSpec] = SegmenterSpec(
        id="sam_vit_l",
        name="SAM ViT-L",
        summary=Text(
            "The first Segment Anything, medium: about 20 s a photo on two CPU cores.",
            "第一代 Segment Anything（中）：双核 CPU 每张照片约 20 秒。",
        ),
        paper=PAPER,
        license="Apache-2.0",
        levels=3,
        weights=(weight_file("sam_vit_l"),),
        memory=5 * 2**30,
        rank=70,
    )
