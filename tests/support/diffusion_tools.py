"""Every eraser on diffusion models, on tiny networks of all repositories."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from canvas_tools import shrink_pictures
from methods import Image, Mask, get_eraser, list_erasers
from methods._base import DeviceName, Progress, no_progress
from methods._diffusion.eraser import DiffusionEraser
from methods._engine.registry import settings_of
from methods._engine.residency import residency
from tiers import rest_is_slow

NAMES = tuple(s.id for s in list_erasers() if issubclass(get_eraser(s.id), DiffusionEraser))
every = pytest.mark.parametrize("name", NAMES)
some = pytest.mark.parametrize("name", rest_is_slow(NAMES, 2))


@pytest.fixture(scope="module", autouse=True)
def tiny_weights(tiny_erasers: Path) -> Iterator[Path]:
    """Tiny models wherever the program looks for real ones."""
    residency.clear()  # earlier tests may have left erasers that hold shared parts
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(tiny_erasers))
        shrink_pictures(patch)
        yield tiny_erasers


def loaded(name: str, device: DeviceName = "cpu", dtype: Any = None) -> DiffusionEraser:
    """The eraser on a device."""
    eraser = get_eraser(name)()
    eraser.load(device, dtype)
    assert isinstance(eraser, DiffusionEraser)
    return eraser


def settings(eraser: DiffusionEraser, **values: Any) -> Any:
    """Few steps, and no other eraser besides; the rest as by default, or as given."""
    quick = {"num_inference_steps": 3, "init": "telea"}
    known = type(eraser).Settings.model_fields
    kept = {name: value for name, value in quick.items() if name in known}
    return settings_of(type(eraser), kept | values)


def denoiser_of(eraser: DiffusionEraser, **values: Any) -> Any:
    """The network that takes the steps."""
    components = eraser.loaded(settings(eraser, **values))
    return components["transformer" if "transformer" in components else "unet"]


def erase(
    eraser: DiffusionEraser, photo: Image, mask: Mask, *, seed: int = 7, **values: Any
) -> Image:
    """One quick run."""
    return eraser.erase(photo, mask, settings(eraser, **values), seed, no_progress)


def raising(reason: type[Exception]) -> Progress:
    """A `Progress` that ends the run after its first step."""

    def progress(step: int, total: int) -> None:
        raise reason

    return progress
