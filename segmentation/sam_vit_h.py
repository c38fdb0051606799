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
        summary=Text(
            "The first Segment Anything, large: for a GPU; most of a minute a photo on a CPU.",
            "第一代 Segment Anything（大）：适合 GPU；在 CPU 上每张照片接近一分钟。",
        ),
        paper=PAPER,
        license="Apache-2.0",
        levels=3,
        weights=(weight_file("sam_vit_h"),),
        memory=8 * 2**30,
        rank=80,
    )
