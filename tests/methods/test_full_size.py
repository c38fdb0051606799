"""The random models of full size are as large as the published ones, to a part in a thousand:
counted on the meta device against the sizes of the pinned files."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

import full_size
from full_size import CLIP_G, CLIP_H, CLIP_L, SD2, SD15, SDXL
from methods._diffusion.clip_vision import CLIP_LARGE
from methods._diffusion.eraser import Repository
from methods._diffusion.repositories import (
    SD2_INPAINTING,
    SD15_INPAINTING,
    SDXL_INPAINTING,
)
from methods.attentive_eraser.models import MODELS
from methods.lama.eraser import BIG_LAMA
from tiers import rest_is_slow

SD_VAE, PAIRED = full_size.vae, partial(full_size.text_encoder, CLIP_G, pooled=True)
PARTS: list[tuple[Repository, str, Any]] = [
    (SD15_INPAINTING, "unet", partial(full_size.unet, SD15, 9)),
    (SD15_INPAINTING, "vae", SD_VAE),
    (SD15_INPAINTING, "text_encoder", partial(full_size.text_encoder, CLIP_L)),
    (SD2_INPAINTING, "unet", partial(full_size.unet, SD2, 9)),
    (SD2_INPAINTING, "text_encoder", partial(full_size.text_encoder, CLIP_H)),
    (SDXL_INPAINTING, "unet", partial(full_size.unet, SDXL, 9)),
    (MODELS["sdxl"].base, "unet", partial(full_size.unet, SDXL, 4)),
    (SDXL_INPAINTING, "text_encoder_2", PAIRED),
]


def half_bytes(make: Any) -> int:
    return 2 * sum(tensor.numel() for tensor in full_size.built(make, "meta").parameters())


@pytest.mark.parametrize(
    ("repository", "folder", "make"),
    rest_is_slow(PARTS, 2, several=True),
    ids=[f"{r.name}/{f}" for r, f, _ in PARTS],
)
def test_a_part_has_the_published_size(repository: Repository, folder: str, make: Any) -> None:
    (size,) = (
        file.size
        for file in repository.files
        if file.path.startswith(f"{folder}/") and file.path.endswith(".safetensors")
    )
    assert half_bytes(make) == pytest.approx(size, rel=1e-3)


def test_clip_and_lama_have_the_published_sizes() -> None:
    import torch

    from methods.lama.network import LamaGenerator

    whole = max(file.size for file in CLIP_LARGE.files)
    assert 2 * half_bytes(full_size.clip) == pytest.approx(whole, rel=1e-3)
    with torch.device("meta"):
        values = sum(tensor.numel() for tensor in LamaGenerator().parameters())
    assert 4 * values == pytest.approx(BIG_LAMA.size, rel=0.01)
