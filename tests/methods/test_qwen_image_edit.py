"""Qwen-Image-Edit on tiny models of the real classes: the stock pipelines, the marks, the
additions, and the encoder that looks at the picture.

There are no golden cases of it: it is the stock pipelines, so what is tested is that they get
what they should, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

import tiny_editors
from attention_tools import mask as mask
from attention_tools import one_thread as one_thread
from attention_tools import photo as photo
from canvas_tools import shrink_pictures
from editor_tools import counting, state, stop_at_the_second
from methods import BadInput, Image, Mask, Stopped
from methods._base import no_progress
from methods._diffusion.eraser import Memory, Part, pil, store
from methods._diffusion.highlight import Mark, marked, resized, whole_cells
from methods._diffusion.large_models import QWEN_IMAGE_EDIT
from methods._diffusion.prompts import embeddings, files
from methods._engine.registry import settings_of
from methods._geometry.masks import reduce_mask
from methods._weights.store import use_local
from methods.qwen_image_edit.eraser import QwenImageEdit, scheduler, size_for
from methods.qwen_image_edit.settings import FILL, NOTHING, REMOVE
from methods.qwen_image_edit.weights import (
    ENCODER,
    LIGHTNING,
    LIGHTNING_SCHEDULE,
    PROCESSOR,
    REMOVING,
    REPOSITORY,
    TRANSFORMER,
)

STEPS = 2


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("models")
    names = [repository.name for repository in (REPOSITORY, REMOVING, LIGHTNING)]
    for name in names:
        tiny_editors.EDITORS[name](folder / name)
        use_local(name, folder / name)
    yield folder
    for name in names:
        use_local(name, None)


@pytest.fixture(scope="module", autouse=True)
def small_pictures() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        shrink_pictures(patch)
        yield


@pytest.fixture
def eraser() -> Iterator[QwenImageEdit]:
    made = QwenImageEdit()
    made.load("cpu", None)
    yield made
    made.unload()


def erase(eraser: QwenImageEdit, photo: Image, mask: Mask, seed: int = 5, **changes: Any) -> Image:
    settings = eraser.Settings(**{"num_inference_steps": STEPS, **changes})
    return eraser.erase(photo, mask, settings, seed, no_progress)


@contextmanager
def stock(kind: Any) -> Iterator[Any]:
    """A pipeline of diffusers with everything in it, text encoder included."""
    import torch

    parts = {name: Part(REPOSITORY, name) for name in ("vae", "scheduler")}
    parts |= {"text_encoder": ENCODER, "processor": PROCESSOR, "transformer": TRANSFORMER}
    components = {name: store.take(part, torch.float32) for name, part in parts.items()}
    try:
        pipeline = kind(**components, tokenizer=None)
        pipeline.set_progress_bar_config(disable=True)
        yield pipeline
    finally:
        for component in components.values():
            store.give_back(component)


def plainly(pipeline: Any, shown: Image, **more: Any) -> Image:
    """Called as its documentation does, and brought to the picture's size."""
    import torch

    given = {"true_cfg_scale": 4.0, "num_inference_steps": STEPS, **more}
    found = pipeline(
        image=pil(shown), generator=torch.Generator("cpu").manual_seed(5), **given
    ).images[0]
    return resized(np.asarray(found), shown.shape)


# --- the stock pipelines ---------------------------------------------------------------------


def test_it_is_the_stock_editing(eraser: QwenImageEdit, photo: Image, mask: Mask) -> None:
    from diffusers import QwenImageEditPlusPipeline

    changes: dict[str, Any] = {"keep_background": False, "remover": False}
    with stock(QwenImageEditPlusPipeline) as pipeline:
        shown = marked(photo, mask, "tint")
        theirs = plainly(pipeline, shown, prompt=REMOVE, negative_prompt=NOTHING)
        ours = erase(eraser, photo, mask, **changes)
        assert (ours == theirs).all()
        wrong = plainly(pipeline, photo, prompt=REMOVE, negative_prompt=NOTHING)  # no mark
        assert (wrong != ours).any()
        theirs = plainly(pipeline, shown, prompt="Away!", true_cfg_scale=1.0)
        assert (
            erase(eraser, photo, mask, prompt="Away!", true_cfg_scale=1, **changes) == theirs
        ).all()


@pytest.mark.slow
@pytest.mark.parametrize("mark", ["tint", "cover"])
def test_it_is_the_stock_inpainting(
    eraser: QwenImageEdit, photo: Image, mask: Mask, mark: Mark
) -> None:
    """With the words and the picture read as the model of 2511 was taught, which is the other
    pipeline's way."""
    from diffusers import QwenImageEditInpaintPipeline, QwenImageEditPlusPipeline
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as plus

    shown = marked(photo, mask, mark)
    texts = {"prompt_embeds": FILL if mark == "cover" else REMOVE, "negative_prompt_embeds": " "}
    with stock(QwenImageEditPlusPipeline) as pipeline:
        width, height = plus.calculate_dimensions(384 * 384, photo.shape[1] / photo.shape[0])
        small = pipeline.image_processor.resize(pil(shown), height, width)
        words = {
            name: pipeline.encode_prompt(image=[small], prompt=text)[0]
            for name, text in texts.items()
        }
    held = whole_cells(reduce_mask(mask, size_for(mask)), 16)
    with stock(QwenImageEditInpaintPipeline) as pipeline:
        theirs = plainly(pipeline, shown, mask_image=pil(held), strength=1.0, **words)
        ours = erase(eraser, photo, mask, mark=mark, remover=False)
        assert (ours == theirs).all()
        wrong = plainly(
            pipeline,
            shown,
            mask_image=pil(held),
            strength=1.0,
            prompt=texts["prompt_embeds"],  # read in the way of the model before
            negative_prompt=" ",
        )
        assert (wrong != ours).any()


@pytest.mark.slow
def test_the_additions_are_those_that_the_library_reads(
    eraser: QwenImageEdit, photo: Image, mask: Mask
) -> None:
    """Both at once, read, renamed and attached by diffusers alone on the other side."""
    from diffusers import QwenImageEditPlusPipeline
    from safetensors.torch import load_file

    shown = marked(photo, mask, "tint")
    changes: dict[str, Any] = {"keep_background": False, "true_cfg_scale": 1.0}
    plain = erase(eraser, photo, mask, remover=False, **changes)
    with stock(QwenImageEditPlusPipeline) as pipeline:
        for name, repository in (("remover", REMOVING), ("lightning", LIGHTNING)):
            file = repository.file(repository.files[0].path)
            pipeline.load_lora_weights(load_file(file), adapter_name=name)
        call = {"prompt": REMOVE, "true_cfg_scale": 1.0}
        pipeline.set_adapters(["remover"])
        remover = plainly(pipeline, shown, **call)
        pipeline.set_adapters(["remover", "lightning"])
        pipeline.scheduler = scheduler(True)
        both = plainly(pipeline, shown, **call)
        pipeline.unload_lora_weights()
    assert (erase(eraser, photo, mask, **changes) == remover).all()
    ours = erase(eraser, photo, mask, lightning=True, **changes).astype(int)
    assert np.abs(ours - both).max() <= 1  # their sums are made in another order
    assert (remover != plain).any() and np.abs(ours - remover).max() > 1


# --- what is left behind -----------------------------------------------------------------------


@pytest.mark.slow
def test_the_network_is_restored_bit_for_bit(
    eraser: QwenImageEdit, photo: Image, mask: Mask
) -> None:
    before = erase(eraser, photo, mask, remover=False)
    network = eraser.loaded(eraser.Settings())["transformer"]
    modules, bits = dict(network.named_modules()), state(network)
    changes: tuple[dict[str, Any], ...] = ({}, {"lightning": True})
    for change in changes:
        assert (erase(eraser, photo, mask, **change) != before).any()
    with pytest.raises(Stopped):
        eraser.erase(photo, mask, eraser.Settings(), 5, stop_at_the_second)
    again = eraser.loaded(eraser.Settings())["transformer"]
    assert again is network and dict(network.named_modules()) == modules
    assert state(network) == bits
    assert (erase(eraser, photo, mask, remover=False) == before).all()


# --- settings ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_setting_reaches_the_picture(eraser: QwenImageEdit, photo: Image, mask: Mask) -> None:
    changes: tuple[dict[str, Any], ...] = (
        {},
        {"mark": "box"},
        {"mark": "cover"},
        {"mark": "none", "prompt": "Remove the cup."},
        {"prompt": "Remove the cup."},
        {"remover": False},
        {"lightning": True},
        {"num_inference_steps": 3},
        {"true_cfg_scale": 2.0},
        {"true_cfg_scale": 1.0},
        {"keep_background": False},
    )
    found = {erase(eraser, photo, mask, **change).tobytes() for change in changes}
    assert len(found) == len(changes)


def test_lightning_takes_four_steps_without_guidance() -> None:
    settings = QwenImageEdit.Settings(lightning=True)
    assert (settings.steps, settings.guidance) == (4, 1.0)
    assert (QwenImageEdit.Settings().steps, QwenImageEdit.Settings().guidance) == (40, 4.0)
    changed = scheduler(True).config
    assert {key: changed[key] for key in LIGHTNING_SCHEDULE} == LIGHTNING_SCHEDULE
    assert scheduler(False).config.shift_terminal == 0.02


def test_without_a_mark_the_prompt_must_speak() -> None:
    with pytest.raises(BadInput, match="must say what to remove"):
        settings_of(QwenImageEdit, {"mark": "none"})
    assert settings_of(QwenImageEdit, {"mark": "none", "prompt": "Remove the dog."})


@pytest.mark.parametrize("mark", get_args(Mark))
def test_the_additions_for_removal_know_the_red_marks_alone(mark: Mark) -> None:
    for lightning in (False, True):
        settings = QwenImageEdit.Settings(mark=mark, prompt="Remove it.", lightning=lightning)
        names = {file.name for file in QwenImageEdit.weights_for(settings)}
        for repository, wanted in ((REMOVING, mark in ("tint", "box")), (LIGHTNING, lightning)):
            assert (repository.weights()[0].name in names) is wanted


# --- counts that do not lie ----------------------------------------------------------------------


@pytest.mark.slow
def test_each_picture_is_read_once(eraser: QwenImageEdit, photo: Image, mask: Mask) -> None:
    """Two readings for a new picture or new words, none for another seed or other settings."""
    from diffusers import AutoencoderKLQwenImage, QwenImageTransformer2DModel
    from transformers import Qwen2_5_VLForConditionalGeneration

    embeddings.clear()
    other = photo[::-1].copy()
    cases: tuple[tuple[Image, int, dict[str, Any], tuple[int, int, int]], ...] = (
        (photo, 5, {}, (2, 2 * STEPS, 1)),
        (photo, 6, {}, (0, 2 * STEPS, 1)),
        (photo, 6, {"keep_background": False}, (0, 2 * STEPS, 1)),
        (photo, 6, {"lightning": True}, (0, STEPS, 1)),
        (other, 6, {"true_cfg_scale": 1.0}, (1, STEPS, 1)),
        (photo, 6, {"prompt": "Away."}, (1, 2 * STEPS, 1)),
    )
    for picture, seed, changes, expected in cases:
        with (
            counting(Qwen2_5_VLForConditionalGeneration, "forward") as readings,
            counting(QwenImageTransformer2DModel, "forward") as passes,
            counting(AutoencoderKLQwenImage, "_encode") as encodings,
        ):
            erase(eraser, picture, mask, seed, **changes)
            assert (readings(), passes(), encodings()) == expected, changes


def test_nothing_about_a_picture_goes_to_the_disk(
    eraser: QwenImageEdit, photo: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_writing(*_: Any) -> None:
        raise AssertionError("written to the disk")

    embeddings.clear()
    monkeypatch.setattr(files, "write", no_writing)
    erase(eraser, photo, mask)


@pytest.mark.slow
@pytest.mark.parametrize(("memory", "stays"), [("fast", True), ("balanced", False)])
def test_the_encoder_stays_only_where_there_is_room(
    eraser: QwenImageEdit, photo: Image, mask: Mask, memory: str, stays: bool
) -> None:
    import torch

    first = erase(eraser, photo, mask, memory="fast")
    loads = store.loads
    embeddings.clear()
    assert (erase(eraser, photo, mask, memory=memory) == first).all()
    with store.borrow(ENCODER, torch.float32):
        # The small processor, and the encoder: for the picture, and for us now.
        assert store.loads - loads == (1 if stays else 3)


def test_the_pictures_shape_is_kept(eraser: QwenImageEdit) -> None:
    """Whatever size the pipelines choose."""
    rng = np.random.default_rng(1)
    for size in ((96, 64), (64, 208)):
        picture = rng.integers(0, 256, (*size, 3), np.uint8)
        mask = np.zeros(size, bool)
        mask[20:40, 20:40] = True
        assert size_for(mask) != size
        assert erase(eraser, picture, mask, true_cfg_scale=1.0).shape == picture.shape


# --- full size -----------------------------------------------------------------------------------


def test_the_four_step_additions_fit_the_full_transformer() -> None:
    """Rank 64 in bfloat16 with a scale each, by the layers' names: as many bytes as the file has,
    and each pair of matrices, renamed by the library, belongs to a layer of the full network."""
    import torch
    from diffusers import QwenImageEditPlusPipeline

    network = QWEN_IMAGE_EDIT.build()
    linear = {
        name: layer
        for name, layer in network.named_modules()
        if name.endswith(tiny_editors.QWEN_LAYERS)
    }
    given = {}
    for name, layer in linear.items():
        given[f"{name}.lora_down.weight"] = torch.empty(64, layer.in_features, device="meta")
        given[f"{name}.lora_up.weight"] = torch.empty(layer.out_features, 64, device="meta")
        given[f"{name}.alpha"] = torch.tensor(8.0)
    (file,) = LIGHTNING.files
    size = sum(2 * tensor.numel() for tensor in given.values())
    assert 0 < file.size - size < len(given) * 150  # what is left is the file's head
    tensors = QwenImageEditPlusPipeline.lora_state_dict(given)
    assert len(tensors) == 2 * 720
    for name, tensor in tensors.items():
        layer, _, kind = name.removeprefix("transformer.").rpartition(".lora_")
        side = linear[layer].in_features if kind[0] == "A" else linear[layer].out_features
        assert tensor.shape["AB".index(kind[0]) ^ 1] == side


@pytest.mark.gpu
@pytest.mark.slow
@pytest.mark.parametrize("memory", ["fast", "balanced", "small"])
def test_where_it_lies_changes_nothing_on_a_gpu(memory: Memory, photo: Image, mask: Mask) -> None:

    eraser = QwenImageEdit()
    eraser.load("cuda", None)
    right = erase(eraser, photo, mask, memory="fast").astype(int)
    embeddings.clear()
    found = erase(eraser, photo, mask, memory=memory).astype(int)
    network = eraser.loaded(eraser.Settings(memory=memory))["transformer"]
    assert network.device.type == ("cuda" if memory == "fast" else "cpu")
    eraser.unload()
    assert np.abs(found - right).mean() < 1
