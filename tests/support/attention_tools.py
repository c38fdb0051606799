"""Tiny base models and small inputs for the tests of the erasers that change self-attention."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tiny_models
from methods import Image, Mask
from methods._diffusion.self_attention import TokenMasks
from methods._weights.store import use_local
from methods.attentive_eraser.models import MODELS

LATENT = (8, 16)
"""(h, w) of `unet_inputs` and `object_mask`."""


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """More get in each other's way in nets as small as these."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def base_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Attentive Eraser's three base models, tiny; SD's with all of its 16 blocks."""
    folder = tmp_path_factory.mktemp("models")
    for name, model in MODELS.items():
        if name == "sdxl":
            tiny_models.save_sdxl(folder / name, seed=60, in_channels=4)
        else:
            tiny_models.save_sd(folder / name, 40, unet=tiny_models.sd15_layout(4))
        use_local(model.base.name, folder / name)
    yield
    for model in MODELS.values():
        use_local(model.base.name, None)


@pytest.fixture(scope="module")
def photo() -> Image:
    """64 x 128 pixels of smooth noise."""
    import cv2

    coarse = np.random.default_rng(0).integers(0, 256, (8, 16, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, (128, 64), interpolation=cv2.INTER_CUBIC))


@pytest.fixture(scope="module")
def mask() -> Mask:
    """An object in the photo's middle."""
    found = np.zeros((64, 128), bool)
    found[18:45, 40:75] = True
    return found


def unet_inputs(unet: Any, halves: int = 1) -> dict[str, Any]:
    """Of a UNet with the latents of LATENT, the same for all halves."""
    import torch

    made = torch.Generator().manual_seed(1)
    width = unet.config.cross_attention_dim
    channels = unet.config.in_channels
    given: dict[str, Any] = {
        "sample": torch.randn(1, channels, *LATENT, generator=made).repeat(halves, 1, 1, 1),
        "timestep": torch.tensor(500),
        "encoder_hidden_states": torch.randn(1, 77, width, generator=made).repeat(halves, 1, 1),
    }
    if unet.config.addition_embed_type:
        given["added_cond_kwargs"] = {
            "text_embeds": torch.zeros(halves, tiny_models.WIDTH),
            "time_ids": torch.full((halves, 6), 64.0),
        }
    return given


def object_mask() -> TokenMasks:
    """An object in a picture of the size that LATENT has."""
    mask = np.zeros((LATENT[0] * 8, LATENT[1] * 8), bool)
    mask[20:40, 30:80] = True
    return TokenMasks(mask, LATENT)


def state_of(unet: Any) -> Any:
    """All that a method could leave behind on a network: hooks, other functions, processors."""
    hooks = [len(m._forward_pre_hooks) + len(m._forward_hooks) for m in unet.modules()]
    own = [sorted(name for name in vars(m) if "forward" in name) for m in unet.modules()]
    return hooks, own, {key: id(value) for key, value in unet.attn_processors.items()}
