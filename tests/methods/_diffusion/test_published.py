"""Embeddings made where the encoders are, fetched where they are not, and erased with."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny_flux
from attention_tools import one_thread as one_thread
from canvas_tools import shrink_canvases
from lending_tools import lend_here, lent_here
from loopback_hub import Hub
from methods import Borrowing, Failed, Finished, InProcess, Job, Loading, Manifests, catalogues
from methods._diffusion import published
from methods._diffusion.embedding_files import file_of
from methods._diffusion.eraser import Part, Repository, store
from methods._diffusion.eraser import RepoFile as File
from methods._diffusion.precision import FULL
from methods._diffusion.prompts import embeddings
from methods._engine import worker
from methods._engine.result_cache import ResultCache
from methods._flux.prompts import FluxPrompts
from methods._flux.weights import FILL
from methods._workers.zerogpu.lent import Lent
from methods._workers.zerogpu.pace import Paces
from methods.flux_fill import FluxFill
from runner_tools import failed, finished, last_of
from ui.cli.__main__ import main

pytest_plugins = ["hub_fixtures", "worker_fixtures"]

ENCODERS = ("tokenizer", "text_encoder", "tokenizer_2", "text_encoder_2")
JOB = Job("flux_fill", {"num_inference_steps": 1}, 3)


@dataclass
class Model:
    """The tiny model: all of its files, and how they are pinned."""

    folder: Path
    pinned: Repository

    def files(self, *folders: str) -> dict[str, bytes | Path]:
        paths = (file.path for file in self.pinned.files)
        return {path: self.folder / path for path in paths if path.split("/")[0] in folders}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    tiny_flux.save_shared(folder / "shared")
    tiny_flux.FLUX["flux1-fill"](folder / "flux1-fill")
    return folder


@pytest.fixture
def model(
    saved: Path, hub: Hub, clean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Model]:
    """FLUX.1 Fill on tiny networks of which every file is pinned; the hub has the VAE alone."""
    folder = saved / "shared"
    commit = hub.publish("org/tiny", {f"vae/{f.name}": f for f in (folder / "vae").iterdir()})
    found = Model(folder, _pinned(folder, commit))
    parts = [Part(found.pinned, each) for each in ENCODERS]
    spec = replace(FluxFill.spec, weights=(*FILL.weights(), *found.pinned.weights()), memory=1000)
    monkeypatch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(saved))
    monkeypatch.setattr("methods.flux_fill.PROMPTS", FluxPrompts(*parts))
    monkeypatch.setattr("methods.flux_fill.VAE", Part(found.pinned, "vae"))
    monkeypatch.setattr(FluxFill, "spec", spec)
    monkeypatch.setattr(FluxFill, "precision_on", classmethod(lambda kind, device: FULL))
    monkeypatch.setattr("methods._engine.worker.results", ResultCache(0))
    manifests = Manifests(tmp_path / "manifests")
    manifests.folder.mkdir()
    for module in ("methods._diffusion.published", "ui.cli.embeddings"):
        monkeypatch.setattr(f"{module}.MANIFESTS", manifests)
    shrink_canvases(monkeypatch)
    forget()
    yield found
    forget()


def _pinned(folder: Path, commit: str) -> Repository:
    found = []
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            path, body = file.relative_to(folder).as_posix(), file.read_bytes()
            found.append(File(path, len(body), hashlib.sha256(body).hexdigest()))
    return Repository(
        name="tiny-flux", repo="org/tiny", revision=commit, license="MIT", files=tuple(found)
    )


def forget() -> None:
    """As at a start of the program."""
    worker.residency.clear()
    embeddings.clear()
    published._all.cache_clear()


def elsewhere(model: Model, monkeypatch: pytest.MonkeyPatch, name: str, *folders: str) -> Path:
    """Another machine, which has these folders of the model."""
    weights = model.folder.parent / name
    shutil.rmtree(weights, ignore_errors=True)
    weights.mkdir()
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(weights))
    for folder in folders:
        shutil.copytree(model.folder / folder, weights / "tiny-flux" / folder)
    forget()
    return weights


def erase(executor: Any, **more: Any) -> list[Any]:
    photo = np.random.default_rng(4).integers(0, 256, (64, 64, 3), np.uint8)
    mask = np.zeros((64, 64), bool)
    mask[20:40, 20:44] = True
    return list(executor.run([JOB], photo, mask, **more))


def test_made_published_fetched_and_erased_with(
    model: Model, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    elsewhere(model, monkeypatch, "maker", *ENCODERS, "vae")
    folder = tmp_path / "embeddings"
    assert (
        main(["embeddings", "make", "flux_fill", "--precision", "full", "--out", str(folder)]) == 0
    )
    (file,) = folder.rglob("*.safetensors")
    place = file.relative_to(folder).as_posix()
    assert place.startswith(f"tiny-flux-{model.pinned.revision[:8]}/")
    card = (folder / "README.md").read_text("utf-8")
    assert place in card and "''" in card and hashlib.sha256(file.read_bytes()).hexdigest() in card
    with_encoders = finished(erase(InProcess()))

    commit = hub.publish("org/embeddings", {place: file})
    pin = ["embeddings", "pin", str(folder), "--repo", "org/embeddings", "--revision", commit]
    assert main(pin) == 0 and place in capsys.readouterr().out
    assert main(pin) == 0 and "all as pinned" in capsys.readouterr().out

    weights = elsewhere(model, monkeypatch, "space")
    own = finished(erase(InProcess()))
    assert np.array_equal(own.image, with_encoders.image)
    there = {path.name for path in (weights / "tiny-flux").iterdir() if path.is_dir()}
    assert there == {"vae"} and not file_of(file.stem).exists()
    assert any(name.endswith(file.name) for name in own.weights)
    forget()
    assert np.array_equal(finished(erase(lent_here())).image, own.image)
    assert not [path for path in hub.asked() if "encoder" in path or "tokenizer" in path]


def test_without_them_the_encoder_reads_before_a_gpu_is_borrowed(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(model, monkeypatch, "parent", *ENCODERS, "vae")
    loaded: list[int] = []

    def lend(parcel: Any) -> Any:
        loaded.append(store.loads)
        try:
            yield from lend_here(parcel)
        finally:
            loaded.append(store.loads)

    before = store.loads
    events = erase(Lent(lend, lambda spec: True, Paces()))
    finished(events)
    assert [type(event) for event in events[:2]] == [Loading, Borrowing]
    at_loan, after = loaded[:2]
    assert at_loan == before + len(ENCODERS)
    assert after == at_loan + 2, "the transformer and the VAE"
    again = erase(Lent(lend, lambda spec: True, Paces()))
    assert type(again[0]) is Borrowing and isinstance(again[-1], Finished)


def test_an_encoder_without_room_is_a_sentence(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(model, monkeypatch, "small", *ENCODERS, "vae")
    monkeypatch.setattr("methods._diffusion.eraser.memory_budget", lambda device: 1000)
    (end,) = last_of(erase(lent_here()))
    assert isinstance(end, Failed) and end.code == "encoder_too_large"
    assert all("flux_fill" in end.sentence.said(language) for language in catalogues())


def test_what_is_missing_is_said_where_nothing_is_published(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(model, monkeypatch, "bare", "vae")
    end = failed(erase(lent_here(), fetch_missing=False))
    assert end.code == "weights_missing" and "tiny-flux/text_encoder" in end.text


def test_who_has_no_constant_prompt_says_so(tmp_path: Path, capsys: Any) -> None:
    assert main(["embeddings", "make", "telea", "--out", str(tmp_path)]) == 2
    assert "nothing to make" in capsys.readouterr().err
