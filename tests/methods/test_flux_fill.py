"""FLUX.1 Fill on a tiny model of the real classes: it is the stock pipeline, less one encoding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from attention_tools import mask as mask
from attention_tools import one_thread as one_thread
from attention_tools import photo as photo
from flux_fixtures import Counted, erased, few, numbers
from flux_fixtures import home as home
from flux_fixtures import no_embeddings as no_embeddings
from flux_tools import full_size_transformer
from methods import Image, Mask, Stopped
from methods._diffusion.eraser import Part, store
from methods._flux.weights import FILL, SHARED
from methods.flux_fill import LORA, FluxFill
from tiers import rest_is_slow

pytestmark = pytest.mark.usefixtures("home")

COMPONENTS = {
    "transformer": FILL,
    "scheduler": FILL,
    **dict.fromkeys(("vae", "text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2"), SHARED),
}


@pytest.fixture
def eraser() -> Iterator[FluxFill]:
    made = FluxFill()
    made.load("cpu", None)
    yield made
    made.unload()


def test_the_defaults_are_the_stock_pipelines() -> None:
    settings = FluxFill.Settings()
    assert (settings.num_inference_steps, settings.guidance_scale) == (50, 30)
    assert not settings.prompt and not settings.removal_lora


def stock(photo: Image, mask: Mask, prompt: str, lora: str = "") -> Any:
    """The picture by diffusers alone, with noise that is drawn first."""
    import torch
    from diffusers import FluxFillPipeline
    from PIL import Image as Pillow

    parts = {name: store.take(Part(home, name), torch.float32) for name, home in COMPONENTS.items()}
    pipeline = FluxFillPipeline(**parts)
    pipeline.set_progress_bar_config(disable=True)
    if lora:
        pipeline.load_lora_weights(lora)
    draw = torch.Generator("cpu").manual_seed(5)
    height, width = mask.shape
    noise = torch.randn(1, 4, height // 8, width // 8, generator=draw)
    (picture,) = pipeline(
        prompt=prompt,
        image=Pillow.fromarray(photo),
        mask_image=Pillow.fromarray(mask.astype(np.uint8) * 255),
        height=height,
        width=width,
        latents=FluxFillPipeline._pack_latents(noise, 1, 4, height // 8, width // 8),
        generator=draw,
        num_inference_steps=3,
        guidance_scale=30,
    ).images
    if lora:
        pipeline.unload_lora_weights()
    for part in parts.values():
        store.give_back(part)
    return np.asarray(picture).astype(int)


@pytest.mark.parametrize("removal", rest_is_slow([True, False]))
def test_it_is_the_stock_pipeline(
    eraser: FluxFill, photo: Image, mask: Mask, home: Any, removal: bool
) -> None:
    lora = str(home / LORA.name / LORA.files[0].path) if removal else ""
    theirs = stock(photo, mask, "an empty street", lora)
    ours = erased(eraser, photo, mask, prompt="an empty street", removal_lora=removal)
    assert np.abs(ours - theirs).max() <= 1
    changes: list[dict[str, Any]] = [{"prompt": "a cat"}, {"guidance_scale": 5.0}]
    for change in (*changes, {"removal_lora": not removal}):
        given: dict[str, Any] = {"prompt": "an empty street", "removal_lora": removal, **change}
        assert np.abs(erased(eraser, photo, mask, **given) - theirs).max() > 1, change


def test_the_photo_is_encoded_once(
    eraser: FluxFill,
    photo: Image,
    mask: Mask,
    no_embeddings: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted = Counted(monkeypatch)
    erased(eraser, photo, mask)
    erased(eraser, photo, mask)
    assert counted.counts == {"transformer": 6, "encode": 2, "decode": 2, "clip": 1, "t5": 1}


def test_the_lora_is_fetched_only_where_it_is_wanted(eraser: FluxFill) -> None:
    (weight,) = LORA.weights()
    assert weight in FluxFill.weights_for(few(eraser, removal_lora=True))
    assert weight not in FluxFill.weights_for(few(eraser))
    assert weight in FluxFill.spec.more_weights and weight not in FluxFill.spec.weights
    shares = [eraser.memory(few(eraser, removal_lora=on), "cpu") for on in (False, True)]
    assert set(shares[0].items()) < set(shares[1].items())


def test_with_and_without_the_lora_in_turns(eraser: FluxFill, photo: Image, mask: Mask) -> None:
    plain = erased(eraser, photo, mask)
    added = erased(eraser, photo, mask, removal_lora=True)
    assert (plain != added).any()
    assert (erased(eraser, photo, mask) == plain).all()
    assert (erased(eraser, photo, mask, removal_lora=True) == added).all()


def test_a_stop_leaves_the_network_as_it_was(eraser: FluxFill, photo: Image, mask: Mask) -> None:
    transformer = eraser.loaded(few(eraser))["transformer"]
    before, block = numbers(transformer), transformer.transformer_blocks[0].attn.to_q

    def stop(step: int, total: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        erased(eraser, photo, mask, progress=stop, removal_lora=True)
    assert numbers(transformer) == before
    assert transformer.transformer_blocks[0].attn.to_q is block


def test_the_published_network_takes_the_photo_and_the_mask() -> None:
    """384 channels: noise, the masked photo, and 8 x 8 pixels of the mask for each latent."""
    network = full_size_transformer(64 + 64 + 4 * 64)
    assert network.x_embedder.in_features == 384 and network.proj_out.out_features == 64
    size = 2 * sum(tensor.numel() for tensor in network.parameters())
    shards = sum(file.size for file in FILL.files if file.path.endswith(".safetensors"))
    assert 0 < shards - size < 1_000_000  # the files' heads
