"""The erasers that were trained to remove, on tiny models: one after the other on shared parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import tiny_editors
import tiny_models
import tiny_powerpaint
import tiny_removers
from attention_tools import mask as mask
from attention_tools import one_thread as one_thread
from attention_tools import photo as photo
from methods import Eraser, Image, Mask, get_eraser
from methods._base import no_progress
from methods._diffusion.eraser import store
from methods._engine.residency import residency
from methods._weights.store import use_local

NAMES = (
    "objectclear", "osor", "clipaway", "rorem", "powerpaint", "flux2_klein", "qwen_image_edit",
)  # fmt: skip
BASES = ("sdxl-inpainting", "sd15-inpainting")


@pytest.fixture(scope="module", autouse=True)
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    residency.clear()  # earlier tests may have left erasers that hold shared parts
    folder = tmp_path_factory.mktemp("models")
    builders = {name: tiny_models.REPOSITORIES[name] for name in BASES}
    builders |= tiny_removers.REMOVERS | tiny_editors.EDITORS | tiny_powerpaint.POWERPAINT
    for name, build in builders.items():
        build(folder / name)
        use_local(name, folder / name)
    yield
    for name in builders:
        use_local(name, None)


def erase(eraser: Eraser, photo: Image, mask: Mask, seed: int = 3) -> Image:
    fields = type(eraser).Settings.model_fields
    few: dict[str, Any] = {"num_inference_steps": 3} if "num_inference_steps" in fields else {}
    return eraser.erase(photo, mask, eraser.Settings(**few), seed, no_progress)


@pytest.mark.slow  # test_sharing.py has them two by two
def test_one_after_the_other_and_the_first_again(photo: Image, mask: Mask) -> None:
    """Bit for bit, though they stand on the same parts; and in the end nothing is held."""
    erasers = [get_eraser(name)() for name in (*NAMES, "sdxl_inpainting", "sd_inpainting")]
    for eraser in erasers:
        eraser.load("cpu", None)
    first = [erase(eraser, photo, mask) for eraser in erasers]
    loads = store.loads
    again = [erase(eraser, photo, mask) for eraser in reversed(erasers)][::-1]
    assert store.loads == loads, "the second round loads nothing"
    for one, two in zip(first, again, strict=True):
        assert (one == two).all()
    kept = [part for eraser in erasers for _, part in eraser._taken.values()]  # type: ignore[attr-defined]
    for eraser in erasers:
        eraser.unload()
    assert not any(store.users(part) for part in kept)
