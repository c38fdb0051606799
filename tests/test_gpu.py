"""Every learned eraser on a GPU: close to float32, within its memory, stopped and unloaded.

The weights are tiny and random, but of the real classes: what could go wrong in half precision
or on another device goes wrong with them too. Where there is no GPU, the same is run on the CPU
in half precision, so that the tests themselves are tested.
"""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import tiny_lama
from attention_tools import mask as mask
from attention_tools import one_thread as one_thread
from attention_tools import photo as photo
from diffusion_tools import raising
from diffusion_tools import tiny_weights as tiny_weights
from methods import Eraser, Image, Mask, Stopped, find_weights, get_eraser, list_erasers
from methods._base import DeviceName, no_progress
from methods._memory import MemoryMeter
from methods._registry import missing_packages, settings_of

MB = 1024**2
NAMES = tuple(s.id for s in list_erasers() if "cuda" in s.devices and s.unavailable is None)

CLOSE = 10
"""Grey levels of 255, on average, from float32 to half precision."""

ROOM = 700 * MB
"""For the tiny networks, kernels included."""


class Place(NamedTuple):
    """Where the half-precision run takes place. half: its precision; None = the method's own."""

    device: DeviceName
    half: str | None


PLACES = (
    pytest.param(Place("cpu", "bfloat16"), id="cpu"),
    pytest.param(Place("cuda", None), id="cuda", marks=pytest.mark.gpu),
    pytest.param(Place("cuda", "bfloat16"), id="cuda-bfloat16", marks=pytest.mark.gpu),
)
every = pytest.mark.parametrize("name", NAMES)
everywhere = pytest.mark.parametrize("place", PLACES)


@pytest.fixture(scope="module", autouse=True)
def lama_too(tiny_weights: Path) -> None:
    """LaMa, which is no diffusion model, has a tiny network as well."""
    tiny_lama.save(tiny_weights)


def skip_without(device: DeviceName) -> None:
    """A GPU, where one is asked for."""
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")


@pytest.fixture
def ready(name: str, place: Place) -> None:
    """Skip what cannot run here, with the reason."""
    skip_without(place.device)
    spec = get_eraser(name).spec
    if missing := missing_packages(spec):
        pytest.skip(f"needs {', '.join(missing)}")
    if lacking := [w.name for w in spec.weights if find_weights(w) is None]:
        pytest.skip(f"{lacking[0]} is not on this machine")


def made(name: str, device: DeviceName, half: str | None) -> Eraser:
    """The eraser on a device."""
    import torch

    eraser = get_eraser(name)()
    eraser.load(device, None if half is None else getattr(torch, half))
    return eraser


def calm(eraser: Eraser, **values: Any) -> Any:
    """Few steps and no guidance: random networks are wilder than trained ones, and guidance
    makes a multiple of every difference of rounding."""
    quick = {"num_inference_steps": 3, "init": "telea", "guidance_scale": 1.0}
    known = type(eraser).Settings.model_fields
    wanted = {**quick, "rm_guidance_scale": 1.0}
    kept = {name: value for name, value in wanted.items() if name in known}
    return settings_of(type(eraser), kept | values)


def erase(eraser: Eraser, photo: Image, mask: Mask, seed: int = 7) -> Image:
    """One run; what is thrown away outside the mask is left out here too."""
    filled = eraser.erase(photo, mask, calm(eraser), seed, no_progress)
    return filled[mask].astype(int)


@every
@pytest.mark.parametrize(
    "place", [*PLACES, pytest.param(Place("cpu", "float16"), id="cpu-float16")]
)
def test_half_precision_is_close(
    name: str, place: Place, ready: None, photo: Image, mask: Mask
) -> None:
    exact = made(name, "cpu", None)
    expected = erase(exact, photo, mask)
    half = made(name, *place)
    found = erase(half, photo, mask)
    assert np.abs(found - expected).mean() < CLOSE
    if exact.spec.seeded:
        other = erase(exact, photo, mask, seed=8)
        assert np.abs(found - expected).mean() < np.abs(other - expected).mean() / 2
    assert (erase(half, photo, mask) == found).all(), "the same seed, the same picture"
    for eraser in (exact, half):
        eraser.unload()


@every
@everywhere
def test_it_keeps_to_its_memory(
    name: str, place: Place, ready: None, photo: Image, mask: Mask
) -> None:
    """At its peak, and when it is unloaded nothing is left."""
    for _ in range(2):  # libraries keep workspaces of their own after the first time
        before = held(place.device)
        eraser = made(name, *place)
        with MemoryMeter(place.device) as meter:
            erase(eraser, photo, mask)
        eraser.unload()
    assert meter.peak < ROOM
    assert held(place.device) - before < MB
    if place.device == "cuda":
        assert meter.kind == "gpu" and meter.peak > 0


def held(device: DeviceName) -> int:
    """Bytes of tensors on the GPU; 0 where there is none."""
    import torch

    gc.collect()
    return torch.cuda.memory_allocated() if device == "cuda" else 0


@every
@everywhere
def test_stop_ends_it_and_the_next_run_is_as_before(
    name: str, place: Place, ready: None, photo: Image, mask: Mask
) -> None:
    eraser = made(name, *place)
    first = erase(eraser, photo, mask)
    with pytest.raises(Stopped):
        eraser.erase(photo, mask, calm(eraser), 7, raising(Stopped))
    assert (erase(eraser, photo, mask) == first).all()
    eraser.unload()


@pytest.mark.gpu
@every
@pytest.mark.parametrize("memory", ["balanced", "small"])
def test_offloading_paints_the_same(name: str, memory: str, photo: Image, mask: Mask) -> None:
    """One part or one layer at a time on the GPU, and in the end nothing of it left there."""
    skip_without("cuda")
    if "memory" not in get_eraser(name).Settings.model_fields:
        pytest.skip("has no such setting")
    eraser = made(name, "cuda", None)
    expected = eraser.erase(photo, mask, calm(eraser), 7, no_progress)[mask].astype(int)
    eraser.unload()
    before = held("cuda")
    eraser.load("cuda", None)
    found = eraser.erase(photo, mask, calm(eraser, memory=memory), 7, no_progress)[mask]
    assert np.abs(found.astype(int) - expected).mean() < 1
    assert held("cuda") - before < MB
    eraser.unload()
