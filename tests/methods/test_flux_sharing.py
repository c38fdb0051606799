"""One FLUX.1-dev for all of its erasers, in turns, each bit for bit as if it were alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from attention_tools import mask as mask
from attention_tools import one_thread as one_thread
from attention_tools import photo as photo
from flux_fixtures import erased, few, numbers
from flux_fixtures import home as home
from methods import Eraser, Image, Mask, Stopped, get_eraser
from methods._base import no_progress
from methods._diffusion.eraser import store
from methods._engine.residency import Residency
from methods._flux.weights import SCHEDULER, TRANSFORMER, VAE
from tiers import rest_is_slow

pytestmark = pytest.mark.usefixtures("home")

NAMES = ("omnieraser", "omnipaint", "flux_fill")


@pytest.fixture
def erasers() -> Iterator[dict[str, Any]]:
    made = {name: get_eraser(name)() for name in NAMES}
    for eraser in made.values():
        eraser.load("cpu", None)
        eraser.prepare(few(eraser))
    yield made
    for eraser in made.values():
        eraser.unload()


def plain(photo: Image, mask: Mask) -> Any:
    """FLUX.1-dev with nothing beside it, by the stock pipeline."""
    import torch
    from diffusers import FluxPipeline

    parts = {"transformer": TRANSFORMER, "vae": VAE, "scheduler": SCHEDULER}
    taken = {name: store.take(part, torch.float32) for name, part in parts.items()}
    none = dict.fromkeys(("text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2"))
    pipeline = FluxPipeline(**taken, **none)
    pipeline.set_progress_bar_config(disable=True)
    (found,) = pipeline(
        prompt_embeds=torch.ones(1, 4, 32),
        pooled_prompt_embeds=torch.ones(1, 16),
        height=mask.shape[0],
        width=mask.shape[1],
        num_inference_steps=2,
        generator=torch.Generator().manual_seed(0),
        output_type="np",
    ).images
    for part in taken.values():
        store.give_back(part)
    return found


def test_the_transformer_is_loaded_once(erasers: dict[str, Any]) -> None:
    one, two, other = (eraser.loaded(few(eraser))["transformer"] for eraser in erasers.values())
    assert one is two and store.users(one) == 2
    assert other is not one, "Fill is a model of its own"
    vaes = {id(eraser.loaded(few(eraser))["vae"]) for eraser in erasers.values()}
    assert len(vaes) == 1


@pytest.mark.slow
def test_each_in_turn_and_flux_itself_between(
    erasers: dict[str, Any], photo: Image, mask: Mask
) -> None:
    transformer = erasers["omnieraser"].loaded(few(erasers["omnieraser"]))["transformer"]
    before, alone = numbers(transformer), plain(photo, mask)
    first = {name: erased(eraser, photo, mask) for name, eraser in erasers.items()}
    loads = store.loads
    for name in ("omnieraser", "omnipaint", "omnieraser", "flux_fill", "omnipaint", "omnieraser"):
        assert (erased(erasers[name], photo, mask) == first[name]).all(), name
        assert (plain(photo, mask) == alone).all(), f"after {name}"
    assert numbers(transformer) == before
    assert store.loads == loads + 6, "only the scheduler of the plain run, each time"


@pytest.mark.slow
@pytest.mark.parametrize("kind", rest_is_slow([Stopped, RuntimeError]))
def test_one_that_is_cut_off_harms_no_other(
    erasers: dict[str, Any], photo: Image, mask: Mask, kind: type[Exception]
) -> None:
    first = {name: erased(eraser, photo, mask) for name, eraser in erasers.items()}
    alone = plain(photo, mask)

    def end(step: int, total: int) -> None:
        raise kind

    for name in ("omnieraser", "omnipaint"):
        with pytest.raises(kind):
            erased(erasers[name], photo, mask, progress=end)
        assert (plain(photo, mask) == alone).all()
        for other, eraser in erasers.items():
            assert (erased(eraser, photo, mask) == first[other]).all(), (name, other)


def test_what_is_shared_counts_once(erasers: dict[str, Any]) -> None:
    one, two = (erasers[name].memory(few(erasers[name]), "cpu") for name in NAMES[:2])
    common = set(one) & set(two)
    assert len(common) == 2, "the transformer and the VAE"
    transformer = erasers["omnieraser"].loaded(few(erasers["omnieraser"]))["transformer"]
    size = sum(tensor.numel() * 4 for tensor in transformer.parameters())
    assert any(abs(one[name] - size) < 200 for name in common)


def test_the_residency_keeps_both_where_one_and_a_lora_fit(photo: Image, mask: Mask) -> None:
    """Its budget is less than two transformers."""
    kinds = [get_eraser(name) for name in NAMES[:2]]
    shares = [kind().memory(kind.Settings(), "cpu") for kind in kinds]
    together = sum({**shares[0], **shares[1]}.values())
    assert together < 1.7 * sum(shares[0].values())
    residency = Residency(budget=together)
    for kind in kinds:
        with residency.hold(kind) as held:
            assert isinstance(held.eraser, Eraser)
            held.eraser.erase(photo, mask, few(held.eraser), 0, no_progress)
    assert residency.loaded == NAMES[:2]
    residency.clear()


def test_nothing_is_held_in_the_end(erasers: dict[str, Any], photo: Image, mask: Mask) -> None:
    kept = [part for eraser in erasers.values() for _, part in eraser._taken.values()]
    for eraser in erasers.values():
        eraser.unload()
    assert not any(store.users(part) for part in kept)
