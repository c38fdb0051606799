"""Qwen2.5-VL is told which tokens are the picture's: the right places, from the processor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tiny_editors
from methods._diffusion.eraser import pil
from methods._diffusion.readers import standard_reader
from methods._weights.store import use_local
from methods.qwen_image_edit.prompts import PicturePrompts
from methods.qwen_image_edit.settings import REMOVE
from methods.qwen_image_edit.weights import ENCODER, PROCESSOR, REPOSITORY, read_encoder

SIZE = 56  # pixels: 4 x 4 patches, 2 x 2 tokens


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The processor, the encoder as the program reads it, and as the library does."""
    import torch

    home = tmp_path_factory.mktemp("models")
    tiny_editors.EDITORS[REPOSITORY.name](home)
    use_local(REPOSITORY.name, home)
    yield {
        "processor": PROCESSOR.read(PROCESSOR.path(), torch.float32) if PROCESSOR.read else None,
        "ours": read_encoder(ENCODER.path(), torch.float32),
        "plain": standard_reader("text_encoder")(ENCODER.path(), torch.float32),
    }
    use_local(REPOSITORY.name, None)


@pytest.fixture(scope="module")
def picture() -> np.ndarray[Any, Any]:
    return np.random.default_rng(3).integers(0, 256, (SIZE, SIZE, 3), np.uint8)


@pytest.fixture(scope="module")
def inputs(parts: dict[str, Any], picture: Any) -> Any:
    """What the processor makes of a picture between words; it says which tokens are which."""
    text = "Look: <|vision_start|><|image_pad|><|vision_end|> away!"
    return parts["processor"](text=[text], images=[pil(picture)], return_tensors="pt")


def states(encoder: Any, inputs: Any, *left_out: str) -> Any:
    given = {name: value for name, value in inputs.items() if name not in left_out}
    return encoder(**given, output_hidden_states=True).hidden_states[-1]


def places(encoder: Any, inputs: Any, *left_out: str) -> Any:
    """The places that reach the words' network, (3, 1, N) or None."""
    seen: list[Any] = []
    told = encoder.model.language_model.register_forward_pre_hook(
        lambda _module, _given, named: seen.append(named["position_ids"]), with_kwargs=True
    )
    try:
        states(encoder, inputs, *left_out)
    finally:
        told.remove()
    return seen[0]


def test_the_places_are_those_of_the_processors_own_path(
    parts: dict[str, Any], inputs: Any
) -> None:
    told = places(parts["plain"], inputs)
    assert (places(parts["ours"], inputs, "mm_token_type_ids") == told).all()
    of_picture = inputs["mm_token_type_ids"][0] == 1
    rows, columns = told[1, 0, of_picture], told[2, 0, of_picture]
    assert (rows - rows[0]).tolist() == [0, 0, 1, 1]
    assert (columns - columns[0]).tolist() == [0, 1, 0, 1]


def test_the_numbers_are_those_of_the_processors_own_path(
    parts: dict[str, Any], inputs: Any
) -> None:
    told = states(parts["plain"], inputs)
    assert (states(parts["ours"], inputs, "mm_token_type_ids") == told).all()
    assert (states(parts["ours"], inputs) == told).all()  # being told is no harm


def test_the_library_alone_forgets_them_without_a_word(parts: dict[str, Any], inputs: Any) -> None:
    """Why this is here. Where this fails, transformers finds the tokens out by itself."""
    assert places(parts["plain"], inputs, "mm_token_type_ids") is None
    told = states(parts["plain"], inputs)
    differs = (states(parts["plain"], inputs, "mm_token_type_ids") != told).any(-1)
    assert differs.sum() > 5


def test_the_eraser_s_instruction_is_read_with_them(parts: dict[str, Any], picture: Any) -> None:
    """Through diffusers' own pipeline, against the encoder called with all that the processor
    says. Where the plain one agrees, diffusers passes them on and `picture_tokens` may go."""
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as plus

    prompts = PicturePrompts(PROCESSOR, ENCODER, picture)
    ours = prompts.encode(REMOVE, parts["processor"], parts["ours"]).tokens
    plain = prompts.encode(REMOVE, parts["processor"], parts["plain"]).tokens

    pipeline = plus.QwenImageEditPlusPipeline(None, None, None, None, parts["processor"], None)
    width, height = plus.calculate_dimensions(plus.CONDITION_IMAGE_SIZE, 1.0)
    small = pipeline.image_processor.resize(pil(picture), height, width)
    words = "Picture 1: <|vision_start|><|image_pad|><|vision_end|>" + REMOVE
    text = pipeline.prompt_template_encode.format(words)
    inputs = parts["processor"](text=[text], images=[small], return_tensors="pt")
    right = states(parts["plain"], inputs)[:, pipeline.prompt_template_encode_start_idx :]
    assert (ours == right).all()
    assert (plain != right).any()


def test_words_alone_are_left_alone(parts: dict[str, Any]) -> None:
    words = parts["processor"](text=["away!"], return_tensors="pt")
    assert (states(parts["ours"], words) == states(parts["plain"], words)).all()
