"""Every eraser that runs on a GPU: half precision, the setting `memory`, peak memory, Stop.

A new eraser is tested as soon as it exists, on tiny random networks of the real classes where
`tiny_models` makes some. Both half precisions are held on the CPU; an eraser's own one is held
on the GPU, too, where it has every wish for memory to fulfil.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attention_tools import one_thread as one_thread
from canvas_tools import shrink_pictures
from methods import Eraser, EraserSpec, Image, Mask, Stopped, find_weights, get_eraser, list_erasers
from methods._base import DeviceName, no_progress
from methods._engine.registry import missing_packages
from methods._system.memory import MemoryMeter

TOLERANCE = {"float16": 1.0, "bfloat16": 5.0}
"""Mean distance in the hole from what is painted in float32, in levels of 255. Measured on the
CPU: at most 0.4 and 2.5. Random networks are wilder than trained ones; another seed is 35 to 81
away."""

BYTES_A_PIXEL = 4520
"""What the plan for the memory reckons with beside the weights: see `_diffusion.placement`."""

WORKSPACES = 64_000_000
"""Of the libraries of linear algebra, which they keep."""

QUICK = {"num_inference_steps": 3, "init": "telea", "rm_guidance_scale": 1.0}
"""Few steps, no other eraser's weights, and no guidance that multiplies differences by nine."""

SPECS = [s for s in list_erasers() if "cuda" in s.devices and s.unavailable is None]

every = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)

WITNESSES = [s for s in SPECS if s.id == "sd_inpainting"]
"""One with a UNet; one with a transformer is in `test_flux_precision`. All are painted in their own
half precision by the tests on a GPU."""


pytestmark = pytest.mark.usefixtures("no_collections_of_libraries")


@pytest.fixture(scope="module", autouse=True)
def tiny_weights(tiny_erasers: Path) -> Iterator[None]:
    """Tiny models wherever the program knows one; others are found as ever, and not fetched."""
    with pytest.MonkeyPatch.context() as patch:
        shrink_pictures(patch)
        patch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(tiny_erasers))
        yield
    exact.cache_clear()


def need(spec: EraserSpec) -> None:
    """Skip where the eraser cannot run here, with the reason."""
    for package in missing_packages(spec):
        pytest.skip(f"needs {package}")
    for weight in get_eraser(spec.id).weights_for(settings_of(spec)):
        if find_weights(weight) is None:
            pytest.skip(f"{weight.name} is not on this machine")


def settings_of(spec: EraserSpec, **changes: Any) -> Any:
    """The defaults, made quick."""
    kind = get_eraser(spec.id).Settings
    known = {name: value for name, value in QUICK.items() if name in kind.model_fields}
    return kind.model_validate({**known, **changes})


def picture_for(spec: EraserSpec) -> tuple[Image, Mask]:
    """Smooth noise with an object: 64 x 128 pixels, or a full square for networks whose real
    weights are used."""
    import cv2

    is_tiny = "memory" in get_eraser(spec.id).Settings.model_fields or spec.canvas.square is None
    rows, columns = (64, 128) if is_tiny else (spec.canvas.square or 0,) * 2
    coarse = np.random.default_rng(0).integers(0, 256, (8, 16, 3), np.uint8)
    image = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)
    mask = np.zeros((rows, columns), bool)
    mask[rows // 4 : rows // 2, columns // 4 : columns // 2] = True
    return np.asarray(image), mask


def loaded(spec: EraserSpec, device: DeviceName, precision: str | None = None) -> Eraser:
    import torch

    eraser = get_eraser(spec.id)()
    eraser.load(device, getattr(torch, precision) if precision else None)
    return eraser


def erase(eraser: Eraser, seed: int = 3, progress: Any = no_progress, **changes: Any) -> Image:
    image, mask = picture_for(eraser.spec)
    return eraser.erase(image, mask, settings_of(eraser.spec, **changes), seed, progress)


@lru_cache
def exact(eraser_id: str, seed: int = 3) -> Image:
    """In float32 on the CPU."""
    eraser = loaded(get_eraser(eraser_id).spec, "cpu", "float32")
    try:
        return erase(eraser, seed)
    finally:
        eraser.unload()


def own_precision(eraser: Eraser) -> str:
    """What it works in on a GPU: as its class says, else float16 (or more)."""
    return str(getattr(eraser, "half", "float16"))


def distance(spec: EraserSpec, one: Image, other: Image) -> float:
    """Mean in the hole, in levels of 255."""
    _, mask = picture_for(spec)
    return float(np.abs(one.astype(int) - other)[mask].mean())


# --- half precision ----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("spec", WITNESSES, ids=lambda spec: spec.id)
def test_half_precision_paints_nearly_the_same(spec: EraserSpec) -> None:
    need(spec)
    for precision, tolerance in TOLERANCE.items():
        eraser = loaded(spec, "cpu", precision)
        try:
            found = erase(eraser)
        finally:
            eraser.unload()
        assert distance(spec, found, exact(spec.id)) < tolerance, precision
    if spec.seeded:  # else the comparison would be blind: `found` is of the coarser precision
        assert distance(spec, found, exact(spec.id, 4)) > max(TOLERANCE.values())


# --- on a GPU ----------------------------------------------------------------------------


@pytest.fixture
def on_gpu(spec: EraserSpec) -> Iterator[Eraser]:
    """Loaded there in its own precision; afterwards the GPU holds what it held before."""
    import torch

    need(spec)
    before = in_use()
    eraser = loaded(spec, "cuda")
    yield eraser
    eraser.unload()
    assert in_use() <= before + WORKSPACES
    torch.cuda.empty_cache()


def in_use() -> int:
    """Bytes that torch has given out on the GPU."""
    import torch

    gc.collect()
    torch.cuda.synchronize()
    return int(torch.cuda.memory_allocated())


def wishes(spec: EraserSpec) -> list[dict[str, Any]]:
    """All values of the setting `memory`; for an eraser without it, its one way."""
    has_choice = "memory" in get_eraser(spec.id).Settings.model_fields
    return [{"memory": wish} for wish in ("fast", "balanced", "small")] if has_choice else [{}]


def stop(step: int, total: int) -> None:
    """A `Progress` that ends the run after its first step."""
    raise Stopped


def used(eraser: Eraser, **wish: Any) -> tuple[Image, int]:
    """What is painted with this wish, and the peak of the memory, once the libraries keep what
    they keep. In between, Stop ends a run, leaves nothing behind and changes no later one."""
    first = erase(eraser, **wish)
    held = in_use()
    with pytest.raises(Stopped):
        erase(eraser, progress=stop, **wish)
    assert in_use() <= held + WORKSPACES
    with MemoryMeter("cuda") as meter:
        again = erase(eraser, **wish)
    assert np.abs(again.astype(int) - first).max() <= 1
    return again, meter.peak


@pytest.mark.slow
@pytest.mark.gpu
@every
def test_each_wish_for_memory_paints_the_same_within_its_bounds(
    spec: EraserSpec, on_gpu: Eraser
) -> None:
    """The peak stays within what the plan reckons with; what is offloaded leaves the GPU."""
    pictures, peaks, resident = [], [], []
    for wish in wishes(spec):
        picture, peak = used(on_gpu, **wish)
        pictures.append(picture)
        peaks.append(peak)
        resident.append(in_use())
    for found in pictures:
        assert distance(spec, found, exact(spec.id)) < TOLERANCE[own_precision(on_gpu)]
    weights = sum(on_gpu.memory(settings_of(spec), "cuda").values())
    pixels = pictures[0].shape[0] * pictures[0].shape[1]
    assert 0 < max(peaks) < weights + BYTES_A_PIXEL * pixels + WORKSPACES
    assert len(resident) == 1 or resident[-1] < resident[0], "small keeps less than fast"
