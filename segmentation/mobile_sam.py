"""MobileSAM: Segment Anything with a small image encoder, quick enough for a CPU.

Zhang et al., "Faster Segment Anything: Towards Lightweight SAM for Mobile Applications",
2023. 10 million parameters; about 0.7 s a photo and 40 ms a click on two CPU cores.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from methods import Paper, Text
from segmentation._sam.checkpoint import read_checkpoint, unreadable
from segmentation._sam.original import SamSegmenter
from segmentation._segmenter import SegmenterSpec
from segmentation._weights import weight_file

if TYPE_CHECKING:
    import torch
    from segment_anything.modeling import Sam

WEIGHTS = weight_file("mobile_sam")

_PIXEL_MEAN = [123.675, 116.28, 103.53]
_PIXEL_STD = [58.395, 57.12, 57.375]


class MobileSam(SamSegmenter):
    """MobileSAM with its published weights."""

    spec: ClassVar[SegmenterSpec] = SegmenterSpec(
        id="mobile_sam",
        name="MobileSAM",
        summary=Text("segmenter.mobile_sam.summary"),
        paper=Paper(
            "Faster Segment Anything: Towards Lightweight SAM for Mobile Applications",
            "https://arxiv.org/abs/2306.14289",
            2023,
        ),
        license="Apache-2.0",
        levels=3,
        weights=(WEIGHTS,),
        memory=700 * 2**20,
        rank=10,
    )

    @classmethod
    def load(cls) -> MobileSam:
        """With its weights (fetched if need be), on the best device; half precision on CUDA."""
        from methods import best_device, fetch

        return cls.from_file(fetch(WEIGHTS), best_device())

    @classmethod
    def from_file(cls, path: Path, device: str = "cpu", *, half: bool | None = None) -> MobileSam:
        """With the weights in `path`. half: None = on CUDA only. Raises WeightsUnavailable."""
        # Moved last: fusing makes new convolutions, on the CPU wherever the network lies.
        sam = _made_fast(build_mobile_sam(read_state(path))).to(device)
        return cls(sam, half=device == "cuda" if half is None else half)


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint; never runs code from it. Raises WeightsUnavailable."""
    return read_checkpoint(path, MobileSam.spec.name)


def build_mobile_sam(state: dict[str, torch.Tensor]) -> Sam:
    """A `segment_anything.modeling.Sam` with MobileSAM's encoder and these weights, on the CPU.

    state: the published checkpoint's 439 tensors. Raises WeightsUnavailable if they are others.
    """
    from segment_anything.modeling import MaskDecoder, PromptEncoder, Sam, TwoWayTransformer

    from segmentation._sam.tiny_vit_network import (
        IMAGE_SIZE,
        TinyVitEncoder,
        translate_encoder_keys,
    )

    channels, grid = 256, IMAGE_SIZE // 16
    transformer = TwoWayTransformer(depth=2, embedding_dim=channels, mlp_dim=2048, num_heads=8)
    sam = Sam(
        image_encoder=TinyVitEncoder(),
        prompt_encoder=PromptEncoder(channels, (grid, grid), (IMAGE_SIZE, IMAGE_SIZE), 16),
        mask_decoder=MaskDecoder(transformer_dim=channels, transformer=transformer),
        pixel_mean=_PIXEL_MEAN,
        pixel_std=_PIXEL_STD,
    )
    try:
        sam.load_state_dict(translate_encoder_keys(state))
    except RuntimeError as error:
        raise unreadable(WEIGHTS.name, MobileSam.spec.name) from error
    return sam.eval()


def _made_fast(sam: Sam) -> Sam:
    """The same function up to rounding, in two thirds of the time on a CPU (measured)."""
    import torch

    from segmentation._sam.tiny_vit_network import fuse_batch_norms

    fuse_batch_norms(sam.image_encoder)
    sam.image_encoder.to(memory_format=torch.channels_last)
    return sam
