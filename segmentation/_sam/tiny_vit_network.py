"""MobileSAM's image encoder, built from timm's TinyViT.

Zhang et al., "Faster Segment Anything: Towards Lightweight SAM for Mobile Applications",
2023, distil SAM's ViT-H encoder into TinyViT-5M (Wu et al., ECCV 2022). Theirs differs from
the classifier in three ways: it reads 1024 x 1024 pixels, its last patch merging keeps the
resolution (stride 1), so that 64 x 64 positions remain, and SAM's neck of two convolutions
takes the place of the classification head.

timm names the layers differently and puts each patch merging at the start of the stage
that follows, not at the end of the one before; `encoder_keys` translates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from segment_anything.modeling.common import LayerNorm2d
from timm.models.tiny_vit import ConvNorm, TinyVit
from torch import nn

IMAGE_SIZE = 1024
_EMBED_DIMS = (64, 128, 160, 320)
_OUT_CHANNELS = 256
_CLASSIFIER = re.compile(r"image_encoder\.(norm_head|head)\.")
_RENAMES = (
    (re.compile(r"patch_embed\.seq\.0\."), "patch_embed.conv1."),
    (re.compile(r"patch_embed\.seq\.2\."), "patch_embed.conv2."),
    (re.compile(r"\.c\.weight$"), ".conv.weight"),
)


class TinyVitEncoder(nn.Module):
    """(B, 3, 1024, 1024) normalised pixels -> (B, 256, 64, 64) image embedding."""

    img_size = IMAGE_SIZE  # segment_anything.modeling.Sam asks its encoder for this name

    def __init__(self) -> None:
        super().__init__()
        self.body = TinyVit(
            embed_dims=_EMBED_DIMS,
            depths=(2, 2, 6, 2),
            num_heads=(2, 4, 5, 10),
            window_sizes=(7, 7, 14, 7),
            num_classes=0,
            drop_path_rate=0.0,
        )
        self.body.head = nn.Identity()
        self.body.stages[3].downsample.conv2.conv.stride = (1, 1)
        self.neck = nn.Sequential(
            nn.Conv2d(_EMBED_DIMS[-1], _OUT_CHANNELS, 1, bias=False),
            LayerNorm2d(_OUT_CHANNELS),
            nn.Conv2d(_OUT_CHANNELS, _OUT_CHANNELS, 3, padding=1, bias=False),
            LayerNorm2d(_OUT_CHANNELS),
        )

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Encode a batch of normalised, padded pictures."""
        return self.neck(self.body.forward_features(pixels))


def _renamed(key: str) -> str:
    if key.startswith("neck."):
        return key
    stage = re.match(r"layers\.(\d)\.(.*)", key)
    if stage is not None:
        shift = 1 if stage[2].startswith("downsample.") else 0
        key = f"stages.{int(stage[1]) + shift}.{stage[2]}"
    for pattern, name in _RENAMES:
        key = pattern.sub(name, key)
    return f"body.{key}"


def translate_encoder_keys(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The checkpoint of MobileSAM with its encoder's keys in timm's names.

    The classifier's remains (`head`, `norm_head`), which MobileSAM never runs, are left out.
    """
    prefix = "image_encoder."
    return {
        prefix + _renamed(key.removeprefix(prefix)) if key.startswith(prefix) else key: value
        for key, value in state.items()
        if not _CLASSIFIER.match(key)
    }


def fuse_batch_norms(module: nn.Module) -> None:
    """Fold every batch normalisation into the convolution before it, in place.

    Same function up to rounding (4e-6 on the embedding), a tenth less time.
    """
    for name, child in module.named_children():
        if isinstance(child, ConvNorm):
            setattr(module, name, child.fuse())
        else:
            fuse_batch_norms(child)
