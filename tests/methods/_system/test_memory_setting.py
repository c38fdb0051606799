"""The setting `memory` under simulated amounts of free memory: what is decided, and that the
components go where the decision says. No GPU is needed: what would be moved there is noted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import tiny_models
from attention_tools import mask as mask
from attention_tools import one_thread as one_thread
from attention_tools import photo as photo
from methods import Image, Mask
from methods._base import no_progress
from methods._diffusion import eraser as diffusion
from methods._diffusion import placement as module
from methods._diffusion.eraser import DiffusionEraser
from methods._diffusion.placement import module_bytes
from methods._diffusion.repositories import SD15_INPAINTING, SDXL_INPAINTING
from methods._weights.store import use_local
from methods.sd_inpainting import SdInpainting
from methods.sdxl_inpainting import SdxlInpainting
from tiers import rest_is_slow

GIB = 1024**3
PIXELS = 1024 * 1024
WISHES = ("fast", "balanced", "small")


@pytest.fixture(scope="module", autouse=True)
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("models")
    for base in (SD15_INPAINTING, SDXL_INPAINTING):
        tiny_models.REPOSITORIES[base.name](folder / base.name)
        use_local(base.name, folder / base.name)
    yield
    for base in (SD15_INPAINTING, SDXL_INPAINTING):
        use_local(base.name, None)


@pytest.fixture(params=[SdInpainting, SdxlInpainting])
def eraser(request: pytest.FixtureRequest) -> Iterator[DiffusionEraser]:
    made: DiffusionEraser = request.param()
    made.load("cpu", None)
    yield made
    made.unload()


# --- the decision ------------------------------------------------------------------------


SIZES = {"unet": int(5.1e9), "vae": int(0.17e9)}
"""SDXL in half precision."""


@pytest.fixture
def decided(eraser: DiffusionEraser, monkeypatch: pytest.MonkeyPatch) -> Any:
    """decided(wish, gigabytes, device): the plan for SDXL's sizes with so much memory."""

    @contextmanager
    def keep(_pipeline: Any, plan: Any, *_: Any) -> Iterator[None]:
        plans.append(plan)
        yield

    plans: list[Any] = []
    monkeypatch.setattr(diffusion, "placed", keep)
    monkeypatch.setattr(diffusion, "component_sizes", lambda pipeline: dict(SIZES))
    monkeypatch.setattr(diffusion, "free_for", lambda _, device: module.memory_budget(device))

    def decide(wish: str, gigabytes: float, device: Any = "cuda", pixels: int = PIXELS) -> Any:
        monkeypatch.setenv("ERASER_LAB_MEMORY", str(gigabytes))
        monkeypatch.setattr(eraser, "device", device)
        settings = eraser.Settings.model_validate({"memory": wish})
        with eraser.placed(pipeline_of(eraser), settings, pixels):
            return plans[-1]

    return decide


def pipeline_of(eraser: DiffusionEraser) -> Any:
    from diffusers import DDIMScheduler

    build = (
        diffusion.sdxl_inpaint_pipeline
        if isinstance(eraser, SdxlInpainting)
        else diffusion.sd_inpaint_pipeline
    )
    return build(eraser.loaded(eraser.Settings()), DDIMScheduler(steps_offset=1))


@pytest.mark.parametrize(
    ("wish", "placement"),
    [("fast", "device"), ("balanced", "model_offload"), ("small", "group_offload")],
)
def test_with_plenty_of_memory_the_wish_is_granted(decided: Any, wish: str, placement: str) -> None:
    plan = decided(wish, 80)
    assert (plan.memory, plan.placement) == (wish, placement)
    assert plan.tile_vae == (wish == "small")


@pytest.mark.parametrize(
    ("gigabytes", "placement"),
    rest_is_slow(
        [
            (8, "device"),
            (5, "model_offload"),
            (4, "group_offload"),
            (24, "device"),
            (1, "group_offload"),
        ],
        3,
        several=True,
    ),
)
def test_a_wish_is_lowered_until_it_fits(decided: Any, gigabytes: float, placement: str) -> None:
    assert decided("fast", gigabytes).placement == placement


def test_less_memory_never_means_more_on_the_device(decided: Any) -> None:
    order = ("group_offload", "model_offload", "device")
    for wish in WISHES:
        plans = [decided(wish, gigabytes) for gigabytes in (0.5, 2, 4, 5, 6, 8, 12, 16, 24, 80)]
        places = [order.index(plan.placement) for plan in plans]
        assert places == sorted(places)
        tiles = [plan.tile_vae for plan in plans]
        assert tiles == sorted(tiles, reverse=True)


def test_the_picture_is_decoded_in_tiles_where_it_is_large(decided: Any) -> None:
    assert not decided("fast", 16).tile_vae
    assert decided("fast", 16, pixels=4 * PIXELS).tile_vae
    assert decided("fast", 16, pixels=4 * PIXELS).placement == "device"


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("gigabytes", [0.5, 80])
def test_on_a_cpu_only_the_tiles_are_decided(decided: Any, wish: str, gigabytes: float) -> None:
    plan = decided(wish, gigabytes, "cpu")
    assert plan.placement == "device"
    assert plan.tile_vae == (wish == "small" or gigabytes < 1)


# --- what follows from it ----------------------------------------------------------------


def test_each_placement_does_what_it_says(
    eraser: DiffusionEraser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device that does not exist is noted in place of being used."""
    done: list[Any] = []
    pipeline = pipeline_of(eraser)
    parts = module.networks(pipeline)
    monkeypatch.setattr(type(pipeline), "to", lambda self, device: done.append(("to", device)))
    monkeypatch.setattr(
        type(pipeline),
        "enable_model_cpu_offload",
        lambda self, device: done.append(("offload", device)),
    )
    monkeypatch.setattr(
        module, "group_offload", lambda part, device: done.append(("layers", id(part)))
    )
    expected: dict[str, list[Any]] = {
        "device": [("to", "cuda")],
        "model_offload": [("to", "cpu"), ("offload", "cuda")],
        "group_offload": [("to", "cpu"), *(("layers", id(part)) for part in parts.values())],
    }
    for placement, calls in expected.items():
        done.clear()
        tile = placement == "group_offload"
        plan: Any = module.Plan("fast", placement, tile)  # type: ignore[arg-type]
        with module.placed(pipeline, plan, "cuda"):
            assert pipeline.vae.use_tiling == tile
        assert done == calls
        assert not pipeline.vae.use_tiling


@pytest.mark.slow
def test_layers_take_turns_and_paint_the_same(
    eraser: DiffusionEraser, photo: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the CPU as the device that the layers come to: the very hooks, and no other bytes."""
    settings = eraser.Settings.model_validate({"num_inference_steps": 2})
    usual = eraser.erase(photo, mask, settings, 3, no_progress)
    plan: Any = module.Plan("small", "group_offload", False)
    monkeypatch.setattr(diffusion, "plan_memory", lambda *_: plan)
    hooked: list[int] = []
    own = module.group_offload

    def count(part: Any, device: Any) -> None:
        hooked.append(module_bytes(part))
        own(part, device)

    monkeypatch.setattr(module, "group_offload", count)
    assert (eraser.erase(photo, mask, settings, 3, no_progress) == usual).all()
    assert len(hooked) == 2, "UNet and VAE"
    monkeypatch.undo()
    assert (eraser.erase(photo, mask, settings, 3, no_progress) == usual).all()


@pytest.mark.slow
def test_tiles_paint_nearly_the_same(eraser: DiffusionEraser) -> None:
    """A picture of several tiles: other bytes, because seams are blended, but no other picture."""
    import numpy as np

    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (64, 1152, 3), np.uint8)
    hole = np.zeros((64, 1152), bool)
    hole[20:40, 500:600] = True
    pictures = [
        eraser.erase(
            image,
            hole,
            eraser.Settings.model_validate({"num_inference_steps": 2, "memory": wish}),
            3,
            no_progress,
        ).astype(int)
        for wish in ("fast", "small")
    ]
    difference = np.abs(pictures[0] - pictures[1])
    assert difference.max() > 0
    assert difference.mean() < 12
