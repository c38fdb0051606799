"""Attentive Eraser on tiny models of the real classes, from photo to picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from attention_tools import base_models as base_models
from attention_tools import mask as mask
from attention_tools import one_thread as one_thread
from attention_tools import photo as photo
from attention_tools import state_of
from methods import Eraser, Image, Mask, Stopped, get_eraser
from methods._base import no_progress
from methods._diffusion.eraser import pil
from methods.attentive_eraser.eraser import AttentiveEraser, grown
from methods.attentive_eraser.models import MODELS
from methods.attentive_eraser.settings import AttentiveSettings
from tiers import rest_is_slow


@pytest.fixture(scope="module")
def eraser(base_models: None) -> Iterator[AttentiveEraser]:
    made = AttentiveEraser()
    made.load("cpu", None)
    yield made
    made.unload()


def settings(**changes: Any) -> AttentiveSettings:
    quick = {"num_inference_steps": 3, "strength": 1.0, "ss_steps": 1}
    return AttentiveSettings(**{"variant": "sd15", **quick, **changes})


def settings_of(variant: str) -> AttentiveSettings:
    """The defaults, on one of the models."""
    return AttentiveEraser.Settings.model_validate({"variant": variant})


def erase(eraser: Eraser, photo: Image, mask: Mask, seed: int = 5, **changes: Any) -> Image:
    return eraser.erase(photo, mask, settings(**changes), seed, no_progress)


@pytest.mark.parametrize("kernel", [7, 77, 20])
def test_masks_grow_as_by_the_authors_blur(kernel: int) -> None:
    import torch
    from torchvision.transforms.functional import gaussian_blur

    mask = np.zeros((120, 160), bool)
    mask[50:70, 60:61] = True
    pixels = torch.from_numpy(mask[None].astype(np.float32))
    theirs = gaussian_blur(pixels, [kernel | 1, kernel | 1])[0].numpy()
    ours = grown(mask, kernel)
    assert (ours == (theirs >= 0.1))[np.abs(theirs - 0.1) > 1e-5].all()
    assert grown(mask, 0) is mask


# --- the eraser --------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("variant", MODELS)
@pytest.mark.parametrize("size", rest_is_slow([(64, 128), (192, 64)]))
def test_every_model_and_aspect(
    eraser: AttentiveEraser, variant: str, size: tuple[int, int], photo: Image
) -> None:
    image = np.resize(photo, (*size, 3))
    mask = np.zeros(size, bool)
    mask[20:50, 10:40] = True
    filled = erase(eraser, image, mask, variant=variant)
    assert filled.shape == image.shape and filled.dtype == np.uint8
    assert filled[mask].std() > 0


@pytest.mark.slow
def test_the_seed_decides(eraser: AttentiveEraser, photo: Image, mask: Mask) -> None:
    first, again, other = (erase(eraser, photo, mask, seed=seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize(
    ("changes", "side"),
    [
        ({}, 1024),
        ({"variant": "sd21"}, 512),
        ({"variant": "sd15"}, 512),
        ({"variant": "sd21", "resolution": 768}, 768),
    ],
)
def test_each_model_works_at_its_own_resolution(changes: dict[str, Any], side: int) -> None:
    canvas = AttentiveEraser.canvas_for(AttentiveEraser.Settings.model_validate(changes))
    assert (canvas.short_side, canvas.multiple_of) == (side, 64)


@pytest.mark.slow
def test_a_mask_may_cover_every_token(eraser: AttentiveEraser, photo: Image) -> None:
    mask = np.ones((64, 128), bool)
    mask[0, 0] = False
    for variant in ("sd15", "sdxl"):
        assert erase(eraser, photo, mask, variant=variant).shape == photo.shape


REACHING: dict[str, Any] = {
    "num_inference_steps": 5,
    "strength": 0.7,
    "prompt": "grass",
    "rm_guidance_scale": 3.0,
    "ss_steps": -1,
    "ss_scale": 0.9,
    "AAS_start_step": 1,
    "AAS_end_step": 1,
    "AAS_start_layer": 3,
    "AAS_end_layer": 9,
    "mask_blur": 31,
    "freeu": "off",
    "b1": 1.0,
    "b2": 1.0,
    "s1": 0.5,
    "s2": 0.5,
    "variant": "sdxl",
}


@pytest.fixture(scope="module")
def usual(eraser: AttentiveEraser, photo: Image, mask: Mask) -> Image:
    return erase(eraser, photo, mask, rm_guidance_scale=9.0)


@pytest.mark.slow
@pytest.mark.parametrize("name", REACHING)
def test_every_setting_reaches_the_picture(
    eraser: AttentiveEraser, photo: Image, mask: Mask, usual: Image, name: str
) -> None:
    other = erase(eraser, photo, mask, **{"rm_guidance_scale": 9.0, name: REACHING[name]})
    assert (usual != other).any(), name


def test_the_settings_are_all_looked_at() -> None:
    elsewhere = {"whole_picture", "seamless", "memory", "resolution"}  # geometry and placement
    assert set(AttentiveEraser.Settings.model_fields) == set(REACHING) | elsewhere


@pytest.mark.parametrize(
    ("variant", "start", "on"), [("sdxl", None, False), ("sd21", None, True), ("sd15", None, True)]
)
def test_the_defaults_are_the_authors(variant: str, start: int | None, on: bool) -> None:
    made: Any = settings_of(variant)
    assert (made.factors is not None) == on
    plan = made.redirection
    assert (plan.rm_guidance_scale, plan.ss_steps, plan.ss_scale) == (9, 9, 0.3)
    assert (plan.start_step, plan.end_step, plan.start_layer) == (0, None, start)
    assert int(made.num_inference_steps * made.strength) == 40
    assert made.prompt == ""


def test_too_little_strength_for_one_step_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        AttentiveSettings(num_inference_steps=2, strength=0.3)


def test_each_variant_names_its_own_files() -> None:
    spec = get_eraser("attentive_eraser").spec
    for name, model in MODELS.items():
        needed = AttentiveEraser.weights_for(settings_of(name))
        assert needed == model.weights()
        assert set(needed) <= {*spec.weights, *spec.more_weights}
        folders = {weight.name.split("/")[1] for weight in needed}
        assert {"unet", "vae", "tokenizer", "text_encoder"} <= folders
        assert ("text_encoder_2" in folders) == (name == "sdxl")


# --- Stop, errors, sharing ---------------------------------------------------------------


class Break(Exception):
    """Neither Stop nor an error of ours."""


@pytest.mark.parametrize("reason", [Stopped, Break])
def test_it_ends_between_steps(
    eraser: AttentiveEraser, photo: Image, mask: Mask, reason: type[Exception]
) -> None:
    unet = eraser.loaded(settings())["unet"]
    before = state_of(unet)
    calls: list[int] = []

    def progress(step: int, total: int) -> None:
        calls.append(step)
        if step == 2:
            raise reason

    with pytest.raises(reason):
        eraser.erase(photo, mask, settings(), 0, progress)
    assert calls == [1, 2]
    assert state_of(unet) == before


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["sd15", "sdxl"])
@pytest.mark.parametrize("stops", rest_is_slow([True, False]))
def test_a_shared_unet_serves_others_as_before(
    eraser: AttentiveEraser, photo: Image, mask: Mask, variant: str, stops: bool
) -> None:
    """A stock pipeline, then this eraser, then the pipeline again: bit for bit the same."""

    def plain() -> Image:
        chosen = settings(variant=variant)
        model = MODELS[variant]
        pipeline = model.pipeline(eraser.loaded(chosen))
        (prompt,) = eraser.embed(model.prompts(), [""])
        pooled = {} if prompt.pooled is None else {"pooled_prompt_embeds": prompt.pooled}
        found: Image = eraser.run(
            pipeline,
            chosen,
            5,
            no_progress,
            image=pil(photo),
            mask_image=pil(mask),
            height=64,
            width=128,
            prompt_embeds=prompt.tokens,
            guidance_scale=1.0,
            num_inference_steps=2,
            **pooled,
        )
        return found

    def stop(step: int, total: int) -> None:
        if stops:
            raise Stopped

    first, ours = plain(), erase(eraser, photo, mask, variant=variant)
    try:
        again = eraser.erase(photo, mask, settings(variant=variant), 5, stop)
    except Stopped:
        assert stops
    else:
        assert (again == ours).all()
    assert (plain() == first).all()
    assert (erase(eraser, photo, mask, variant=variant) == ours).all()
    assert (first != ours).any()


# --- on a GPU ----------------------------------------------------------------------------


@pytest.mark.gpu
@pytest.mark.slow
@pytest.mark.parametrize(
    ("variant", "memory"), [("sd15", "fast"), ("sd21", "balanced"), ("sdxl", "small")]
)
def test_half_precision_is_close(
    eraser: AttentiveEraser, photo: Image, mask: Mask, variant: str, memory: str
) -> None:
    """Mean distance of the pictures, in levels of 255: random nets are wilder than trained."""

    exact = erase(eraser, photo, mask, variant=variant, rm_guidance_scale=1.0)
    on_gpu = AttentiveEraser()
    on_gpu.load("cuda", None)
    try:
        changes: dict[str, Any] = {"variant": variant, "memory": memory, "rm_guidance_scale": 1.0}
        half = erase(on_gpu, photo, mask, **changes)
        stop = pytest.raises(Stopped)
        with stop:
            on_gpu.erase(photo, mask, settings(**changes), 5, _stop)
        assert (erase(on_gpu, photo, mask, **changes) == half).all()
    finally:
        on_gpu.unload()
    assert np.abs(exact.astype(float) - half).mean() < 3


def _stop(step: int, total: int) -> None:
    raise Stopped
