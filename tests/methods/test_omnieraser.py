"""OmniEraser on a tiny FLUX of the real classes: counts, the published file's tensors, Stop."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from attention_tools import mask as mask
from attention_tools import one_thread as one_thread
from attention_tools import photo as photo
from flux_fixtures import Counted, erased, few, numbers
from flux_fixtures import home as home
from flux_fixtures import no_embeddings as no_embeddings
from flux_tools import full_size_lora, full_size_transformer
from methods import Image, Mask, Stopped, Unavailable, WeightsUnavailable
from methods._diffusion.eraser import Additions, Part, RepoFile, Repository, adapted
from methods._diffusion.prompts import embeddings
from methods._flux.prompts import FluxPrompts
from methods._flux.weights import DEV, SHARED
from methods._weights.store import use_local
from methods.omnieraser import eraser as omnieraser
from methods.omnieraser.eraser import PROMPT, OmniEraser
from methods.omnieraser.weights import REPOSITORY

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def eraser() -> Iterator[OmniEraser]:
    made = OmniEraser()
    made.load("cpu", None)
    yield made
    made.unload()


def test_the_defaults_are_the_authors() -> None:
    settings = OmniEraser.Settings()
    assert (settings.num_inference_steps, settings.guidance_scale) == (28, 3.5)
    assert PROMPT == "There is nothing here."
    assert OmniEraser.spec.canvas.short_side == 1024


@pytest.mark.slow
def test_nothing_is_computed_for_nothing(
    eraser: OmniEraser,
    photo: Image,
    mask: Mask,
    no_embeddings: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two pictures are encoded, not three; the text once and never again."""
    counted = Counted(monkeypatch)
    first = erased(eraser, photo, mask)
    assert counted.counts == {"transformer": 3, "encode": 2, "decode": 1, "clip": 1, "t5": 1}
    embeddings.clear()
    assert (erased(eraser, photo, mask) == first).all()
    assert counted.counts == {"transformer": 6, "encode": 4, "decode": 2, "clip": 1, "t5": 1}


@pytest.mark.slow
def test_with_its_embedding_kept_it_needs_no_text_encoder(
    photo: Image, mask: Mask, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files may be deleted: they are no longer asked for, and all else goes on."""
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path))
    monkeypatch.delenv("ERASER_LAB_EMBEDDINGS")
    encoders = in_the_cache(home / SHARED.name, tmp_path)
    parts = [Part(encoders, folder) for folder in ENCODERS]
    monkeypatch.setattr(omnieraser, "PROMPTS", FluxPrompts(*parts))
    spec = replace(OmniEraser.spec, weights=(*DEV.weights(), *encoders.weights()))
    monkeypatch.setattr(OmniEraser, "spec", spec)
    embeddings.clear()

    eraser = OmniEraser()
    eraser.load("cpu", None)
    first = erased(eraser, photo, mask)
    assert OmniEraser.weights_for(few(eraser)) == spec.weights, "what is here stays in the list"
    eraser.unload()
    shutil.rmtree(tmp_path / encoders.name)
    embeddings.clear()

    assert OmniEraser.weights_for(few(eraser)) == DEV.weights()
    eraser.load("cpu", None)
    eraser.prepare(few(eraser))
    assert (erased(eraser, photo, mask) == first).all()
    eraser.unload()
    shutil.rmtree(tmp_path / "embeddings")
    embeddings.clear()
    assert OmniEraser.weights_for(few(eraser)) == spec.weights
    with pytest.raises(WeightsUnavailable):
        eraser.prepare(few(eraser))


ENCODERS = ("tokenizer", "text_encoder", "tokenizer_2", "text_encoder_2")


def in_the_cache(source: Path, cache: Path) -> Repository:
    """The tiny encoders as a first download leaves them, without pins."""
    files = [f for folder in ENCODERS for f in sorted((source / folder).iterdir())]
    paths = [f"{file.parent.name}/{file.name}" for file in files]
    made = Repository(
        name="tiny-encoders",
        repo="a/b",
        revision="main",
        license="MIT",
        files=tuple(RepoFile(path, 1) for path in paths),
    )
    for path in paths:
        target = cache / made.name / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / path, target)
    return made


@pytest.mark.slow
def test_the_published_tensors_all_find_their_layers() -> None:
    """At full size, on the meta device: every one of the 686, and nothing else."""
    import torch

    expected = full_size_lora()
    assert len(expected) == 686
    assert sum(a * b for a, b in expected.values()) == 89_759_744
    network = full_size_transformer()
    tensors = {
        name: torch.empty(shape, device="meta", dtype=torch.bfloat16)
        for name, shape in expected.items()
    }
    with adapted(network, Additions("omnieraser", tensors)):
        named = network.named_parameters()
        found = {
            name.replace(".additions.", "."): tuple(tensor.shape)
            for name, tensor in named
            if ".lora_" in name
        }
        assert network.x_embedder.base_layer.weight.shape == (3072, 256)
    assert found == expected
    assert network.x_embedder.weight.shape == (3072, 64)
    tensors["x_embedder.lora_B.weight"] = torch.empty(3071, 32, device="meta")
    with pytest.raises(Unavailable), adapted(network, Additions("omnieraser", tensors)):
        pytest.fail("not reached")


@pytest.mark.slow
@pytest.mark.parametrize("at", [1, 2])
def test_a_stop_leaves_the_network_as_it_was(
    eraser: OmniEraser, photo: Image, mask: Mask, at: int
) -> None:
    first = erased(eraser, photo, mask)
    transformer = eraser.loaded(few(eraser))["transformer"]
    before, layer = numbers(transformer), transformer.x_embedder

    def stop(step: int, total: int) -> None:
        assert total == 3
        if step == at:
            raise Stopped

    with pytest.raises(Stopped):
        erased(eraser, photo, mask, progress=stop)
    assert numbers(transformer) == before and transformer.x_embedder is layer
    assert transformer.config.in_channels == 16
    assert (erased(eraser, photo, mask) == first).all()


def test_the_photo_the_object_and_the_mask_are_seen(
    eraser: OmniEraser, photo: Image, mask: Mask
) -> None:
    import numpy as np

    first = erased(eraser, photo, mask)
    assert (erased(eraser, photo, mask, seed=6) != first).any()
    for change in (~mask, mask):  # the photo without the object, the object without the photo
        other = np.where(change[..., None], 255 - photo, photo)
        assert (erased(eraser, other, mask) != first).any()
    moved = np.roll(mask, 16, axis=1)
    assert (erased(eraser, photo, moved) != first).any()


@pytest.mark.slow
@pytest.mark.parametrize("memory", ["balanced", "small"])
def test_the_memory_settings_paint_the_same(
    eraser: OmniEraser, photo: Image, mask: Mask, memory: str
) -> None:
    import numpy as np

    fast = erased(eraser, photo, mask).astype(int)
    assert np.abs(erased(eraser, photo, mask, memory=memory) - fast).max() <= 2


def test_a_lora_for_another_model_is_told(photo: Image, mask: Mask, home: Path) -> None:
    broken = home / "broken"
    broken.mkdir()
    (broken / "pytorch_lora_weights.safetensors").write_bytes(b"no tensors")
    use_local(REPOSITORY.name, broken)
    eraser = OmniEraser()
    eraser.load("cpu", None)
    try:
        with pytest.raises(Unavailable) as caught:
            erased(eraser, photo, mask)
    finally:
        use_local(REPOSITORY.name, home / REPOSITORY.name)
        eraser.unload()
    assert caught.value.code == "weights_unreadable"


def test_without_any_weights_it_says_which(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    use_local(REPOSITORY.name, None)
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(home / "nothing"))
    eraser = OmniEraser()
    eraser.load("cpu", None)
    try:
        with pytest.raises(WeightsUnavailable) as caught:
            eraser.loaded(few(eraser))
    finally:
        use_local(REPOSITORY.name, home / REPOSITORY.name)
        eraser.unload()
    assert REPOSITORY.name in str(caught.value)


# --- how the card says it ------------------------------------------------------------------------


@pytest.mark.slow
def test_the_card_asks_for_no_encoder_whose_embedding_is_kept(
    photo: Image, mask: Mask, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the page and in the command line's list: the size shrinks and the state is ready."""
    from ui.cli.weights.weights import entries
    from ui.service.choices.catalog import describe_erasers

    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path))
    monkeypatch.delenv("ERASER_LAB_EMBEDDINGS")
    encoders = in_the_cache(home / SHARED.name, tmp_path)
    monkeypatch.setattr(omnieraser, "PROMPTS", FluxPrompts(*(Part(encoders, f) for f in ENCODERS)))
    spec = replace(OmniEraser.spec, weights=(*DEV.weights(), *encoders.weights()))
    monkeypatch.setattr(OmniEraser, "spec", spec)

    def card() -> tuple[set[str], set[str], str]:
        """The names and the states on the page, and the state in the list."""
        (shown,) = (d for d in describe_erasers() if d["id"] == "omnieraser")
        (entry,) = (e for e in entries() if e.id == "omnieraser")
        names = {weight["name"] for weight in shown["weights"]}
        assert {weight.name for weight in entry.weights} == names
        return names, {weight["state"] for weight in shown["weights"]}, entry.state

    whole = {weight.name for weight in spec.weights}
    assert card() == (whole, {"ready"}, "ready")
    shutil.rmtree(tmp_path / encoders.name)
    embeddings.clear()
    assert card() == (whole, {"ready", "missing"}, "missing")
    in_the_cache(home / SHARED.name, tmp_path)
    eraser = OmniEraser()
    eraser.load("cpu", None)
    erased(eraser, photo, mask)
    eraser.unload()
    shutil.rmtree(tmp_path / encoders.name)
    assert card() == ({weight.name for weight in DEV.weights()}, {"ready"}, "ready")
