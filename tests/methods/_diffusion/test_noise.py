"""A seed's noise in half precision is that in float32, rounded, whichever torch draws it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

SHAPE = (1, 4, 2, 3)  # of which both old and new releases of torch draw some otherwise
HALF = ("float16", "bfloat16")


def draws() -> dict[str, Callable[..., Any]]:
    """diffusers' function by each of its modules that draws: of a pipeline, a VAE, a scheduler."""
    from diffusers import EulerAncestralDiscreteScheduler, StableDiffusionXLInpaintPipeline

    from methods._diffusion.noise import draw_alike

    assert EulerAncestralDiscreteScheduler and StableDiffusionXLInpaintPipeline  # imported
    draw_alike()
    draw_alike()
    found = {name: vars(module) for name, module in sys.modules.items() if "diffusers." in name}
    return {name: own["randn_tensor"] for name, own in found.items() if "randn_tensor" in own}


@pytest.mark.parametrize("half", HALF)
def test_half_precision_is_rounded(half: str) -> None:
    """Also what is drawn next, so that no number of the generator is used up twice."""
    from methods._diffusion.pipelines import generator

    drawn, whole = generator(7), generator(7)
    (draw,) = set(draws().values())
    for _ in range(2):
        expected = torch.randn(SHAPE, generator=whole).to(getattr(torch, half))
        found = draw(SHAPE, generator=drawn, device=torch.device("cpu"), dtype=expected.dtype)
        assert torch.equal(found, expected)


def test_all_who_draw_are_reached() -> None:
    names = {name.rsplit(".", 1)[-1] for name in draws()}
    assert {
        "torch_utils",
        "pipeline_stable_diffusion_xl_inpaint",
        "vae",
        "scheduling_euler_ancestral_discrete",
    } <= names


def test_the_rest_is_theirs() -> None:
    """Full precision, and generators of a device."""
    from methods._diffusion.noise import rounded

    asked = []

    def draw(*given: object) -> str:
        asked.append(given)
        return "theirs"

    assert rounded(draw)(SHAPE, torch.Generator(), None, torch.float32) == "theirs"
    assert rounded(draw)(SHAPE, None, "cpu", torch.float16) == "theirs"
    assert [given[3] for given in asked] == [torch.float32, torch.float16]
