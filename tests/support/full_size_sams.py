"""Random weights of every segmenter in its published size, in files laid out as the authors' own;
see `full_size`."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

from full_size import Build, built, tensors_of

# --- MobileSAM and the first SAM -------------------------------------------------------------

_AUTHORS_NAMES = (
    (re.compile(r"^patch_embed\.conv1\."), "patch_embed.seq.0."),
    (re.compile(r"^patch_embed\.conv2\."), "patch_embed.seq.2."),
    (re.compile(r"\.conv\.weight$"), ".c.weight"),
)
_STAGE = re.compile(r"^stages\.(\d)\.(.*)")


def mobile_sam() -> Any:
    """MobileSAM."""
    from segment_anything import build_sam_vit_b

    from segmentation._sam.tiny_vit_network import TinyVitEncoder

    sam = build_sam_vit_b()  # whose decoder it has
    sam.image_encoder = TinyVitEncoder()
    return sam


def authors_name(key: str) -> str:
    """A tensor of our MobileSAM under the name in the published checkpoint."""
    start = "image_encoder.body."
    if not key.startswith(start):
        return key
    key = key.removeprefix(start)
    if stage := _STAGE.match(key):
        shift = 1 if stage[2].startswith("downsample.") else 0
        key = f"layers.{int(stage[1]) - shift}.{stage[2]}"
    for pattern, name in _AUTHORS_NAMES:
        key = pattern.sub(name, key)
    return f"image_encoder.{key}"


def save_mobile_sam(file: Path, device: str) -> Path:
    """One file of float32."""
    import torch

    tensors = tensors_of(built(mobile_sam, device, half=False))
    torch.save({authors_name(key): tensor for key, tensor in tensors.items()}, file)
    return file


def sam_vit(kind: str) -> Any:
    """One size of the first SAM. kind: its name in the package's registry."""
    from segment_anything import sam_model_registry

    return sam_model_registry[kind]()


def save_sam_vit(file: Path, device: str, *, kind: str) -> Path:
    """One file of float32."""
    import torch

    torch.save(tensors_of(built(partial(sam_vit, kind), device, half=False)), file)
    return file


# --- SAM 2.1 and SAM 3 -----------------------------------------------------------------------

HIERA: dict[str, dict[str, Any]] = {
    "tiny": {},
    "small": {"blocks_per_stage": [1, 2, 11, 2], "global_attention_blocks": [7, 10, 13]},
    "base-plus": {
        "hidden_size": 112,
        "embed_dim_per_stage": [112, 224, 448, 896],
        "num_attention_heads_per_stage": [2, 4, 8, 16],
        "num_attention_heads": 2,
        "blocks_per_stage": [2, 3, 16, 3],
        "global_attention_blocks": [12, 16, 20],
        "window_positional_embedding_background_size": [14, 14],
    },
    "large": {
        "hidden_size": 144,
        "embed_dim_per_stage": [144, 288, 576, 1152],
        "num_attention_heads_per_stage": [2, 4, 8, 16],
        "num_attention_heads": 2,
        "blocks_per_stage": [2, 6, 36, 4],
        "global_attention_blocks": [23, 33, 43],
        "window_size_per_stage": [8, 4, 16, 8],
    },
}
"""What differs from the library's own defaults, which are those of "tiny"."""


def sam2(size: str) -> Any:
    """The part of SAM 2.1 for images; the published files hold the memory for videos besides."""
    from transformers import Sam2Config, Sam2HieraDetConfig, Sam2Model, Sam2VisionConfig

    changes = HIERA[size]
    vision: dict[str, Any] = {"backbone_config": Sam2HieraDetConfig(**changes)}
    if widths := changes.get("embed_dim_per_stage"):
        vision["backbone_channel_list"] = widths[::-1]
    return Sam2Model(Sam2Config(vision_config=Sam2VisionConfig(**vision)))


def sam3() -> Any:
    """SAM 3's tracker with its image encoder; the library's defaults are the published sizes."""
    from transformers import Sam3TrackerConfig, Sam3TrackerModel

    return Sam3TrackerModel(Sam3TrackerConfig())


def save_sam2(folder: Path, device: str, *, size: str) -> Path:
    """config.json and one file of float32."""
    built(partial(sam2, size), device, half=False).save_pretrained(folder)
    return folder


def save_sam3(folder: Path, device: str) -> Path:
    """config.json and one file of float32."""
    built(sam3, device, half=False).save_pretrained(folder)
    return folder


SAMS: dict[str, Build] = {
    "mobile_sam.pt": save_mobile_sam,
    "sam_vit_b_01ec64.pth": partial(save_sam_vit, kind="vit_b"),
    "sam_vit_l_0b3195.pth": partial(save_sam_vit, kind="vit_l"),
    "sam_vit_h_4b8939.pth": partial(save_sam_vit, kind="vit_h"),
    **{f"sam2.1-hiera-{size}": partial(save_sam2, size=size) for size in HIERA},
    "sam3": save_sam3,
}
"""What to make for each weight file, or folder of them."""
