"""Where networks lie during a run: what is decided under simulated memory, done and undone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

import pytest

from attention_tools import mask as mask
from attention_tools import one_thread as one_thread
from attention_tools import photo as photo
from attention_tools import state_of
from diffusion_tools import NAMES, denoiser_of, erase, loaded, raising, settings, some
from diffusion_tools import tiny_weights as tiny_weights
from methods import Image, Mask, Stopped
from methods._base import DeviceName
from methods._diffusion import eraser as diffusion_module
from methods._diffusion.placement import (
    DECODE_VALUES,
    UNET_VALUES,
    Memory,
    Need,
    Plan,
    component_sizes,
    free_for,
    placed,
    plan_memory,
)
from methods._diffusion.repositories import SDXL_INPAINTING

GB = 10**9
MEGAPIXEL = 1024 * 1024
SDXL: Mapping[str, int] = {"unet": 5 * GB, "vae": GB // 6}
"""SDXL's networks in half precision, as they stay loaded."""


def need(pixels: float, itemsize: int = 2) -> Need:
    """What a UNet and its VAE take beside their weights."""
    return Need(int(UNET_VALUES * itemsize * pixels), int(DECODE_VALUES * 4 * pixels))


# --- decisions -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "free", "expected"),
    [
        ("fast", 24 * GB, Plan("fast", "device", False)),
        ("fast", 7 * GB, Plan("fast", "device", True)),
        ("fast", 5.2 * GB, Plan("balanced", "model_offload", True)),
        ("fast", 3 * GB, Plan("small", "group_offload", True)),
        ("balanced", 24 * GB, Plan("balanced", "model_offload", False)),
        ("balanced", 5.2 * GB, Plan("balanced", "model_offload", True)),
        ("balanced", 4 * GB, Plan("small", "group_offload", True)),
        ("small", 24 * GB, Plan("small", "group_offload", True)),
        ("small", 1000, Plan("small", "group_offload", True)),
    ],
)
def test_a_wish_is_lowered_until_it_fits(wish: Memory, free: float, expected: Plan) -> None:
    assert plan_memory(wish, "cuda", SDXL, need(MEGAPIXEL), int(free)) == expected


@pytest.mark.parametrize("wish", get_args(Memory))
@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_without_memory_of_its_own_only_the_tiles_are_decided(
    wish: Memory, device: DeviceName
) -> None:
    for free in (1000, 100 * GB):
        plan = plan_memory(wish, device, SDXL, need(MEGAPIXEL), free)
        assert plan.placement == "device"
        assert plan.tile_vae == (wish == "small" or free == 1000)


def test_a_plan_fits_or_is_the_last() -> None:
    """For every wish, canvas and size: more memory never gives a lower step."""
    order = get_args(Memory)
    for wish in order:
        for pixels in (MEGAPIXEL // 4, MEGAPIXEL, 4 * MEGAPIXEL):
            free = (0.1, 0.5, 1, 2, 4, 6, 8, 12, 24, 48, 80)
            plans = [plan_memory(wish, "cuda", SDXL, need(pixels), int(f * GB)) for f in free]
            steps = [order.index(plan.memory) for plan in plans]
            assert steps == sorted(steps, reverse=True) and min(steps) == order.index(wish)
            tiles = [plan.tile_vae for plan in plans]
            assert tiles == sorted(tiles, reverse=True) or wish == "small"


def test_a_larger_canvas_is_tiled_first() -> None:
    """Before anything is offloaded: the decoder at full resolution takes the most."""
    sizes = {"unet": 1_700_000_000, "vae": 170_000_000}
    free = 4 * GB
    plans = [plan_memory("fast", "cuda", sizes, need(n * MEGAPIXEL), free) for n in (0.25, 4, 18)]
    assert [plan.tile_vae for plan in plans] == [False, True, True]
    assert [plan.memory for plan in plans] == ["fast", "fast", "balanced"]
    assert DECODE_VALUES > 10 * UNET_VALUES


def test_half_as_much_for_half_precision() -> None:
    tight = sum(SDXL.values()) + UNET_VALUES * 2 * MEGAPIXEL
    plans = [plan_memory("fast", "cuda", SDXL, need(MEGAPIXEL, size), tight) for size in (2, 4)]
    assert [plan.memory for plan in plans] == ["fast", "balanced"]


@some
def test_the_setting_reaches_the_plan(
    name: str, photo: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the sizes of all networks, the canvas, and the memory that is there."""
    monkeypatch.setenv("ERASER_LAB_MEMORY", "3")
    asked: list[tuple[Any, ...]] = []
    plan = diffusion_module.plan_memory

    def planned(*given: Any) -> Plan:
        asked.append(given)
        return plan(*given)

    monkeypatch.setattr(diffusion_module, "plan_memory", planned)
    eraser = loaded(name)
    for wish in get_args(Memory):
        with pytest.raises(Stopped):
            eraser.erase(photo, mask, settings(eraser, memory=wish), 0, raising(Stopped))
        wished, device, sizes, needed, free, least = asked[-1]
        assert (wished, device, least) == (wish, "cpu", "small")
    assert len({"unet", "transformer"} & sizes.keys()) == 1
    assert "vae" in sizes and all(sizes.values())
    pixels = photo.shape[0] * photo.shape[1]
    assert needed.denoise > 0 and needed.decode >= DECODE_VALUES * pixels
    assert free > 3 * 1024**3, "and what its networks hold there already"
    eraser.unload()


def test_what_the_networks_hold_is_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setenv("ERASER_LAB_MEMORY", "1")
    here, elsewhere = torch.nn.Linear(10, 10), torch.nn.Linear(10, 10, device="meta")
    assert free_for([here, elsewhere], "cpu") == 1024**3 + 4 * 110


# --- doing it ------------------------------------------------------------------------------

PLANS = {
    "tiles": Plan("fast", "device", True),
    "layers": Plan("small", "group_offload", False),
    "layers and tiles": Plan("small", "group_offload", True),
}

IN_SEVERAL_TILES = ("qwen_image_edit",)  # it looks at the picture at a megapixel

TOGETHER = "layers and tiles"

WITNESSES = {"sd_inpainting", "powerpaint", "omnieraser"}
"""One with a UNet, one with a network of its own beside it, one with a transformer."""

OTHERS = {"sdxl_inpainting", "attentive_eraser", "qwen_image_edit"}
"""One with a VAE that must be wide, one with attention of its own, an editing model. The placements
of all erasers are tried on an emulated GPU."""

PLACED: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in NAMES if name in WITNESSES | OTHERS),
    ("powerpaint", {"version": "v2"}),
]


def placements() -> Iterator[Any]:
    """By default for some. One stands for all where layers and tiles are told apart."""
    for name, values in PLACED:
        usual = "layers" if name in IN_SEVERAL_TILES else TOGETHER
        for at, plan in enumerate(PLANS if name == "sd_inpainting" else (usual,)):
            is_witness = name in WITNESSES and not values and (plan == usual or not at)
            marks = [] if is_witness else [pytest.mark.slow]
            yield pytest.param(name, values, plan, marks=marks, id=f"{name}-{plan}")


@pytest.mark.parametrize(("name", "values", "plan"), placements())
def test_every_placement_gives_the_same_picture(
    name: str,
    values: dict[str, Any],
    plan: str,
    photo: Image,
    mask: Mask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Layers take turns here too, only that the device is the same; small canvases are one tile."""
    eraser = loaded(name)
    first = erase(eraser, photo, mask, **values)
    network = denoiser_of(eraser, **values)
    before = state_of(network)
    with monkeypatch.context() as patch:
        patch.setattr(diffusion_module, "plan_memory", lambda *_: PLANS[plan])
        found = erase(eraser, photo, mask, **values)
        with pytest.raises(Stopped):
            eraser.erase(photo, mask, settings(eraser, **values), 7, raising(Stopped))
    if name not in IN_SEVERAL_TILES or not PLANS[plan].tile_vae:
        assert (found == first).all()
    assert state_of(network) == before
    vae = eraser.loaded(settings(eraser, **values))["vae"]
    assert not vae.use_tiling
    assert (erase(eraser, photo, mask, **values) == first).all()
    eraser.unload()


@pytest.mark.slow
def test_tiles_are_used_on_a_large_canvas(monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np
    from diffusers import AutoencoderKL

    tiled: list[Any] = []
    own = AutoencoderKL.tiled_decode if hasattr(AutoencoderKL, "tiled_decode") else None
    assert own is not None

    def decode(vae: Any, latents: Any, **named: Any) -> Any:
        tiled.append(tuple(latents.shape))
        return own(vae, latents, **named)

    monkeypatch.setattr(AutoencoderKL, "tiled_decode", decode)
    eraser = loaded("sd_inpainting")
    photo = np.zeros((640, 576, 3), np.uint8)
    mask = np.zeros((640, 576), bool)
    mask[200:300, 200:300] = True
    erase(eraser, photo, mask, num_inference_steps=1)
    assert not tiled
    erase(eraser, photo, mask, num_inference_steps=1, memory="small")
    assert tiled and tiled[0][2:] == (80, 72)
    eraser.unload()


def test_an_sdxl_vae_is_narrow_again_after_a_stop(photo: Image, mask: Mask) -> None:
    """Its pipeline widens it to float32 to decode, because it overflows in float16."""
    import torch

    eraser = loaded("sdxl_inpainting")
    eraser.load("cpu", torch.float16)
    chosen = settings(eraser)
    pipeline = diffusion_module.sdxl_inpaint_pipeline(eraser.loaded(chosen), None)
    assert pipeline.vae.config.force_upcast and component_sizes(pipeline).keys() == {"unet", "vae"}
    with pytest.raises(Stopped), placed(pipeline, PLANS["tiles"], "cpu"):
        pipeline.vae.to(torch.float32)
        raise Stopped
    assert pipeline.vae.dtype == torch.float16 and not pipeline.vae.use_tiling
    assert SDXL_INPAINTING.name == "sdxl-inpainting"
    eraser.unload()
