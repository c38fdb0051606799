"""SAM ViT-B: the first Segment Anything with its smallest encoder. See `_sam.vit`."""

from __future__ import annotations

from typing import ClassVar

from methods import Text
from segmentation._sam.vit import PAPER, SamVit
from segmentation._segmenter import SegmenterSpec
from segmentation._weights import weight_file


class SamVitB(SamVit):
    """The authors' checkpoint sam_vit_b_01ec64.pth."""

    kind = "vit_b"
    spec: ClassVar[SegmenterSpec] = SegmenterSpec(
        id="sam_vit_b",
        name="SAM ViT-B",
        summary=Text("segmenter.sam_vit_b.summary"),
        paper=PAPER,
        license="Apache-2.0",
        levels=3,
        weights=(weight_file("sam_vit_b"),),
        memory=3 * 2**30,
        rank=60,
    )
