"""Erase Diffusion's self-rectifying attention: the formula, and the eraser on a tiny model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tiny_models
from attention_tools import mask as mask
from attention_tools import object_mask, state_of, unet_inputs
from attention_tools import one_thread as one_thread
from attention_tools import photo as photo
from methods import Eraser, Image, Mask, Stopped
from methods._base import no_progress
from methods._diffusion.eraser import attention_processors, store
from methods._diffusion.self_attention import Tokens
from methods._weights.store import use_local
from methods.erase_diffusion import (
    BASE,
    EraseDiffusion,
    SelfRectifyingAttention,
    guidance_of,
    rectified,
    rectifying,
)
from methods.sd_inpainting import SdInpainting
from tiers import rest_is_slow


@pytest.fixture(scope="module", autouse=True)
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """SD 2 inpainting, tiny, with all of its 16 blocks."""
    folder = tmp_path_factory.mktemp("models") / BASE.name
    tiny_models.save_sd(folder, 20, unet=tiny_models.sd15_layout(9))
    use_local(BASE.name, folder)
    yield
    use_local(BASE.name, None)


@pytest.fixture(scope="module")
def eraser(tiny_model: None) -> Iterator[EraseDiffusion]:
    made = EraseDiffusion()
    made.load("cpu", None)
    yield made
    made.unload()


def erase(eraser: Eraser, photo: Image, mask: Mask, seed: int = 5, **changes: Any) -> Image:
    settings = eraser.Settings(**{"num_inference_steps": 2, **changes})
    return eraser.erase(photo, mask, settings, seed, no_progress)


# --- the formula -------------------------------------------------------------------------


def case(flags: str, batch: int = 2) -> tuple[Tokens, Any, Any, Any]:
    """Tokens ("x" = in the hole), and queries, keys and values for them."""
    import torch

    made = torch.Generator().manual_seed(len(flags))
    query, key, value = (torch.randn(batch, 2, len(flags), 8, generator=made) for _ in range(3))
    tokens = Tokens(np.array([letter == "x" for letter in flags]), torch.device("cpu"))
    return tokens, query, key, value


def explicit(tokens: Tokens, query: Any, key: Any, value: Any) -> Any:
    """With the score matrix, its hole-to-hole pairs at minus infinity."""
    scores = query @ key.transpose(2, 3) / query.shape[3] ** 0.5
    pairs = tokens.object[:, None] & tokens.object[None, :]
    return scores.masked_fill(pairs, float("-inf")).softmax(3) @ value


def ours(tokens: Tokens, query: Any, key: Any, value: Any) -> Any:
    return rectified(query, key, value, tokens)


@pytest.mark.parametrize("flags", ["x..xx.", "......", ".....x", "xxxxx."])
def test_the_hole_does_not_look_at_itself(flags: str) -> None:
    tokens, *qkv = case(flags)
    assert (ours(tokens, *qkv) - explicit(tokens, *qkv)).abs().max() < 1e-6


@pytest.mark.parametrize("flags", ["x..xx.", ".....x", "xxxxx."])
def test_leaving_the_rule_out_is_seen(flags: str) -> None:
    import torch

    tokens, *qkv = case(flags)
    plain = torch.nn.functional.scaled_dot_product_attention(*qkv)
    difference = (ours(tokens, *qkv) - plain).abs().amax(dim=(0, 1, 3))
    assert (difference[tokens.object] > 1e-3).all()
    assert (difference[~tokens.object] < 1e-6).all()


def test_a_hole_that_has_every_token_leaves_attention_alone() -> None:
    """The formula has no key left there, and would give no number."""
    import torch

    tokens, *qkv = case("xxxx")
    assert explicit(tokens, *qkv).isnan().all()
    plain = torch.nn.functional.scaled_dot_product_attention(*qkv)
    assert (ours(tokens, *qkv) == plain).all()


# --- the UNet ----------------------------------------------------------------------------


def test_every_layer_and_picture_of_a_batch_is_rectified(
    eraser: EraseDiffusion, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    unet = eraser.loaded(eraser.Settings())["unet"]
    shapes: list[tuple[int, int]] = []
    own = SelfRectifyingAttention.attend

    def attend(layer: Any, query: Any, key: Any, value: Any) -> Any:
        shapes.append((len(query), query.shape[2]))
        return own(layer, query, key, value)

    monkeypatch.setattr(SelfRectifyingAttention, "attend", attend)
    given = unet_inputs(unet, 2)
    with torch.inference_mode():
        plain = unet(**given).sample
        with attention_processors(unet, rectifying(unet, object_mask())):
            found = unet(**given).sample
    assert len(shapes) == 16
    assert {batch for batch, _ in shapes} == {2}
    assert {tokens for _, tokens in shapes} == {128, 32, 8, 2}
    assert (found[0] - found[1]).abs().max() < 1e-5
    assert (found - plain).abs().max() > 1e-3


# --- the eraser --------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(64, 128), (192, 64)])
@pytest.mark.parametrize("prompt", rest_is_slow(["", "grass"]))
def test_any_aspect(
    eraser: EraseDiffusion, photo: Image, size: tuple[int, int], prompt: str
) -> None:
    image = np.resize(photo, (*size, 3))
    hole = np.zeros(size, bool)
    hole[20:50, 10:40] = True
    filled = erase(eraser, image, hole, prompt=prompt)
    assert filled.shape == image.shape and filled.dtype == np.uint8


def test_a_mask_may_cover_every_token(eraser: EraseDiffusion, photo: Image) -> None:
    hole = np.ones(photo.shape[:2], bool)
    hole[0, 0] = False
    assert erase(eraser, photo, hole).std() > 0


def test_the_seed_decides(eraser: EraseDiffusion, photo: Image, mask: Mask) -> None:
    first, again, other = (erase(eraser, photo, mask, seed=seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_equal_prompts_are_not_computed_twice(eraser: EraseDiffusion) -> None:
    settings = eraser.Settings
    assert guidance_of(settings()) == 1
    assert guidance_of(settings(prompt="a", negative_prompt="a")) == 1
    assert guidance_of(settings(prompt="a", guidance_scale=5)) == 5
    assert guidance_of(settings(negative_prompt="a")) == 7.5


@pytest.mark.slow
@pytest.mark.parametrize("stops", [False, True])
def test_a_shared_unet_serves_others_as_before(
    eraser: EraseDiffusion, photo: Image, mask: Mask, stops: bool
) -> None:
    """Plain SD 2 inpainting, this eraser, plain again: bit for bit, on one UNet in memory."""

    def progress(step: int, total: int) -> None:
        if stops:
            raise Stopped

    plain = SdInpainting()
    plain.load("cpu", None)
    try:
        first = erase(plain, photo, mask, variant="sd2")
        unet = eraser.loaded(eraser.Settings())["unet"]
        assert plain.loaded(plain.Settings(variant="sd2"))["unet"] is unet
        assert store.users(unet) == 2
        before = state_of(unet)
        ours = erase(eraser, photo, mask)
        if stops:
            with pytest.raises(Stopped):
                eraser.erase(photo, mask, eraser.Settings(num_inference_steps=2), 5, progress)
        assert state_of(unet) == before
        assert (erase(plain, photo, mask, variant="sd2") == first).all()
        assert (erase(eraser, photo, mask) == ours).all()
        assert (first != ours).any()
    finally:
        plain.unload()


def test_it_ends_between_steps(eraser: EraseDiffusion, photo: Image, mask: Mask) -> None:
    calls: list[tuple[int, int]] = []

    def progress(step: int, total: int) -> None:
        calls.append((step, total))
        if step == 2:
            raise Stopped

    with pytest.raises(Stopped):
        eraser.erase(photo, mask, eraser.Settings(num_inference_steps=4), 0, progress)
    assert calls == [(1, 4), (2, 4)]


@pytest.mark.gpu
@pytest.mark.slow
@pytest.mark.parametrize("memory", ["fast", "balanced", "small"])
def test_half_precision_is_close(
    eraser: EraseDiffusion, photo: Image, mask: Mask, memory: str
) -> None:
    """Mean distance of the pictures, in levels of 255."""

    exact = erase(eraser, photo, mask, memory=memory)
    on_gpu = EraseDiffusion()
    on_gpu.load("cuda", None)
    try:
        half = erase(on_gpu, photo, mask, memory=memory)
    finally:
        on_gpu.unload()
    assert np.abs(exact.astype(float) - half).mean() < 3
