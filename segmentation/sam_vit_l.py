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
        summary=Text("segmenter.sam_vit_l.summary"),
        paper=PAPER,
        license="Apache-2.0",
        levels=3,
        weights=(weight_file("sam_vit_l"),),
        memory=5 * 2**30,
        rank=70,
    )
