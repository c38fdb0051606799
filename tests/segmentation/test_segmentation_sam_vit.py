"""SAM ViT-B, -L and -H: our path against segment-anything's own predictor, same weights."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from methods import Image, Unavailable, WeightsUnavailable
from sam_tools import (
    PROMPTS,
    Predictor,
    agreement,
    centre_sam,
    meets,
    prompt,
    random_sam,
    seeded,
    tiny_vit,
)
from segmentation import Candidates, Embedding, get_segmenter
from segmentation._engine.registry import found
from segmentation._sam.vit import SamVit
from segmentation._segmenter import Frame
from segmentation.sam_vit_b import SamVitB
from tiers import rest_is_slow

KINDS = ("sam_vit_b", "sam_vit_l", "sam_vit_h")
PARAMETERS = {"sam_vit_b": 93.7e6, "sam_vit_l": 312.3e6, "sam_vit_h": 641.1e6}


def kind(segmenter_id: str) -> Any:
    return found()[segmenter_id]


def builders() -> dict[str, Any]:
    """The package's own registry: which function builds which size."""
    from segment_anything import sam_model_registry

    return sam_model_registry


def shrink(monkeypatch: pytest.MonkeyPatch, kind: type[SamVit], build: Callable[[], Any]) -> None:
    """Make the package build a small network under the large one's name."""
    monkeypatch.setitem(builders(), kind.kind, lambda: build())


def save(sam: Any, path: Path) -> Path:
    import torch

    torch.save(sam.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def small(rocket: Image) -> Any:
    return random_sam(tiny_vit, rocket)


@pytest.fixture(scope="module")
def truth(small: Any, rocket: Image) -> Predictor:
    """The package's own predictor, with the photo set."""
    return Predictor(small, rocket)


@pytest.fixture(scope="module")
def loaded(small: Any, tmp_path_factory: pytest.TempPathFactory) -> SamVit:
    """A small network, brought in as a checkpoint."""
    path = save(small, tmp_path_factory.mktemp("vit") / "small.pth")
    with pytest.MonkeyPatch.context() as monkeypatch:
        shrink(monkeypatch, SamVitB, tiny_vit)
        return SamVitB.from_file(path)


@pytest.fixture(scope="module")
def encoded(loaded: SamVit, rocket: Image) -> Embedding:
    return loaded.encode(rocket, "rocket")


# --- the numbers -------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROMPTS)
def test_the_predictor_of_the_package_agrees(
    loaded: SamVit, encoded: Embedding, truth: Predictor, name: str
) -> None:
    assert meets(loaded.segment(encoded, prompt(name)), truth(name))


def test_a_tall_photo_agrees_too(loaded: SamVit, small: Any, rocket: Image) -> None:
    """The other way round the padding lies at the right."""
    tall = np.ascontiguousarray(rocket.transpose(1, 0, 2)[:, :421])
    candidates = loaded.segment(loaded.encode(tall, "tall"), prompt("tall"))
    assert meets(candidates, Predictor(small, tall)("tall"))


def test_swapped_colours_are_noticed(loaded: SamVit, truth: Predictor, rocket: Image) -> None:
    wrong = loaded.encode(rocket[:, :, ::-1].copy(), "wrong")
    assert not meets(loaded.segment(wrong, prompt("both")), truth("both"))


def test_prompts_in_the_photos_own_pixels_are_noticed(
    loaded: SamVit, encoded: Embedding, truth: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    scaled = loaded._prompt_tensors
    monkeypatch.setattr(loaded, "_prompt_tensors", lambda asked, scale: scaled(asked, (1, 1)))
    assert not meets(loaded.segment(encoded, prompt("both")), truth("both"))


def test_padding_left_on_is_noticed(loaded: SamVit, encoded: Embedding, truth: Predictor) -> None:
    right = loaded.segment(encoded, prompt("both"))
    frame = Frame(256, (256, 256))
    wrong = Candidates(right.logits, right.scores, right.best, right.size, frame)
    assert agreement(wrong, truth("both")) < 0.999


@pytest.mark.slow
def test_vit_b_in_its_full_width_agrees(
    rocket: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At its own 1024 pixels, with three of its twelve blocks: the third looks at all places at
    once, the others in windows, as in each of its four groups of three."""
    shrink(monkeypatch, SamVitB, first_blocks(builders()["vit_b"]))
    whole = seeded(builders()["vit_b"])
    predictor = Predictor(whole, rocket)
    centre_sam(whole, predictor)
    ours = SamVitB.from_file(save(whole, tmp_path / "vit_b.pth"))
    assert meets(ours.segment(ours.encode(rocket, "rocket"), prompt("both")), predictor("both"))


def first_blocks(build: Callable[[], Any], count: int = 3) -> Callable[[], Any]:
    """The builder of a network whose image encoder ends after so many blocks."""

    def shallow() -> Any:
        sam = build()
        sam.image_encoder.blocks = sam.image_encoder.blocks[:count]
        return sam

    return shallow


# --- loading -----------------------------------------------------------------------------


@pytest.mark.parametrize("segmenter_id", rest_is_slow(KINDS))
def test_each_size_loads_from_a_file_of_ones_own(
    segmenter_id: str, rocket: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the registry and the local override; each has a network of its own depth."""
    depth = 2 + KINDS.index(segmenter_id)
    shrink(monkeypatch, kind(segmenter_id), lambda: tiny_vit(depth))
    monkeypatch.setattr("segmentation._engine.registry._shared", {})
    small = random_sam(lambda: tiny_vit(depth), rocket)
    (weight,) = kind(segmenter_id).spec.weights
    save(small, tmp_path / weight.name)
    monkeypatch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(tmp_path))
    segmenter = get_segmenter(segmenter_id, fetch_missing=False)
    embedding = segmenter.encode(rocket, "rocket")
    assert embedding.model == segmenter_id and embedding.nbytes == 4 * 32 * 16 * 16
    assert meets(segmenter.segment(embedding, prompt("box")), Predictor(small, rocket)("box"))


@pytest.mark.parametrize("segmenter_id", KINDS)
def test_the_networks_have_their_published_size(segmenter_id: str) -> None:
    skeleton = kind(segmenter_id).skeleton()
    weights = list(skeleton.parameters())
    assert all(weight.is_meta for weight in weights)  # no memory was taken for them
    assert sum(weight.numel() for weight in weights) == pytest.approx(
        PARAMETERS[segmenter_id], rel=1e-3
    )


def test_a_checkpoint_in_half_precision_works_on_a_cpu(
    small: Any,
    truth: Predictor,
    rocket: Image,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch

    shrink(monkeypatch, SamVitB, tiny_vit)
    state = {name: weight.half() for name, weight in small.state_dict().items()}
    torch.save(state, tmp_path / "half.pth")
    segmenter = SamVitB.from_file(tmp_path / "half.pth")
    candidates = segmenter.segment(segmenter.encode(rocket, "rocket"), prompt("both"))
    assert agreement(candidates, truth("both")) > 0.95


@pytest.mark.parametrize("what", ["another size", "too little", "too much", "text"])
def test_a_file_with_other_weights_is_refused(
    small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    import torch

    path, state = tmp_path / "sam.pth", dict(small.state_dict())
    shrink(monkeypatch, SamVitB, lambda: tiny_vit(3 if what == "another size" else 2))
    if what == "too little":
        del state["mask_decoder.iou_token.weight"]
    if what == "too much":
        state["mask_decoder.extra"] = torch.zeros(3)
    torch.save(state, path)
    if what == "text":
        path.write_text("not found")
    with pytest.raises(WeightsUnavailable) as refused:
        SamVitB.from_file(path)
    assert refused.value.code == "weights_unreadable"
    assert "sam.pth" in str(refused.value) and str(tmp_path) not in str(refused.value)


# --- precision and devices ---------------------------------------------------------------


def half(small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SamVit:
    shrink(monkeypatch, SamVitB, tiny_vit)
    return SamVitB.from_file(save(small, tmp_path / "small.pth"), half=True)


def test_half_precision_is_close(
    small: Any,
    truth: Predictor,
    rocket: Image,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    segmenter = half(small, tmp_path, monkeypatch)
    candidates = segmenter.segment(segmenter.encode(rocket, "rocket"), prompt("both"))
    assert agreement(candidates, truth("both")) > 0.97
    assert np.abs(candidates.scores - truth("both").scores).max() > 0  # it did run halved


def test_overflow_in_half_precision_is_mended(
    rocket: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The features leave float16's range, so the photo is encoded again, in float32."""
    import torch

    large = random_sam(tiny_vit, rocket)
    with torch.no_grad():
        large.image_encoder.patch_embed.proj.weight.mul_(1e5)
    truth = Predictor(large, rocket)("both")
    segmenter = half(large, tmp_path, monkeypatch)
    embedding = segmenter.encode(rocket, "rocket")
    assert all(part.isfinite().all() for part in embedding.data)
    candidates = segmenter.segment(embedding, prompt("both"))
    assert np.abs(candidates.scores - truth.scores).max() < 1e-2


class Elsewhere:
    """An image encoder on a device that holds no data: it notes what comes and answers."""

    img_size = 256

    def __init__(self, answer: Any) -> None:
        self.devices: list[str] = []
        self._answer = answer

    def __call__(self, pixels: Any) -> Any:
        self.devices.append(pixels.device.type)
        return self._answer

    def to(self, *_: Any) -> Elsewhere:
        return self


@pytest.mark.parametrize("variable", ["ERASER_LAB_DECODE_ON_CPU", "SPACES_ZERO_GPU"])
def test_prompts_are_answered_by_the_cpu_where_the_gpu_is_lent(
    small: Any,
    encoded: Embedding,
    truth: Predictor,
    rocket: Image,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    """torch's meta device stands for the GPU; whatever is decoded there has no values."""
    monkeypatch.setenv(variable, "1")
    segmenter, encoder = on_another_device(small, encoded)
    candidates = segmenter.segment(segmenter.encode(rocket, "rocket"), prompt("both"))
    assert encoder.devices == ["meta"]
    assert meets(candidates, truth("both"))


@pytest.mark.parametrize("value", [None, "", "0", "false"])
def test_prompts_are_answered_by_the_gpu_otherwise(
    small: Any, encoded: Embedding, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    for variable in ("ERASER_LAB_DECODE_ON_CPU", "SPACES_ZERO_GPU"):
        monkeypatch.delenv(variable, raising=False)
    if value is not None:
        monkeypatch.setenv("ERASER_LAB_DECODE_ON_CPU", value)
    segmenter, _ = on_another_device(small, encoded)
    devices = {weight.device.type for weight in segmenter._sam.mask_decoder.parameters()}
    assert devices == {"meta"}


def on_another_device(small: Any, encoded: Embedding) -> tuple[SamVit, Elsewhere]:
    """A copy of the network that believes itself on torch's meta device."""
    import torch

    sam, encoder = copy.deepcopy(small), Elsewhere(encoded.data[0])
    del sam.image_encoder
    object.__setattr__(sam, "image_encoder", encoder)
    sam.pixel_mean, sam.pixel_std = (torch.empty(3, 1, 1, device="meta") for _ in range(2))
    return SamVitB(sam), encoder


@pytest.mark.slow
@pytest.mark.gpu
@pytest.mark.parametrize("decoding", rest_is_slow(["0", "1"]))
def test_a_gpu_gives_the_same_masks(
    small: Any,
    truth: Predictor,
    rocket: Image,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    decoding: str,
) -> None:

    monkeypatch.setenv("ERASER_LAB_DECODE_ON_CPU", decoding)
    shrink(monkeypatch, SamVitB, tiny_vit)
    segmenter = SamVitB.from_file(save(small, tmp_path / "small.pth"), "cuda")
    embedding = segmenter.encode(rocket, "rocket")
    assert all(part.device.type == "cpu" for part in embedding.data)
    assert agreement(segmenter.segment(embedding, prompt("both")), truth("both")) > 0.97


def test_too_little_memory_is_said(
    loaded: SamVit, rocket: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    def full(image: Image) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 3 GiB")

    monkeypatch.setattr(loaded, "_features", full)
    with pytest.raises(Unavailable) as refused:
        loaded.encode(rocket, "rocket")
    assert refused.value.code == "not_enough_memory" and "CUDA" not in str(refused.value)
