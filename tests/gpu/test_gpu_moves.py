"""What travels to the GPU: weights once, and then the photo, the mask and the noise alone.

Counted on an emulated device with tiny networks; `tests/bench/moved_bench.py` prints the bytes of
every eraser.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from emulation import Emulation
from methods import Eraser, EraserSpec, get_eraser, list_erasers
from methods._base import no_progress
from moved_bench import can_be_counted, picture, settings_of, tiny_networks

if TYPE_CHECKING:
    import torch

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.slow,
    pytest.mark.usefixtures("no_collections_of_libraries"),
]

MOST_CONSTANTS = 8
"""Tensors of fractions that a stock pipeline makes anew for each run, alike each time: the
schedule's times and its factors, the places of tokens, the mean and the spread of latents."""

LARGEST_CONSTANTS = 8192
"""Bytes, all together. Whole numbers (a text's ids, places of tokens) come on top of them."""

SPECS = [s for s in list_erasers() if s.learned and "cuda" in s.devices and s.unavailable is None]

every = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)


@pytest.fixture(scope="module", autouse=True)
def networks() -> Iterator[None]:
    with tiny_networks():
        yield


@pytest.fixture
def emulation(gpu: Emulation | None) -> Emulation:
    if gpu is None:
        pytest.skip("a real device does not count what is moved")
    return gpu


@pytest.fixture
def eraser(spec: EraserSpec, emulation: Emulation) -> Iterator[Eraser]:
    """Loaded, its networks where the setting `memory` = fast wants them, and used once."""
    if not can_be_counted(spec):
        pytest.skip("its networks, tiny or real, are not here")
    made = get_eraser(spec.id)()
    made.load("cuda", None)
    made.prepare(settings(spec))
    erase(made, seed=0)
    yield made
    made.unload()
    gc.collect()
    assert emulation.in_use() == 0


def settings(spec: EraserSpec, steps: int = 2) -> Any:
    return settings_of(spec.id, num_inference_steps=steps, memory="fast")


def erase(eraser: Eraser, seed: int, steps: int = 2) -> None:
    """Another photo with another hole for each seed."""
    image, mask = picture(eraser.spec)
    image = np.ascontiguousarray(np.roll(image, 8 * seed, axis=1))
    mask = np.ascontiguousarray(np.roll(mask, 8 * seed, axis=1))
    eraser.erase(image, mask, settings(eraser.spec, steps), seed, no_progress)


def uploads(eraser: Eraser, emulation: Emulation, **how: int) -> list[torch.Tensor]:
    with emulation.uploads() as moved:
        erase(eraser, **how)
    return moved


def content(tensor: torch.Tensor) -> tuple[str, bytes]:
    import torch

    return str(tensor.dtype), tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes()


@every
def test_what_goes_up_is_the_photo_and_its_noise(
    spec: EraserSpec, eraser: Eraser, emulation: Emulation
) -> None:
    first, second = (uploads(eraser, emulation, seed=seed) for seed in (1, 2))
    assert_nothing_stays_alike(first, second)
    if "num_inference_steps" in get_eraser(spec.id).Settings.model_fields:
        longer = uploads(eraser, emulation, seed=1, steps=4)
        assert_a_step_moves_its_noise_alone(spec, first, longer)


def assert_nothing_stays_alike(first: list[torch.Tensor], second: list[torch.Tensor]) -> None:
    """Neither weights nor additions nor embeddings: what goes up for two photos is theirs."""
    before = {content(tensor) for tensor in first}
    alike = [tensor for tensor in second if tensor.is_floating_point() and tensor.numel() > 1]
    alike = [tensor for tensor in alike if content(tensor) in before]
    shapes = [tuple(tensor.shape) for tensor in alike]
    assert len(alike) <= MOST_CONSTANTS, shapes
    assert sum(tensor.nbytes for tensor in alike) <= LARGEST_CONSTANTS, shapes
    assert len(first) == len(second)


def assert_a_step_moves_its_noise_alone(
    spec: EraserSpec, two: list[torch.Tensor], four: list[torch.Tensor]
) -> None:
    """Which comes from a generator in main memory, so that a seed means the same everywhere."""
    counts = [sum(t.nbytes for t in moved if t.numel() > 100) for moved in (two, four)]
    image, _ = picture(spec)
    latents = 4 * (image.shape[0] // 8) * (image.shape[1] // 8) * 4
    assert counts[1] - counts[0] <= 2 * latents
