"""MobileSAM: the authors' numbers with the real weights, and one model for many threads."""

from __future__ import annotations

import hashlib
import pickle
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from golden_cases import golden_cases, golden_tensors
from methods import BadInput, Image, Mask, WeightsUnavailable
from segmentation import (
    Candidates,
    Embedding,
    EmbeddingCache,
    PromptedObject,
    Segmenter,
    SegmenterSpec,
    get_segmenter,
    registry,
    select,
)
from segmentation._sam import SamSegmenter
from segmentation.mobile_sam import MobileSam, build_mobile_sam, read_state
from segmentation.segmenter import Frame

Case = dict[str, Any]
EVERYTHING = ("masks", "scores", "low_res_logits")


@pytest.fixture(scope="module")
def sam(mobile_sam_weights: Path) -> MobileSam:
    return MobileSam.from_file(mobile_sam_weights)


class Photos:
    """Encodes each photo of these tests once."""

    def __init__(self, sam: MobileSam) -> None:
        self._sam, self._cache = sam, EmbeddingCache()

    def __getitem__(self, photo: Image) -> Embedding:
        return self._cache.get(self._sam, photo, hashlib.sha256(photo.tobytes()).hexdigest())


@pytest.fixture(scope="module")
def encoded(sam: MobileSam) -> Photos:
    return Photos(sam)


def photo_of(case: Case) -> Image:
    from skimage import data

    return getattr(data, case["image"])()


def prompt_of(case: Case, shift: float = 0.0) -> PromptedObject:
    places = zip(case["points_xy"] or [], case["labels"] or [], strict=True)
    points = [{"x": x + shift, "y": y + shift, "label": label} for (x, y), label in places]
    box = case["box_xyxy"] and {
        name: value + shift
        for name, value in zip(("x0", "y0", "x1", "y1"), case["box_xyxy"], strict=True)
    }
    return PromptedObject.model_validate({"points": points, "box": box})


def click(x: float, y: float) -> PromptedObject:
    return PromptedObject.model_validate({"points": [{"x": x, "y": y}]})


def iou(first: Mask, second: Mask) -> float:
    union = int((first | second).sum())
    return int((first & second).sum()) / union if union else 1.0


# --- the authors' numbers ----------------------------------------------------------------


class Distance(NamedTuple):
    """How far an answer is from the authors': least IoU, greatest difference of the others."""

    masks: float
    scores: float
    low_res_logits: float


TOLERANCE = Distance(masks=0.999, scores=1e-3, low_res_logits=1e-2)


def distance(candidates: Candidates, case: Case) -> Distance:
    """What the case does not store counts as met."""
    stored = golden_tensors("mobile_sam", "mobile_sam.safetensors")
    names = case.get("tensors", EVERYTHING)
    truth = {name: stored[f"{case['id']}.{name}"] for name in names}
    width = case["shape"][1]
    masks = np.unpackbits(truth["masks"].astype(np.uint8), axis=2)[:, :, :width] > 0
    overlap = min(iou(candidates.mask(level), masks[level]) for level in range(3))
    scores = float(np.abs(candidates.scores - truth["scores"]).max())
    logits = truth.get("low_res_logits", candidates.logits)
    return Distance(overlap, scores, float(np.abs(candidates.logits - logits).max()))


@pytest.mark.golden
@pytest.mark.parametrize("case", golden_cases("mobile_sam"))
def test_golden(sam: MobileSam, encoded: Photos, case: Case) -> None:
    photo = photo_of(case)
    assert list(photo.shape[:2]) == case["shape"]
    found = distance(sam.segment(encoded[photo], prompt_of(case)), case)
    assert found.masks >= TOLERANCE.masks
    assert found.scores <= TOLERANCE.scores
    assert found.low_res_logits <= TOLERANCE.low_res_logits


@pytest.mark.golden
@pytest.mark.parametrize("case", golden_cases("mobile_sam"))
def test_golden_notices_swapped_colours(sam: MobileSam, encoded: Photos, case: Case) -> None:
    wrong = photo_of(case)[:, :, ::-1].copy()
    found = distance(sam.segment(encoded[wrong], prompt_of(case)), case)
    assert found.masks < TOLERANCE.masks
    assert found.scores > TOLERANCE.scores
    if "low_res_logits" in case.get("tensors", EVERYTHING):
        assert found.low_res_logits > TOLERANCE.low_res_logits


@pytest.mark.golden
@pytest.mark.parametrize("case", golden_cases("mobile_sam"))
def test_golden_notices_prompts_half_a_pixel_off(
    sam: MobileSam, encoded: Photos, case: Case
) -> None:
    found = distance(sam.segment(encoded[photo_of(case)], prompt_of(case, shift=0.5)), case)
    assert found.scores > TOLERANCE.scores or found.low_res_logits > TOLERANCE.low_res_logits


@pytest.mark.golden
@pytest.mark.parametrize("case", golden_cases("mobile_sam"))
def test_golden_notices_padding_left_on(sam: MobileSam, encoded: Photos, case: Case) -> None:
    right = sam.segment(encoded[photo_of(case)], prompt_of(case))
    frame = Frame(1024, (1024, 1024))
    wrong = Candidates(right.logits, right.scores, right.best, right.size, frame)
    assert distance(wrong, case).masks < TOLERANCE.masks


@pytest.mark.golden
def test_golden_embeddings(sam: MobileSam, encoded: Photos) -> None:
    """The encoder alone, where embeddings are stored (in half precision)."""
    from skimage import data

    stored = golden_tensors("mobile_sam", "mobile_sam.safetensors")
    names = [name.removesuffix(".embedding") for name in stored if name.endswith(".embedding")]
    if not names:
        pytest.skip("no embeddings are stored in this set of golden cases")
    for name in names:
        ours = encoded[getattr(data, name)()].data.numpy()
        truth = stored[f"{name}.embedding"].astype(np.float32)
        assert np.abs(ours - truth).max() <= 1e-3
        assert np.abs(ours[..., ::-1] - truth).max() > 1e-3


@pytest.mark.golden
@pytest.mark.gpu
@pytest.mark.parametrize("case", golden_cases("mobile_sam"))
def test_half_precision_on_a_gpu_gives_the_same_masks(mobile_sam_weights: Path, case: Case) -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    segmenter = MobileSam.from_file(mobile_sam_weights, "cuda")
    embedding = segmenter.encode(photo_of(case), case["image"])
    found = distance(segmenter.segment(embedding, prompt_of(case)), case)
    assert found.masks > 0.95
    assert found.scores < 0.05


# --- which level -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("photo", "prompt", "level"),
    [
        ("rocket", {"points": [{"x": 320, "y": 165}]}, 1),  # the rocket, not its nose
        ("coffee", {"points": [{"x": 230, "y": 330}]}, 0),  # the saucer; the others are ragged
        ("coffee", {"box": {"x0": 70, "y0": 10, "x1": 490, "y1": 395}}, 2),  # cup and saucer
        ("coffee", {"points": [{"x": 362, "y": 275}, {"x": 410, "y": 90}]}, 0),  # the spoon
        ("astronaut", {"points": [{"x": 225, "y": 110}]}, 2),  # the woman, not her face
        ("astronaut", {"points": [{"x": 220, "y": 350}]}, 2),  # the woman, not her suit
        ("astronaut", {"box": {"x0": 330, "y0": 0, "x1": 440, "y1": 330}}, 2),  # the shuttle
    ],
)
def test_the_whole_object_is_meant(
    sam: MobileSam,
    encoded: Photos,
    request: pytest.FixtureRequest,
    photo: str,
    prompt: dict[str, Any],
    level: int,
) -> None:
    image = request.getfixturevalue(photo)
    assert sam.segment(encoded[image], PromptedObject.model_validate(prompt)).best == level


def test_the_whole_way_selects_the_rocket(sam: MobileSam, encoded: Photos, rocket: Image) -> None:
    plain = select(sam, encoded[rocket], [click(320, 165)])
    grown = select(sam, encoded[rocket], [click(320, 165)], dilate=8)
    assert plain.mask.shape == rocket.shape[:2]
    assert plain.mask[150:400, 320].all()
    assert not plain.mask[:, :280].any()
    assert 0.02 < plain.area < 0.03
    assert not (plain.mask & ~grown.mask).any()
    assert 1.4 * plain.area < grown.area < 2.5 * plain.area


# --- any photo, any thread ---------------------------------------------------------------


@pytest.mark.parametrize("size", [(1, 1), (2000, 3), (1024, 1024)])
def test_photos_of_any_shape_stay_as_they_are(sam: MobileSam, size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    kept = image.copy()
    image.flags.writeable = False  # 1024 x 1024 is not resized: a careless view would be caught
    selection = select(sam, sam.encode(image, f"shape {size}"), [click(0, 0)])
    assert selection.mask.shape == size
    assert np.array_equal(image, kept)


def test_threads_get_what_one_thread_gets(
    sam: MobileSam, encoded: Photos, rocket: Image, coffee: Image
) -> None:
    photos = {"rocket": rocket, "coffee": coffee}
    questions = [("rocket", click(60 + 70 * n, 60 + 40 * n)) for n in range(6)]
    questions += [("coffee", click(60 + 70 * n, 60 + 40 * n)) for n in range(6)]

    def ask(question: tuple[str, PromptedObject]) -> NDArray[np.float32]:
        name, prompt = question
        return sam.segment(encoded[photos[name]], prompt).logits

    alone = [ask(question) for question in questions]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(ask, questions))
    for one, other in zip(alone, together, strict=True):
        assert np.allclose(one, other, atol=1e-3)


def test_an_embedding_of_another_segmenter_is_a_bug(sam: MobileSam, rocket: Image) -> None:
    foreign = get_segmenter("grabcut").encode(rocket, "rocket")
    with pytest.raises(ValueError, match="grabcut"):
        sam.segment(foreign, click(3, 3))


def test_a_point_outside_the_photo_never_reaches_the_network(
    sam: MobileSam, encoded: Photos, rocket: Image
) -> None:
    with pytest.raises(BadInput) as refused:
        sam.segment(encoded[rocket], click(641, 3))
    assert refused.value.code == "point_outside"


# --- weights and speed -------------------------------------------------------------------


def test_the_fast_network_is_the_plain_one(
    sam: MobileSam, mobile_sam_weights: Path, encoded: Photos, rocket: Image
) -> None:
    """Fused batch norms and another memory layout change nothing beyond rounding."""
    plain = MobileSam(build_mobile_sam(read_state(mobile_sam_weights)))
    difference = plain.encode(rocket, "plain").data - encoded[rocket].data
    assert 0 < float(difference.abs().max()) < 1e-4


@pytest.mark.slow
def test_half_precision_selects_the_same(
    sam: MobileSam, mobile_sam_weights: Path, encoded: Photos, rocket: Image
) -> None:
    """As on a GPU, but on the CPU, so that it is tried everywhere."""
    half = MobileSam.from_file(mobile_sam_weights, half=True)
    exact = sam.segment(encoded[rocket], click(320, 165))
    found = half.segment(half.encode(rocket, "half"), click(320, 165))
    assert found.best == exact.best
    assert iou(found.mask(), exact.mask()) > 0.99


def test_the_package_agrees(sam: MobileSam, mobile_sam_weights: Path, coffee: Image) -> None:
    """segment-anything's own SamPredictor with the same weights, on a larger photo."""
    import cv2
    from segment_anything import SamPredictor

    photo = cv2.resize(coffee, (1500, 1000), interpolation=cv2.INTER_CUBIC)
    predictor = SamPredictor(build_mobile_sam(read_state(mobile_sam_weights)))
    predictor.set_image(photo)
    masks, scores, _ = predictor.predict(np.array([[750.0, 375.0]]), np.array([1]))
    candidates = sam.segment(sam.encode(photo, "coffee, large"), click(750, 375))
    assert np.allclose(candidates.scores, scores, atol=1e-3)
    for level in range(3):
        assert iou(candidates.mask(level), masks[level]) >= 0.999


class _Surprise:
    """What a hostile file would run when it is read."""

    ran: ClassVar[list[int]] = []

    def __reduce__(self) -> tuple[Any, tuple[int]]:
        return (_Surprise.ran.append, (1,))


@pytest.mark.parametrize("kind", ["text", "empty", "other tensors", "a list", "hostile"])
def test_a_file_that_is_not_mobile_sam(tmp_path: Path, kind: str) -> None:
    import torch

    path = tmp_path / "mobile_sam.pt"
    if kind == "hostile":
        path.write_bytes(pickle.dumps(_Surprise(), protocol=2))
    elif kind in ("text", "empty"):
        path.write_bytes(b"<html>not found</html>" if kind == "text" else b"")
    else:
        torch.save({"a": torch.zeros(3)} if kind == "other tensors" else [1, 2], path)
    with pytest.raises(WeightsUnavailable) as refused:
        MobileSam.from_file(path)
    assert refused.value.code == "weights_unreadable"
    assert str(tmp_path) not in str(refused.value)
    assert not _Surprise.ran


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_file_is_refused_or_read(tmp_path: Path, data: st.DataObject) -> None:
    import torch

    path = tmp_path / "damaged.pt"
    legacy = data.draw(st.booleans())
    torch.save({"a": torch.zeros(3)}, path, _use_new_zipfile_serialization=not legacy)
    damaged = bytearray(path.read_bytes())
    places = st.tuples(st.integers(0, len(damaged) - 1), st.integers(0, 255))
    for place, value in data.draw(st.lists(places, max_size=6)):
        damaged[place] = value
    path.write_bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    try:
        state = read_state(path)
    except WeightsUnavailable:
        return
    assert all(isinstance(name, str) and torch.is_tensor(state[name]) for name in state)


# --- the registry ------------------------------------------------------------------------


class Slow(SamSegmenter):
    """Counts how often it is loaded; each load waits until all threads have asked."""

    spec: ClassVar[SegmenterSpec] = MobileSam.spec
    loads: ClassVar[list[int]] = []
    asked: ClassVar[threading.Barrier]

    def __init__(self) -> None:
        self.loads.append(1)

    @classmethod
    def load(cls) -> Slow:
        return cls()

    def encode(self, image: Image, key: str) -> Embedding:
        raise NotImplementedError


@pytest.fixture
def empty_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "_shared", {})
    yield


def test_one_instance_for_all_threads(
    empty_registry: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segmentation.mobile_sam.MobileSam", Slow)
    begun = threading.Barrier(8)

    def ask(_: int) -> Segmenter:
        begun.wait(30)
        return get_segmenter("mobile_sam")

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))
    assert len(Slow.loads) == 1
    assert len({id(segmenter) for segmenter in found}) == 1


def test_weights_are_not_fetched_when_that_is_not_wanted(
    empty_registry: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("methods.find_weights", lambda weight: None, raising=False)
    with pytest.raises(WeightsUnavailable) as refused:
        get_segmenter("mobile_sam", fetch_missing=False)
    assert refused.value.code == "weights_missing"
    assert get_segmenter("grabcut", fetch_missing=False).spec.id == "grabcut"


def test_an_unknown_segmenter() -> None:
    with pytest.raises(BadInput) as refused:
        get_segmenter("../etc/passwd")
    assert refused.value.code == "unknown_segmenter"
