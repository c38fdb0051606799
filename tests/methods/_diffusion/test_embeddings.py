"""Prompts' embeddings on the disk: a second start needs no text encoder, not even its files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import tiny_flux
from attention_tools import one_thread as one_thread
from methods import WeightsUnavailable, find_weights
from methods._diffusion import embedding_files as files
from methods._diffusion.embedding_files import lasting_name
from methods._diffusion.eraser import Embedding, Part, Repository, store
from methods._diffusion.eraser import RepoFile as File
from methods._diffusion.prompts import EmbeddingCache, embeddings, without_idle_encoders
from methods._flux.prompts import FluxPrompts
from tiers import rest_is_slow

ROOT = Path(__file__).resolve().parents[3]
TEXTS = ["There is nothing here.", ""]
FOLDERS = ("tokenizer", "text_encoder", "tokenizer_2", "text_encoder_2")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_flux.save_shared(tmp_path_factory.mktemp("models") / "tiny-flux")


@pytest.fixture(autouse=True)
def weights(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of weights of its own, as a first download leaves it."""
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.delenv("ERASER_LAB_EMBEDDINGS")
    monkeypatch.delenv("ERASER_LAB_LOCAL_WEIGHTS", raising=False)
    shutil.copytree(model, tmp_path / "weights" / "tiny-flux")
    embeddings.clear()
    for weight in repository().weights():
        assert find_weights(weight)
    yield tmp_path / "weights"
    embeddings.clear()


def repository() -> Repository:
    """The tiny model's files, without pins: their digests are taken down when they are found."""
    networks = ("text_encoder", "text_encoder_2")
    paths = [
        f"{folder}/{name}" for folder in networks for name in ("config.json", "model.safetensors")
    ]
    paths += [f"tokenizer/{n}" for n in ("vocab.json", "merges.txt", "tokenizer_config.json")]
    paths += [f"tokenizer_2/{name}" for name in ("tokenizer.json", "tokenizer_config.json")]
    return Repository(
        name="tiny-flux",
        repo="a/b",
        revision="main",
        license="MIT",
        files=tuple(File(p, 1) for p in paths),
    )


def prompts() -> FluxPrompts:
    parts = [Part(repository(), folder) for folder in FOLDERS]
    return FluxPrompts(*parts)


def embed(texts: list[str] = TEXTS, dtype: Any = None) -> tuple[Embedding, ...]:
    import torch

    return prompts().embed(texts, "cpu", dtype or torch.float32)


def kept(weights: Path) -> list[Path]:
    return sorted((weights / "embeddings").glob("*.safetensors"))


def same(one: tuple[Embedding, ...], two: tuple[Embedding, ...]) -> bool:
    return all(
        a.tensors().keys() == b.tensors().keys()
        and all((a.tensors()[name] == b.tensors()[name]).all() for name in a.tensors())
        for a, b in zip(one, two, strict=True)
    )


def test_it_is_what_the_stock_pipeline_computes(weights: Path) -> None:
    import torch
    from diffusers import FluxPipeline

    taken = [store.take(Part(repository(), folder), torch.float32) for folder in FOLDERS]
    tokenizer, clip, tokenizer_2, t5 = taken
    pipeline = FluxPipeline(None, None, clip, tokenizer, t5, tokenizer_2, None)
    with torch.no_grad():
        tokens, pooled, _ = pipeline.encode_prompt(TEXTS[0], None, "cpu")
    for component in taken:
        store.give_back(component)
    ours, empty = embed()
    assert torch.equal(ours.tokens, tokens) and ours.tokens.shape[1] == 512
    assert ours.pooled is not None and torch.equal(ours.pooled, pooled)
    assert not torch.equal(empty.tokens, tokens)


def test_a_second_start_loads_no_encoder(weights: Path) -> None:
    before = store.loads
    first = embed()
    assert store.loads == before + len(FOLDERS)
    assert len(kept(weights)) == len(TEXTS)
    embeddings.clear()
    assert same(first, embed())
    assert store.loads == before + len(FOLDERS)


@pytest.mark.slow
def test_a_new_process_needs_not_even_the_encoders_files(weights: Path) -> None:
    (first, _) = embed()
    for folder in FOLDERS:
        shutil.rmtree(weights / "tiny-flux" / folder)
    code = (
        "from test_embeddings import embed, store, files\n"
        "found, _ = embed()\n"
        "print(store.loads, files.digest(found.tensors()))"
    )
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "support"), os.path.dirname(__file__)])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.split() == ["0", files.digest(first.tensors())], done.stderr


def test_another_text_wants_the_encoders_back(weights: Path) -> None:
    embed()
    shutil.rmtree(weights / "tiny-flux" / "text_encoder_2")
    embeddings.clear()
    embed()
    with pytest.raises(WeightsUnavailable) as caught:
        embed(["a cat"])
    assert caught.value.code == "weights_missing"


def test_what_is_needed_still(weights: Path) -> None:
    """With everything here, all of it; with the embeddings kept, not what is missing."""
    import torch

    def needed(texts: list[str], dtype: Any = torch.float32) -> set[str]:
        every = repository().weights()
        left = without_idle_encoders(every, prompts(), texts, dtype)
        return {weight.name.split("/")[1] for weight in left}

    assert needed(TEXTS) == set(FOLDERS)
    embed()
    assert needed(TEXTS) == set(FOLDERS), "what is here stays in the list"
    shutil.rmtree(weights / "tiny-flux" / "text_encoder_2")
    assert needed(TEXTS) == set(FOLDERS) - {"text_encoder_2"}
    assert needed(["a cat"]) == set(FOLDERS)
    assert needed(TEXTS, torch.bfloat16) == set(FOLDERS), "kept in another precision"


def test_encoders_that_were_never_here_are_needed(weights: Path) -> None:
    import torch

    shutil.rmtree(weights)
    every = repository().weights()
    assert without_idle_encoders(every, prompts(), TEXTS, torch.float32) == every
    assert not prompts().knows(TEXTS, torch.float32)


@pytest.mark.parametrize("damage", rest_is_slow(["flipped", "cut", "empty", "headless"]))
def test_a_broken_file_is_made_anew(weights: Path, damage: str) -> None:
    first = embed(TEXTS[:1])
    (file,) = kept(weights)
    whole = file.read_bytes()
    if damage == "headless":
        from safetensors.torch import save_file

        save_file(first[0].tensors(), file)
    else:
        spoilt = {"cut": whole[:-9], "flipped": whole[:-9] + b"spoilt123", "empty": b""}[damage]
        file.write_bytes(spoilt)
    embeddings.clear()
    before = store.loads
    assert same(first, embed(TEXTS[:1]))
    assert store.loads == before + len(FOLDERS)
    assert file.read_bytes() == whole


def test_other_encoders_are_another_embedding(weights: Path, tmp_path: Path) -> None:
    import torch

    first = embed()
    weights_file = weights / "tiny-flux" / "text_encoder_2" / "model.safetensors"
    tiny_flux.save_t5(tmp_path / "other", seed=9)
    shutil.copyfile(tmp_path / "other" / "model.safetensors", weights_file)
    (weights / "weights.lock.json").unlink()  # what else would refuse the file
    embeddings.clear()
    other = embed()
    assert not torch.equal(first[0].tokens, other[0].tokens)
    assert len(kept(weights)) == 2 * len(TEXTS)


def test_the_precision_and_the_way_of_encoding_count(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    embed()
    (half, _) = embed(dtype=torch.bfloat16)
    assert half.tokens.dtype == torch.bfloat16
    embeddings.clear()
    assert embed(dtype=torch.bfloat16)[0].tokens.dtype == torch.bfloat16
    assert len(kept(weights)) == 4
    monkeypatch.setattr(FluxPrompts, "version", 2)
    embed()
    assert len(kept(weights)) == 6


def test_the_text_is_not_written_down(weights: Path) -> None:
    embed(["my secret wish"])
    assert all(b"secret" not in file.read_bytes() for file in kept(weights))


def test_no_room_is_no_error(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "replace", full)
    first = embed()
    assert not kept(weights) and not list((weights / "embeddings").iterdir())
    assert same(first, embed())


def test_the_oldest_go_when_there_are_too_many(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    cache, size = EmbeddingCache(), 40_000
    monkeypatch.setattr(files, "KEPT_BYTES", 2 * size + 2000)
    for place, name in enumerate("abc"):
        if name == "c":
            assert EmbeddingCache().get("a")  # used last, so that b is the oldest
        cache.put(name, Embedding(torch.full((1, size // 4), float(place))))
        for file in kept(weights):
            if file.stem == name:
                os.utime(file, (place, place))
    assert [file.stem for file in kept(weights)] == ["a", "c"]


@pytest.mark.parametrize(
    ("module", "name", "kept_under"),
    [
        ("_diffusion.prompts", "ClipPrompts", "methods._diffusion_text"),
        ("_diffusion.prompts", "SdxlPrompts", "methods._diffusion_text"),
        ("_flux.prompts", "FluxPrompts", "methods._flux_prompts"),
        ("catdiffusion.weights", "LabelPrompts", "methods._catdiffusion_models"),
        ("flux2_klein.weights", "KleinPrompts", "methods._klein_models"),
        ("powerpaint.prompts", "TaskEncoder", "methods._powerpaint_prompts"),
        ("qwen_image_edit.prompts", "PicturePrompts", "methods._qwen_edit_prompts"),
        ("smarteraser.weights", "ShortPrompts", "methods._smarteraser_models"),
    ],
)
def test_what_was_kept_is_found_after_a_move(module: str, name: str, kept_under: str) -> None:
    """An encoder of many gigabytes may have been deleted since."""
    kind = getattr(import_module(f"methods.{module}"), name)
    assert lasting_name(kind) == f"{kept_under}.{name}"
