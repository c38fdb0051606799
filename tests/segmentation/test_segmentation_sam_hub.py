"""SAM 2.1 and SAM 3: our path against the library's own processors, from files as published."""

from __future__ import annotations

import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from methods import Image, WeightsUnavailable, weight_status
from sam_tools import (
    GENERATIONS,
    PROMPTS,
    Processor,
    agreement,
    meets,
    prompt,
    publish_random,
    reference,
)
from segmentation import Candidates, Embedding, Tile, get_segmenter
from segmentation._engine.registry import found
from segmentation._sam.transformers import HubSam
from segmentation._segmenter import Frame
from tiers import rest_is_slow

SIZES = ("sam2_1_tiny", "sam2_1_small", "sam2_1_base_plus", "sam2_1_large")
FOLDERS = {
    "sam2_1_tiny": "sam2.1-hiera-tiny",
    "sam2_1_small": "sam2.1-hiera-small",
    "sam2_1_base_plus": "sam2.1-hiera-base-plus",
    "sam2_1_large": "sam2.1-hiera-large",
    "sam3": "sam3",
}


class Case(NamedTuple):
    """One generation: its files, our reading of them, and the library's."""

    kind: Any
    folder: Path
    ours: HubSam
    encoded: Embedding
    truth: Processor


@pytest.fixture(scope="module", params=["sam2", "sam3"])
def case(
    request: pytest.FixtureRequest, rocket: Image, tmp_path_factory: pytest.TempPathFactory
) -> Case:
    generation = GENERATIONS[request.param]
    kind: Any = found()["sam3" if request.param == "sam3" else "sam2_1_tiny"]
    folder = tmp_path_factory.mktemp(request.param) / FOLDERS[kind.spec.id]
    photo = rocket.copy()  # the library warns of read-only pictures
    publish_random(generation, folder, photo, seed=1)
    ours = load(kind, folder)
    truth = reference(generation, folder, photo)
    return Case(kind, folder, ours, ours.encode(rocket, "rocket"), truth)


def load(kind: Any, folder: Path, **how: Any) -> HubSam:
    return kind.from_files(folder / "config.json", folder / "model.safetensors", **how)


# --- the numbers -------------------------------------------------------------------------


@pytest.mark.parametrize("name", rest_is_slow(PROMPTS, 3))
def test_the_librarys_processor_agrees(case: Case, name: str) -> None:
    assert meets(case.ours.segment(case.encoded, prompt(name)), case.truth(name))


def test_a_tall_photo_agrees_too(case: Case, rocket: Image) -> None:
    tall = np.ascontiguousarray(rocket.transpose(1, 0, 2)[:, :421])
    truth = Processor(case.truth._model, case.truth._processor, tall)
    candidates = case.ours.segment(case.ours.encode(tall, "tall"), prompt("tall"))
    assert meets(candidates, truth("tall"))


def test_swapped_colours_are_noticed(case: Case, rocket: Image) -> None:
    wrong = case.ours.encode(rocket[:, :, ::-1].copy(), "wrong")
    assert not meets(case.ours.segment(wrong, prompt("both")), case.truth("both"))


def test_prompts_scaled_alike_along_both_axes_are_noticed(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the first SAM does it, which pads where these squeeze."""
    scaled = case.ours._prompt_tensors
    monkeypatch.setattr(
        case.ours, "_prompt_tensors", lambda asked, scale: scaled(asked, (min(scale), min(scale)))
    )
    assert not meets(case.ours.segment(case.encoded, prompt("both")), case.truth("both"))


def test_padding_taken_off_is_noticed(case: Case) -> None:
    right = case.ours.segment(case.encoded, prompt("both"))
    rows, columns = right.logits.shape[1:]
    frame = Frame(None, (rows * 427 // 640, columns))
    wrong = Candidates(right.logits, right.scores, right.best, right.size, frame)
    assert agreement(wrong, case.truth("both")) < 0.999


def test_the_photo_stays_as_it_is_and_the_embedding_is_a_value(case: Case, rocket: Image) -> None:
    photo = rocket.copy()
    embedding = case.ours.encode(photo, "photo")
    assert np.array_equal(photo, rocket)
    assert embedding.nbytes == sum(part.nbytes for part in embedding.data)
    before = [part.clone() for part in embedding.data]
    case.ours.segment(embedding, prompt("both"))
    assert all(
        bool((part == kept).all()) for part, kept in zip(embedding.data, before, strict=True)
    )


def test_a_part_of_a_photo_is_answered_in_its_place(case: Case, rocket: Image) -> None:
    tile = Tile(100, 50, 400, 300)
    embedding = case.ours.encode(tile.cut(rocket), "part")
    near = case.ours.segment(embedding, tile.moved(prompt("point")))
    laid = replace(near, size=(rocket.shape[0], rocket.shape[1]), tile=tile)
    for level in range(3):
        mask, part = laid.mask(level), near.mask(level)
        assert mask.sum() == part.sum() and np.array_equal(mask[50:350, 100:500], part)
        assert laid.areas[level] == pytest.approx(near.areas[level] * part.size / mask.size)


@pytest.mark.slow
def test_threads_get_what_one_thread_gets(case: Case) -> None:
    """A fresh model, so that whatever it sets up at its first call is tried too."""
    segmenter = load(case.kind, case.folder)
    names = list(PROMPTS) * 6
    begun = threading.Barrier(6)

    def ask(place: int) -> Any:
        if place < 6:
            begun.wait(30)
        return segmenter.segment(case.encoded, prompt(names[place])).logits

    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(ask, range(len(names))))
    for name, logits in zip(names, together, strict=True):
        alone = case.ours.segment(case.encoded, prompt(name)).logits
        assert np.allclose(logits, alone, atol=1e-4)


# --- loading -----------------------------------------------------------------------------


def test_a_folder_of_ones_own_stands_for_the_repository(
    case: Case, monkeypatch: pytest.MonkeyPatch, rocket: Image
) -> None:
    """Through the registry and the local override: nothing is downloaded."""
    monkeypatch.setattr("segmentation._engine.registry._shared", {})
    monkeypatch.setattr("segmentation._engine.registry._demand_memory", lambda spec: None)
    monkeypatch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(case.folder.parent))
    segmenter = get_segmenter(case.kind.spec.id, fetch_missing=False)
    embedding = segmenter.encode(rocket, "rocket")
    assert meets(segmenter.segment(embedding, prompt("both")), case.truth("both"))


@pytest.mark.slow
@pytest.mark.parametrize("segmenter_id", SIZES)
def test_each_size_reads_its_own_files(
    segmenter_id: str, rocket: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = 10 + SIZES.index(segmenter_id)
    folder = tmp_path / FOLDERS[segmenter_id]
    publish_random(GENERATIONS["sam2"], folder, rocket.copy(), seed)
    monkeypatch.setattr("segmentation._engine.registry._shared", {})
    monkeypatch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(tmp_path))
    segmenter = get_segmenter(segmenter_id, fetch_missing=False)
    embedding = segmenter.encode(rocket, "rocket")
    assert embedding.model == segmenter_id
    truth = reference(GENERATIONS["sam2"], folder, rocket.copy())("box")
    assert meets(segmenter.segment(embedding, prompt("box")), truth)


@pytest.mark.parametrize("segmenter_id", FOLDERS)
def test_files_are_pinned_or_say_why(segmenter_id: str) -> None:
    spec = found()[segmenter_id].spec
    config, network = spec.weights
    for weight, file in ((config, "config.json"), (network, "model.safetensors")):
        assert weight.name == f"{FOLDERS[segmenter_id]}/{file}"
        assert weight.sha256 or weight.unpinned_because
        assert weight_status(weight).license == spec.license
    assert spec.gated is (segmenter_id == "sam3")


def damage(folder: Path, what: str) -> None:
    from safetensors.torch import load_file, save_file

    config, network = folder / "config.json", folder / "model.safetensors"
    if what == "a part is missing":
        state = load_file(network)
        for name in [name for name in state if name.endswith("mask_decoder.iou_token.weight")]:
            del state[name]
        save_file(state, network)
    if what == "another network":
        save_file({"weight": load_file(network).popitem()[1]}, network)
    if what == "cut short":
        network.write_bytes(network.read_bytes()[:-1000])
    if what == "a web page":
        network.write_text("<html>not found</html>")
    if what == "no configuration":
        config.write_text("<html>not found</html>")
    if what == "another configuration":
        config.write_text(json.dumps({"vision_config": {"backbone_config": {"hidden_size": "x"}}}))


@pytest.mark.parametrize(
    "what",
    [
        "a part is missing",
        "another network",
        "cut short",
        "a web page",
        "no configuration",
        "another configuration",
    ],
)
def test_files_that_are_something_else_are_refused(case: Case, tmp_path: Path, what: str) -> None:
    folder = shutil.copytree(case.folder, tmp_path / "copy")
    damage(folder, what)
    with pytest.raises(WeightsUnavailable) as refused:
        load(case.kind, folder)
    assert refused.value.code == "weights_unreadable"
    assert str(tmp_path) not in str(refused.value)


def test_loading_is_silent(case: Case, capfd: pytest.CaptureFixture[str]) -> None:
    """No progress bar, no remarks on the parts for videos, on the console of a server."""
    load(case.kind, case.folder)
    assert "".join(capfd.readouterr()) == ""


# --- precision and devices ---------------------------------------------------------------


@pytest.mark.slow  # a CPU has no quick half precision
def test_half_precision_is_close(case: Case, rocket: Image) -> None:
    halved = load(case.kind, case.folder, half=True)
    encoded = halved.encode(rocket, "rocket")
    assert all(str(part.dtype) == "torch.float32" for part in encoded.data)
    candidates = halved.segment(encoded, prompt("both"))
    truth = case.truth("both")
    assert agreement(candidates, truth) > 0.98
    assert np.abs(candidates.scores - truth.scores).max() > 0  # it did run halved


def elsewhere(case: Case, seen: list[str]) -> HubSam:
    """The loaded model, whose image encoder believes itself on torch's meta device."""
    import torch

    class Elsewhere(torch.nn.Module):
        def __init__(self, real: Any) -> None:
            super().__init__()
            object.__setattr__(self, "real", real)

        def forward(self, pixels: Any, **options: Any) -> Any:
            seen.append(pixels.device.type)
            # Nothing can be read from there, so the real encoder looks at the photo again.
            return self.real(answered.pop(), **options)

    twin = load(case.kind, case.folder)
    twin._model.vision_encoder = Elsewhere(twin._model.vision_encoder)
    answered = [twin._pixels(case.truth._image)]
    library = case.kind.library()
    return case.kind(twin._model, library.processor, "meta")


def test_prompts_are_answered_by_the_cpu_where_the_gpu_is_lent(
    case: Case, rocket: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERASER_LAB_DECODE_ON_CPU", "1")
    seen: list[str] = []
    segmenter = elsewhere(case, seen)
    embedding = segmenter.encode(rocket, "rocket")
    assert seen == ["meta"]
    assert meets(segmenter.segment(embedding, prompt("both")), case.truth("both"))


def test_prompts_are_answered_by_the_gpu_otherwise(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ERASER_LAB_DECODE_ON_CPU", raising=False)
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    segmenter = elsewhere(case, [])
    weights = segmenter._model.mask_decoder.parameters()
    assert {weight.device.type for weight in weights} == {"meta"}


@pytest.mark.slow
@pytest.mark.gpu
@pytest.mark.parametrize("decoding", rest_is_slow(["0", "1"]))
def test_a_gpu_gives_the_same_masks(
    case: Case, rocket: Image, monkeypatch: pytest.MonkeyPatch, decoding: str
) -> None:

    monkeypatch.setenv("ERASER_LAB_DECODE_ON_CPU", decoding)
    segmenter = load(case.kind, case.folder, device="cuda")
    embedding = segmenter.encode(rocket, "rocket")
    assert all(part.device.type == "cpu" for part in embedding.data)
    assert agreement(segmenter.segment(embedding, prompt("both")), case.truth("both")) > 0.98
