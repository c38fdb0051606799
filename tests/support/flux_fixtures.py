"""The tiny FLUX in place of the published one, for the tests of its erasers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny_flux
from methods import Eraser, Image, Mask
from methods._base import no_progress
from methods._diffusion.eraser import store
from methods._diffusion.prompts import embeddings
from methods._weights.store import use_local


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a tiny model for each repository, in use for this module.

    What other tests have left loaded of the same files is forgotten: users are counted here.
    """
    store.after_fork()
    folder = tmp_path_factory.mktemp("flux")
    for name, build in tiny_flux.FLUX.items():
        build(folder / name)
        use_local(name, folder / name)
    yield folder
    for name in tiny_flux.FLUX:
        use_local(name, None)


@pytest.fixture
def no_embeddings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """None from other tests, in memory or on the disk."""
    monkeypatch.setenv("ERASER_LAB_EMBEDDINGS", str(tmp_path / "embeddings"))
    embeddings.clear()
    yield
    embeddings.clear()


def few(eraser: Eraser, **changes: Any) -> Any:
    """Its settings with three steps."""
    return eraser.Settings(**{"num_inference_steps": 3, **changes})


def erased(
    eraser: Eraser, photo: Image, mask: Mask, seed: int = 5, progress: Any = None, **changes: Any
) -> Image:
    """One picture in three steps."""
    settings = few(eraser, **changes)
    return eraser.erase(photo, mask, settings, seed, progress or no_progress)


def numbers(network: Any) -> dict[str, bytes]:
    """All of a network's numbers, to the last bit."""
    return {name: np.asarray(t).tobytes() for name, t in network.state_dict().items()}


class Counted:
    """How often the parts of a loaded eraser are asked, for a block."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        from diffusers import AutoencoderKL, FluxTransformer2DModel
        from transformers import CLIPTextModel, T5EncoderModel

        self.counts = dict.fromkeys(("transformer", "encode", "decode", "clip", "t5"), 0)
        for name, kind, method in (
            ("transformer", FluxTransformer2DModel, "forward"),
            ("encode", AutoencoderKL, "encode"),
            ("decode", AutoencoderKL, "decode"),
            ("clip", CLIPTextModel, "forward"),
            ("t5", T5EncoderModel, "forward"),
        ):
            patch.setattr(kind, method, self._counting(name, getattr(kind, method)))

    def _counting(self, name: str, method: Any) -> Any:
        def counting(*args: Any, **given: Any) -> Any:
            self.counts[name] += 1
            return method(*args, **given)

        return counting
