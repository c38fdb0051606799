"""FLUX.2 klein on tiny models of the real classes: the stock pipelines, the marks, the additions.

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
from editor_tools import counting, state, stop_at_the_second
from methods import BadInput, Image, Mask, Stopped
from methods._base import no_progress
from methods._diffusion.eraser import Memory, Part, adapted, pil, store
from methods._diffusion.highlight import Mark, marked, whole_cells
from methods._diffusion.large_models import FLUX2_KLEIN
from methods._diffusion.prompts import embeddings
from methods._engine.registry import settings_of
from methods._weights.store import use_local
from methods.flux2_klein.eraser import Flux2Klein
from methods.flux2_klein.settings import FILL, REMOVE
from methods.flux2_klein.weights import (
    FILLING,
    PROMPTS,
    REMOVING,
    REPOSITORY,
    TRANSFORMER,
    additions,
)

STEPS = 3


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("models")
    names = [repository.name for repository in (REPOSITORY, FILLING, REMOVING)]
    for name in names:
        tiny_editors.EDITORS[name](folder / name)
        use_local(name, folder / name)
    yield folder
    for name in names:
        use_local(name, None)


@pytest.fixture
def eraser() -> Iterator[Flux2Klein]:
    made = Flux2Klein()
    made.load("cpu", None)
    yield made
    made.unload()


def erase(eraser: Flux2Klein, photo: Image, mask: Mask, seed: int = 5, **changes: Any) -> Image:
    settings = eraser.Settings(**{"num_inference_steps": STEPS, **changes})
    return eraser.erase(photo, mask, settings, seed, no_progress)


@contextmanager
def stock(kind: Any) -> Iterator[Any]:
    """A pipeline of diffusers with everything in it, text encoder included."""
    import torch

    names = ("vae", "text_encoder", "tokenizer", "scheduler")
    parts = {name: Part(REPOSITORY, name) for name in names}
    parts["transformer"] = TRANSFORMER
    components = {name: store.take(part, torch.float32) for name, part in parts.items()}
    try:
        pipeline = kind(**components, is_distilled=True)
        pipeline.set_progress_bar_config(disable=True)
        yield pipeline
    finally:
        for component in components.values():
            store.give_back(component)


def plainly(pipeline: Any, prompt: str, shown: Image, **more: Any) -> Image:
    """Called as its documentation does."""
    import torch

    found = pipeline(
        prompt=prompt,
        image=pil(shown),
        height=shown.shape[0],
        width=shown.shape[1],
        num_inference_steps=STEPS,
        guidance_scale=1.0,
        generator=torch.Generator("cpu").manual_seed(5),
        **more,
    ).images[0]
    return np.asarray(found)


# --- the stock pipelines ---------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("mark", ["cover", "tint"])
def test_it_is_the_stock_inpainting(
    eraser: Flux2Klein, photo: Image, mask: Mask, mark: Mark
) -> None:
    from diffusers import Flux2KleinInpaintPipeline

    prompt = FILL if mark == "cover" else REMOVE
    with stock(Flux2KleinInpaintPipeline) as pipeline:
        hold = {"mask_image": pil(whole_cells(mask, 16)), "strength": 1.0}
        theirs = plainly(pipeline, prompt, marked(photo, mask, mark), **hold)
        ours = erase(eraser, photo, mask, mark=mark, adapter=False)
        assert (ours == theirs).all()
        hold["mask_image"] = pil(mask)  # a mistake: cells that are masked in part
        assert (plainly(pipeline, prompt, marked(photo, mask, mark), **hold) != ours).any()
        assert (erase(eraser, photo, mask, mark=mark, adapter=False, prompt="a cat") != ours).any()


def test_it_is_the_stock_editing(eraser: Flux2Klein, photo: Image, mask: Mask) -> None:
    from diffusers import Flux2KleinPipeline

    changes: dict[str, Any] = {"keep_background": False, "mark": "box", "adapter": False}
    with stock(Flux2KleinPipeline) as pipeline:
        theirs = plainly(pipeline, REMOVE, marked(photo, mask, "box"))
        assert (erase(eraser, photo, mask, **changes) == theirs).all()
        assert (plainly(pipeline, REMOVE, photo) != theirs).any()  # a mistake: no box


@pytest.mark.slow
def test_the_additions_are_those_that_the_library_reads(
    eraser: Flux2Klein, photo: Image, mask: Mask
) -> None:
    """Read, renamed and attached by diffusers alone on the other side."""
    from diffusers import Flux2KleinInpaintPipeline
    from safetensors.torch import load_file

    hold = {"mask_image": pil(whole_cells(mask, 16)), "strength": 1.0}
    shown = marked(photo, mask, "cover")
    plain = erase(eraser, photo, mask, adapter=False)
    with stock(Flux2KleinInpaintPipeline) as pipeline:
        pipeline.load_lora_weights(load_file(FILLING.file(FILLING.files[0].path)), "filling")
        exact = plainly(pipeline, FILL, shown, **hold)
        pipeline.set_adapters(["filling"], [1.1])
        stronger = plainly(pipeline, FILL, shown, **hold)
        pipeline.unload_lora_weights()
    assert (erase(eraser, photo, mask, adapter_scale=1.0) == exact).all()
    default = erase(eraser, photo, mask).astype(int)
    assert np.abs(default - stronger).max() <= 1  # the scale is worked in elsewhere
    assert (exact != plain).any() and np.abs(default - exact).max() > 1


# --- what is left behind -----------------------------------------------------------------------


@pytest.mark.slow
def test_the_network_is_restored_bit_for_bit(eraser: Flux2Klein, photo: Image, mask: Mask) -> None:
    before = erase(eraser, photo, mask, adapter=False)
    network = eraser.loaded(eraser.Settings())["transformer"]
    modules, bits = dict(network.named_modules()), state(network)
    for mark in ("cover", "tint"):
        assert (erase(eraser, photo, mask, mark=mark) != before).any()
    with pytest.raises(Stopped):
        eraser.erase(photo, mask, eraser.Settings(), 5, stop_at_the_second)
    again = eraser.loaded(eraser.Settings())["transformer"]
    assert again is network and dict(network.named_modules()) == modules
    assert state(network) == bits
    assert (erase(eraser, photo, mask, adapter=False) == before).all()


# --- settings ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_setting_reaches_the_picture(eraser: Flux2Klein, photo: Image, mask: Mask) -> None:
    changes: tuple[dict[str, Any], ...] = (
        {},
        {"mark": "tint"},
        {"mark": "box"},
        {"mark": "none", "prompt": "Remove the cup."},
        {"prompt": "Remove the cup."},
        {"adapter": False},
        {"adapter_scale": 0.5},
        {"num_inference_steps": 2},
        {"keep_background": False},
        {"mark": "tint", "adapter": False},
    )
    found = {erase(eraser, photo, mask, **change).tobytes() for change in changes}
    assert len(found) == len(changes)


def test_without_a_mark_the_prompt_must_speak() -> None:
    with pytest.raises(BadInput, match="must say what to remove"):
        settings_of(Flux2Klein, {"mark": "none"})
    assert settings_of(Flux2Klein, {"mark": "none", "prompt": "Remove the dog."})


@pytest.mark.parametrize("mark", get_args(Mark))
def test_each_mark_has_its_additions_and_its_words(mark: Mark) -> None:
    settings = Flux2Klein.Settings(mark=mark, prompt="Remove it." if mark == "none" else "")
    wanted = {"cover": FILLING, "tint": REMOVING, "box": REMOVING, "none": None}[mark]
    assert settings.additions is wanted
    names = {file.name for file in Flux2Klein.weights_for(settings)}
    for repository in (FILLING, REMOVING):
        (file,) = repository.weights()
        assert (file.name in names) is (repository is wanted)
    words = {"cover": FILL, "tint": REMOVE, "box": REMOVE, "none": "Remove it."}
    assert settings.instruction == words[mark]


@pytest.mark.slow
def test_with_a_cover_the_object_is_never_seen(
    eraser: Flux2Klein, photo: Image, mask: Mask
) -> None:
    other = np.where(mask[..., None], 255 - photo, photo)
    assert (erase(eraser, photo, mask) == erase(eraser, other, mask)).all()
    one, two = (erase(eraser, picture, mask, mark="tint") for picture in (photo, other))
    assert (one != two).any()


# --- counts that do not lie ----------------------------------------------------------------------


def test_a_picture_takes_four_passes_and_no_text_encoder(
    eraser: Flux2Klein, photo: Image, mask: Mask
) -> None:
    from diffusers import AutoencoderKLFlux2, Flux2Transformer2DModel
    from transformers import Qwen3ForCausalLM

    embeddings.clear()
    steps: list[tuple[int, int]] = []
    settings = eraser.Settings(prompt="Fill what is green, please.")
    for texts in (1, 0):  # the second time the words are known
        with (
            counting(Flux2Transformer2DModel, "forward") as passes,
            counting(Qwen3ForCausalLM, "forward") as readings,
            counting(AutoencoderKLFlux2, "_encode") as encodings,
            counting(AutoencoderKLFlux2, "_decode") as decodings,
        ):
            eraser.prepare(settings)
            eraser.erase(photo, mask, settings, 5, lambda *step: steps.append(step))
            assert (passes(), readings(), encodings(), decodings()) == (4, texts, 1, 1)
    assert steps == 2 * [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.slow
def test_a_second_start_needs_no_text_encoder(
    eraser: Flux2Klein, photo: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = erase(eraser, photo, mask)
    embeddings.clear()  # as a new process would begin

    def no_encoder(*_: Any) -> None:
        raise AssertionError("the text encoder was loaded")

    monkeypatch.setattr(type(PROMPTS), "encode", no_encoder)
    assert (erase(eraser, photo, mask) == first).all()


# --- full size -----------------------------------------------------------------------------------


def test_the_published_additions_fit_the_full_transformer(tmp_path: Path) -> None:
    """Rank 16 in float32, by the layers' names: as many bytes as both files have, and each pair
    of matrices, renamed by the library, belongs to a layer of the full network."""
    import torch
    from diffusers import Flux2KleinPipeline

    layers = tiny_editors.klein_layers({**FLUX2_KLEIN.config, "timestep_guidance_channels": 256})
    shapes = {}
    for name, (width_in, width_out) in layers.items():
        shapes[f"diffusion_model.{name}.lora_A.weight"] = (16, width_in)
        shapes[f"diffusion_model.{name}.lora_B.weight"] = (width_out, 16)
    assert len(shapes) == 136
    size = sum(4 * np.prod(shape) for shape in shapes.values())
    for repository in (FILLING, REMOVING):
        (file,) = repository.files
        assert 0 < file.size - size < 136 * 150  # what is left is the file's head
    given = {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}
    tensors = Flux2KleinPipeline.lora_state_dict(given)
    network = FLUX2_KLEIN.build()
    double = FLUX2_KLEIN.config["num_layers"]
    assert isinstance(double, int)
    assert len(tensors) == 2 * (len(layers) + 4 * double)  # q, k and v
    for name, tensor in tensors.items():
        layer, _, kind = name.removeprefix("transformer.").rpartition(".lora_")
        weight = network.get_submodule(layer).weight
        side = tensor.shape[1] == weight.shape[1] if kind[0] == "A" else None
        assert side or (kind[0] == "B" and tensor.shape[0] == weight.shape[0]), name


@pytest.mark.gpu
@pytest.mark.slow
@pytest.mark.parametrize("memory", ["fast", "balanced", "small"])
def test_where_it_lies_changes_nothing_on_a_gpu(memory: Memory, photo: Image, mask: Mask) -> None:

    eraser = Flux2Klein()
    eraser.load("cuda", None)
    right = erase(eraser, photo, mask, memory="fast").astype(int)
    found = erase(eraser, photo, mask, memory=memory).astype(int)
    network = eraser.loaded(eraser.Settings(memory=memory))["transformer"]
    assert network.device.type == ("cuda" if memory == "fast" else "cpu")
    eraser.unload()
    assert np.abs(found - right).mean() < 1


def test_the_additions_come_off_the_shared_network() -> None:
    """Also outside the eraser: what `adapted` promises, for klein's kind of blocks."""
    import torch

    with (
        store.borrow(TRANSFORMER, torch.float32) as network,
        store.borrow(additions(REMOVING), torch.float32) as some,
    ):
        before = state(network)
        with adapted(network, some):
            assert state(network).keys() != before.keys()
        assert state(network) == before
