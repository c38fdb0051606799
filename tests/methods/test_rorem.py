"""RORem on tiny models of the real classes: the call, the 4-step variant, what is left behind.

There are no golden cases of it: it is the stock pipeline, so what is tested is that the pipeline
gets what the authors' scripts give it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny_models
import tiny_removers
from attention_tools import mask as mask
from attention_tools import one_thread as one_thread
from attention_tools import photo as photo
from attention_tools import state_of
from methods import Image, Mask, Stopped, WeightsUnavailable
from methods._base import no_progress
from methods._diffusion.eraser import store
from methods._engine.registry import settings_of
from methods._weights.store import use_local
from methods.rorem.eraser import Rorem, grown, scheduler
from methods.rorem.weights import FAST_UNET, LCM, REPOSITORY, UNET


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Tiny models in place of both repositories."""
    folder = tmp_path_factory.mktemp("models")
    use_local(REPOSITORY.name, tiny_models.save_sdxl(folder / "rorem", seed=130))
    use_local(LCM.name, tiny_removers.save_rorem_lcm(folder / "lcm"))
    yield folder
    use_local(REPOSITORY.name, None)
    use_local(LCM.name, None)


@pytest.fixture
def eraser() -> Iterator[Rorem]:
    made = Rorem()
    made.load("cpu", None)
    yield made
    made.unload()


def erase(eraser: Rorem, photo: Image, mask: Mask, seed: int = 5, **changes: Any) -> Image:
    given = {"num_inference_steps": 3, "dilate_size": 0, **changes}
    return eraser.erase(photo, mask, eraser.Settings(**given), seed, no_progress)


def test_it_is_the_stock_pipeline(eraser: Rorem, photo: Image, mask: Mask, home: Path) -> None:
    """From prompt to picture, with diffusers alone on the other side."""
    import torch
    from diffusers import StableDiffusionXLInpaintPipeline
    from PIL import Image as Pillow

    pipeline = StableDiffusionXLInpaintPipeline(
        **{name: store.take(_part(name), torch.float32) for name in _COMPONENTS},
        add_watermarker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    settings = eraser.Settings()
    (theirs,) = pipeline(
        prompt=settings.prompt,
        negative_prompt=settings.negative_prompt,
        image=Pillow.fromarray(photo),
        mask_image=Pillow.fromarray(mask.astype(np.uint8) * 255),
        height=photo.shape[0],
        width=photo.shape[1],
        guidance_scale=1.0,
        num_inference_steps=3,
        strength=0.99,
        generator=torch.Generator("cpu").manual_seed(5),
    ).images
    for component in pipeline.components.values():
        store.give_back(component)
    ours = erase(eraser, photo, mask).astype(int)
    assert np.abs(ours - np.asarray(theirs)).max() <= 1
    wrong = erase(eraser, photo, mask, prompt="a cat").astype(int)
    assert np.abs(wrong - np.asarray(theirs)).max() > 1


_TEXT = ("tokenizer", "tokenizer_2", "text_encoder", "text_encoder_2")
_COMPONENTS = ("vae", "unet", "scheduler", *_TEXT)


def _part(name: str) -> Any:
    from methods._diffusion.eraser import Part

    return Part(REPOSITORY, name)


# --- four steps --------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_fast_network_is_the_one_with_peft_beside_it() -> None:
    """Merged once by us, or added at every call by diffusers and peft."""
    import torch
    from safetensors.torch import load_file

    given = {
        "sample": torch.randn(1, 9, 8, 8, generator=torch.Generator().manual_seed(0)),
        "timestep": torch.tensor(500),
        "encoder_hidden_states": torch.ones(1, 77, 2 * tiny_models.WIDTH),
        "added_cond_kwargs": {
            "text_embeds": torch.zeros(1, tiny_models.WIDTH),
            "time_ids": torch.full((1, 6), 64.0),
        },
    }
    with (
        torch.no_grad(),
        store.borrow(FAST_UNET, torch.float32) as fast,
        store.borrow(UNET, torch.float32) as plain,
    ):
        assert fast is not plain
        merged, without = fast(**given).sample, plain(**given).sample
        plain.load_lora_adapter(load_file(LCM.file(LCM.files[0].path)), prefix="unet")
        beside = plain(**given).sample
        plain.unload_lora()
        assert (merged - beside).abs().max() < 1e-5
        assert (merged - without).abs().max() > 1e-3


@pytest.mark.slow
def test_lcm_takes_four_steps_of_its_own_scheduler(eraser: Rorem, photo: Image, mask: Mask) -> None:
    steps: list[tuple[int, int]] = []

    def progress(step: int, total: int) -> None:
        steps.append((step, total))

    settings = eraser.Settings(variant="lcm")
    eraser.erase(photo, mask, settings, 0, progress)
    # strength 0.99 leaves out the first of four, as with the authors
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert type(scheduler("lcm")).__name__ == "LCMScheduler"
    assert type(scheduler("rorem")).__name__ == "EulerDiscreteScheduler"
    assert eraser.Settings().steps == 50


@pytest.mark.slow
def test_one_variant_after_the_other(eraser: Rorem, photo: Image, mask: Mask) -> None:
    first = erase(eraser, photo, mask)
    fast = erase(eraser, photo, mask, variant="lcm")
    assert (first != fast).any()
    assert (erase(eraser, photo, mask) == first).all()


def test_the_additions_must_be_brought_by_hand(home: Path) -> None:
    (weight,) = LCM.weights()
    assert not weight.sources and weight.by_hand
    assert weight in Rorem.weights_for(Rorem.Settings(variant="lcm"))
    assert weight not in Rorem.weights_for(Rorem.Settings())
    use_local(LCM.name, None)
    try:
        with pytest.raises(WeightsUnavailable) as caught:
            LCM.folder("lora")
    finally:
        use_local(LCM.name, home / "lcm")
    assert caught.value.code == "weights_by_hand"


# --- the rest ----------------------------------------------------------------------------------


def test_the_mask_grows_by_a_square() -> None:
    mask = np.zeros((64, 64), bool)
    mask[30, 30] = True
    assert grown(mask, 0) is mask
    rows, columns = np.nonzero(grown(mask, 20))
    assert len(set(rows)) == len(set(columns)) == 20 and len(rows) == 400
    nearly = np.ones((64, 64), bool)
    nearly[0, 0] = False
    assert grown(nearly, 20) is nearly


@pytest.mark.slow
def test_the_grown_mask_reaches_the_model(eraser: Rorem, photo: Image, mask: Mask) -> None:
    assert (erase(eraser, photo, mask) != erase(eraser, photo, mask, dilate_size=20)).any()


def test_a_step_must_be_left() -> None:
    from methods import BadInput

    with pytest.raises(BadInput):
        settings_of(Rorem, {"num_inference_steps": 1})
    with pytest.raises(BadInput):
        settings_of(Rorem, {"strength": 1.0})


@pytest.mark.slow
def test_a_stop_leaves_the_network_as_it_was(eraser: Rorem, photo: Image, mask: Mask) -> None:
    first = erase(eraser, photo, mask)
    unet = eraser.loaded(eraser.Settings())["unet"]
    before = state_of(unet)

    def stop(step: int, total: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        eraser.erase(photo, mask, eraser.Settings(), 5, stop)
    assert state_of(unet) == before
    assert (erase(eraser, photo, mask) == first).all()
