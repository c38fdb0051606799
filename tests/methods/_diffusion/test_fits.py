"""The large models at full size: their numbers against known totals and the published files, and
which of them fits on which card."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from methods import get_eraser
from methods._base import WeightFile
from methods._diffusion.eraser import Repository
from methods._diffusion.hardware_fit import (
    CARDS,
    DENOISERS,
    Denoiser,
    fastest,
    fits,
    free_on,
    sizes_of,
)
from methods._diffusion.large_models import (
    CLIP_L,
    FLUX2_KLEIN,
    FLUX2_VAE,
    FLUX_DEV,
    FLUX_FILL,
    FLUX_VAE,
    HALF,
    QWEN3_4B,
    QWEN_IMAGE_EDIT,
    QWEN_VAE,
    QWEN_VL_7B,
    T5_XXL,
    LargeModel,
    numbers_in,
    shapes_of,
)
from methods._diffusion.placement import Memory
from methods._diffusion.quantization import Quantization, stored_bytes
from methods._flux.weights import DEV, FILL, SHARED
from methods.flux2_klein.weights import REPOSITORY as KLEIN
from methods.qwen_image_edit.weights import REPOSITORY as QWEN
from tiers import rest_is_slow

GIB = 1024**3
HEAD = 150
"""Bytes that a file's head spends on a tensor, at most."""

FILES = [
    (FLUX_DEV, DEV, "transformer"),
    (FLUX_FILL, FILL, "transformer"),
    (FLUX_VAE, SHARED, "vae"),
    (T5_XXL, SHARED, "text_encoder_2"),
    (CLIP_L, SHARED, "text_encoder"),
    (QWEN_IMAGE_EDIT, QWEN, "transformer"),
    (QWEN_VAE, QWEN, "vae"),
    (QWEN_VL_7B, QWEN, "text_encoder"),
    (FLUX2_KLEIN, KLEIN, "transformer"),
    (FLUX2_VAE, KLEIN, "vae"),
    (QWEN3_4B, KLEIN, "text_encoder"),
]


@pytest.mark.parametrize(
    ("model", "billions"),
    rest_is_slow(
        [
            (FLUX2_KLEIN, 3.876),
            (T5_XXL, 4.762),
            (FLUX_DEV, 11.901),
            (FLUX_FILL, 11.902),
            (QWEN_IMAGE_EDIT, 20.430),
            (QWEN_VL_7B, 8.292),
            (QWEN3_4B, 4.022),
        ],
        2,
        several=True,
    ),
    ids=lambda value: getattr(value, "name", value),
)
def test_the_numbers_are_those_that_are_known(model: LargeModel, billions: float) -> None:
    assert round(numbers_in(model) / 1e9, 3) == billions


def excess(model: LargeModel, weights: tuple[WeightFile, ...]) -> float:
    """Bytes a tensor by which the files are larger than the numbers in them."""
    published = sum(weight.size for weight in weights if weight.name.endswith(".safetensors"))
    shapes = shapes_of(model)
    return (published - stored_bytes(shapes, "none", HALF)) / len(shapes)


@pytest.mark.parametrize(
    ("model", "repository", "folder"), FILES, ids=[model.name for model, _, _ in FILES]
)
def test_the_published_files_hold_just_these_numbers(
    model: LargeModel, repository: Repository, folder: str
) -> None:
    """Their sizes were seen on the hub; what a file has beyond the numbers is its head."""
    assert 0 < excess(model, repository.weights(folder)) < HEAD


def test_a_wrong_configuration_would_show() -> None:
    fewer = LargeModel(
        name="wrong",
        library="diffusers",
        kind=FLUX_DEV.kind,
        config={**FLUX_DEV.config, "guidance_embeds": False},
    )
    assert excess(fewer, DEV.weights("transformer")) > HEAD
    assert excess(FLUX_FILL, DEV.weights("transformer")) < 0


# --- which fits where --------------------------------------------------------------------------

SPEED = {memory: place for place, memory in enumerate(reversed(get_args(Memory)))}


@pytest.mark.parametrize("denoiser", rest_is_slow(DENOISERS), ids=lambda d: d.erasers)
def test_more_memory_and_fewer_bits_never_slow_down(denoiser: Denoiser) -> None:
    for quantization in get_args(Quantization):
        by_card = [SPEED[fastest(denoiser, quantization, card)] for card in (8, *CARDS, 180)]
        assert by_card == sorted(by_card)
    sizes = [sum(sizes_of(denoiser, kind).values()) for kind in get_args(Quantization)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[1] < 0.6 * sizes[0] and sizes[2] < 0.4 * sizes[0]


def test_what_the_readme_says() -> None:
    """The cells on which people decide, by hand: bytes against bytes."""
    dev, _, qwen, klein = DENOISERS
    assert fastest(qwen, "none", 48) == "fast" and sum(sizes_of(qwen, "none").values()) > 41e9
    assert fastest(qwen, "none", 24) == "small"
    assert fastest(qwen, "int8", 24) == "fast" and fastest(qwen, "int8", 16) == "small"
    assert fastest(qwen, "nf4", 16) == "fast"
    assert fastest(dev, "none", 24) == "small" and fastest(dev, "int8", 16) == "fast"
    assert fastest(klein, "none", 16) == "fast"
    assert free_on(24) == 24 * GIB - GIB - GIB // 2


def test_with_nf4_too_little_memory_ends_at_balanced() -> None:
    """Below that its layers cannot go."""
    qwen = DENOISERS[2]
    assert fastest(qwen, "nf4", 8) == "balanced"
    assert fastest(qwen, "int8", 8) == "small"


def test_the_table_knows_every_eraser_on_a_large_transformer() -> None:
    kinds = ("omnieraser", "omnipaint", "flux_fill", "qwen_image_edit", "flux2_klein")
    for kind in kinds:
        eraser = get_eraser(kind)
        (row,) = (d for d in DENOISERS if eraser.spec.name in d.erasers)
        assert row.pictures >= eraser.pictures  # type: ignore[attr-defined]
        assert "quantization" in eraser.Settings.model_fields
    assert {fit.precision for fit in fits()} == {"bfloat16", "int8", "nf4"}


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    from ui.cli.__main__ import main

    assert main(["fits", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows[0]["model"] == "FLUX.1-dev" and rows[0]["on_card"]["80"] == "fast"
    assert main(["fits"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(rows) + 1 and "80 GB" in lines[0]
