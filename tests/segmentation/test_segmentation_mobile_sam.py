"""MobileSAM: the authors' numbers with the real weights, and one model for many threads."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from golden_cases import golden_cases, golden_tensors
from golden_measure import needs, ratio
from methods import BadInput, Image, Mask
from segmentation import (
    Candidates,
    Embedding,
    EmbeddingCache,
    PromptedObject,
    get_segmenter,
    select,
)
from segmentation._segmenter import Frame
from segmentation.mobile_sam import MobileSam, build_mobile_sam, read_state
from tiers import rest_is_slow

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
    from skimage import color, data

    photo: Image = getattr(data, case["image"])()
    return photo if photo.ndim == 3 else (color.gray2rgb(photo))


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
    """How far an answer is from the authors': least IoU, greatest difference of the scores, and
    of the logits as a share of their spread."""

    masks: float
    scores: float
    low_res_logits: float


TOLERANCE = Distance(masks=0.999, scores=1e-3, low_res_logits=1e-3)


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
    return Distance(overlap, scores, ratio(candidates.logits, logits, 1))


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
@pytest.mark.slow  # a photo more to encode
@pytest.mark.parametrize("case", golden_cases("mobile_sam"))
def test_golden_notices_swapped_colours(sam: MobileSam, encoded: Photos, case: Case) -> None:
    wrong = photo_of(case)[:, :, ::-1].copy()
    needs((wrong != photo_of(case)).any(), "its photo is grey")
    found = distance(sam.segment(encoded[wrong], prompt_of(case)), case)
    assert found.scores > TOLERANCE.scores
    if "low_res_logits" in case.get("tensors", EVERYTHING):
        assert found.low_res_logits > TOLERANCE.low_res_logits


@pytest.mark.golden
@pytest.mark.slow
@pytest.mark.parametrize("case", golden_cases("mobile_sam"))
def test_golden_notices_prompts_half_a_pixel_off(
    sam: MobileSam, encoded: Photos, case: Case
) -> None:
    found = distance(sam.segment(encoded[photo_of(case)], prompt_of(case, shift=0.5)), case)
    assert found.scores > TOLERANCE.scores or found.low_res_logits > TOLERANCE.low_res_logits


@pytest.mark.golden
@pytest.mark.slow
@pytest.mark.parametrize("case", golden_cases("mobile_sam"))
def test_golden_notices_padding_left_on(sam: MobileSam, encoded: Photos, case: Case) -> None:
    needs(case["shape"][0] != case["shape"][1], "its photo is square, so nothing is padded")
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
    needs(names, "no embeddings are stored")
    for name in names:
        ours = encoded[getattr(data, name)()].data[0].numpy()
        truth = stored[f"{name}.embedding"].astype(np.float32)
        assert np.abs(ours - truth).max() <= 1e-3
        assert np.abs(ours[..., ::-1] - truth).max() > 1e-3


@pytest.mark.slow
@pytest.mark.golden
@pytest.mark.gpu
def test_half_precision_on_a_gpu_gives_the_same_masks(mobile_sam_weights: Path) -> None:
    cases = [case.values[0] for case in golden_cases("mobile_sam") if not case.marks]
    if not cases:
        pytest.skip("there are no golden cases")
    segmenter = MobileSam.from_file(mobile_sam_weights, "cuda")
    encoded: dict[str, Embedding] = {}
    for case in cases:
        name = str(case["image"])
        if name not in encoded:
            encoded[name] = segmenter.encode(photo_of(case), name)
        found = distance(segmenter.segment(encoded[name], prompt_of(case)), case)
        assert found.masks > 0.95, case
        assert found.scores < 0.05, case


# --- which level -------------------------------------------------------------------------


another = partial(pytest.param, marks=pytest.mark.slow)
"""A photo more to encode."""


@pytest.mark.parametrize(
    ("photo", "prompt", "level"),
    [
        ("rocket", {"points": [{"x": 320, "y": 165}]}, 1),  # the rocket, not its nose
        ("coffee", {"points": [{"x": 230, "y": 330}]}, 0),  # the saucer; the others are ragged
        ("coffee", {"box": {"x0": 70, "y0": 10, "x1": 490, "y1": 395}}, 2),  # cup and saucer
        ("coffee", {"points": [{"x": 362, "y": 275}, {"x": 410, "y": 90}]}, 0),  # the spoon
        another(  # the woman, not her face
            "astronaut", {"points": [{"x": 225, "y": 110}]}, 2
        ),
        another(  # the woman, not her suit
            "astronaut", {"points": [{"x": 220, "y": 350}]}, 2
        ),
        another(  # the shuttle
            "astronaut", {"box": {"x0": 330, "y0": 0, "x1": 440, "y1": 330}}, 2
        ),
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


@pytest.mark.slow
@pytest.mark.parametrize("size", rest_is_slow([(1024, 1024), (3, 5000), (1, 1)]))
def test_photos_of_any_shape_stay_as_they_are(sam: MobileSam, size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    kept = image.copy()
    image.flags.writeable = False  # 1024 x 1024 is not resized: a careless view would be caught
    selection = select(sam, sam.encode(image, f"shape {size}"), [click(0, 0)])
    assert selection.mask.shape == size
    assert np.array_equal(image, kept)


@pytest.mark.slow
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


# --- the same network, faster -------------------------------------------------------------------


@pytest.mark.slow
def test_the_fast_network_is_the_plain_one(
    sam: MobileSam, mobile_sam_weights: Path, encoded: Photos, rocket: Image
) -> None:
    """Fused batch norms and another memory layout change nothing beyond rounding."""
    plain = MobileSam(build_mobile_sam(read_state(mobile_sam_weights)))
    difference = plain.encode(rocket, "plain").data[0] - encoded[rocket].data[0]
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


@pytest.mark.slow  # the package's own answers are golden cases, too
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
