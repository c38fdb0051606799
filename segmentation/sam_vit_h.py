"""SAM ViT-H: the first Segment Anything with its largest encoder. See `_sam.vit`."""

from __future__ import annotations

from typing import ClassVar

from methods import Text
from segmentation._sam.vit import PAPER, SamVit
from segmentation._segmenter import SegmenterSpec
from segmentation._weights import weight_file


class SamVitH(SamVit):
    """The authors' checkpoint sam_vit_h_4b8939.pth."""

    kind = "vit_h"
    spec: ClassVar[SegmenterSpec] = SegmenterSpec(
        id="sam_vit_h",
        name="SAM ViT-H",
        summary=Text("segmenter.sam_vit_h.summary"),
        paper=PAPER,
        license="Apache-2.0",
        levels=3,
        weights=(weight_file("sam_vit_h"),),
        memory=8 * 2**30,
        rank=80,
    )
