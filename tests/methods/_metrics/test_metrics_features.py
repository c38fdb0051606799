"""What a network sees in a result: still there, something new, ReMOVE; and who explains whom."""

from __future__ import annotations

import logging

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from methods import METRICS, Image, Job, Unavailable, judge, run
from methods._metrics.features import novelty, remove, remove_square, still_there
from methods._metrics.judge import _read
from metric_tools import (
    Scene,
    blurred,
    dogs,
    ellipse,
    fig,
    half_erased,
    laid_into,
    remarks_of,
    stand_in,
    with_other,
)
from runner_tools import finished
from tiers import rest_is_slow

CELL = 16


def colors(image: Image) -> NDArray[np.float32]:
    """A stand-in for a network: the mean hue of each cell, and a constant."""
    height, width = (max(1, -(-side // CELL)) for side in image.shape[:2])
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return np.dstack([lab[..., 1:], np.full(lab.shape[:2], 10, np.float32)])


def readings_of(scene: Scene, result: Image) -> dict[str, float]:
    found = judge(scene.photo, scene.mask, result, features=colors)
    return {reading.id: reading.value for reading in found}


@pytest.fixture(scope="module")
def pebbles() -> Scene:
    """A red fig among grey pebbles: what colours alone can tell apart."""
    return laid_into(stand_in("several-targets").truth, fig(), (400, 200, 620, 400))


# --- the order of results whose content is known ------------------------------------------------


@pytest.mark.slow
def test_what_was_not_erased_is_still_there(pebbles: Scene) -> None:
    results = (pebbles.truth, half_erased(pebbles), pebbles.photo)
    values = [readings_of(pebbles, result)["leftover_features"] for result in results]
    assert values[0] < values[1] < values[2] == 1


def test_another_object_is_new_and_the_truth_is_not(pebbles: Scene) -> None:
    truth, other = (
        readings_of(pebbles, pebbles.truth),
        readings_of(pebbles, with_other(pebbles, dogs())),
    )
    assert truth["inserted"] < other["inserted"]
    assert truth["remove"] > other["remove"]


def test_a_network_can_be_told_nothing_in_a_tiny_mask(pebbles: Scene) -> None:
    mask = np.zeros(pebbles.mask.shape, np.bool_)
    mask[200:203, 200:203] = True
    found = {r.id for r in judge(pebbles.photo, mask, pebbles.photo, features=colors)}
    assert not found & {"remove"}


def test_the_three_numbers_on_grids_that_can_be_computed_by_hand() -> None:
    """A grid of two kinds of cells; inside is 2 x 2 of the middle."""
    first, second = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
    before = np.zeros((12, 12, 2), np.float32)
    before[:] = first
    before[5:7, 5:7] = second
    inside = np.zeros((12, 12), np.bool_)
    inside[5:7, 5:7] = True
    after = before.copy()
    assert still_there(before, after, inside) == 1
    assert novelty(after, inside, ~inside) == pytest.approx(1)
    after[5, 5:7] = first
    assert still_there(before, after, inside) == 0.5
    assert novelty(after, inside, ~inside) == pytest.approx(0.5)
    after[:] = first
    assert still_there(before, after, inside) == 0
    assert novelty(after, inside, ~inside) == 0


# --- ReMOVE ------------------------------------------------------------------------------------


def test_remove_is_the_cosine_of_two_means() -> None:
    """Mean (1, 0) inside against a mean of (0.6, 0.8) outside."""
    mask = np.zeros((96, 96), np.bool_)
    mask[32:64, 32:64] = True

    def grid(image: Image) -> NDArray[np.float32]:
        assert image.shape == (64, 64, 3)  # the square and 16 pixels on every side
        found = np.tile(np.array([0.6, 0.8], np.float32), (4, 4, 1))
        found[1:3, 1:3] = [1, 0]
        return found

    assert remove(mask, np.zeros((96, 96, 3), np.uint8), grid) == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("box", "square"),
    [
        ((100, 60, 140, 120), (slice(44, 136), slice(84, 176))),  # longer than wide
        ((3, 60, 43, 120), (slice(57, 123), slice(0, 66))),  # 3 pixels from the left
        ((0, 0, 50, 20), (slice(0, 50), slice(0, 50))),  # in the corner: no margin at all
        ((150, 160, 200, 200), (slice(160, 200), slice(150, 200))),  # cut off below
    ],
)
def test_the_square_is_the_authors(
    box: tuple[int, int, int, int], square: tuple[slice, slice]
) -> None:
    """Rows and columns, worked out by hand from their rule."""
    mask = np.zeros((200, 200), np.bool_)
    mask[box[1] : box[3], box[0] : box[2]] = True
    assert remove_square(mask) == square


# --- remarks that explain others -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"leftover": 1, "leftover_features": 1, "inserted": 0.4, "seam": 0.9}, {"leftover"}),
        ({"leftover": 0, "leftover_features": 0.6, "inserted": 0.4}, {"leftover_features"}),
        ({"sharpness": 0.2, "leftover_features": 0.6, "inserted": 0.4}, {"sharpness"}),
        ({"color_shift": 9, "seam": 0.9, "inserted": 0.4}, {"color_shift", "inserted"}),
        ({"rim": 0.5, "seam": 0.9, "sharpness": 0.3}, {"rim", "sharpness"}),
        ({"seam": 0.9, "leftover": 0.1, "inserted": 0.01}, {"seam"}),
    ],
)
def test_a_remark_that_another_explains_is_left_out(
    values: dict[str, float], told: set[str]
) -> None:
    """What is still there is not also new; the number is told all the same."""
    readings = _read(values)
    assert {reading.id: reading.value for reading in readings} == values
    assert [reading.id for reading in readings] == [id for id in METRICS if id in values]
    assert remarks_of(readings) == told


def test_a_blur_is_no_object(pebbles: Scene) -> None:
    found = judge(pebbles.photo, pebbles.mask, blurred(pebbles, 6), features=colors)
    assert remarks_of(found) == {"sharpness"}


# --- the detector ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "speaks"), rest_is_slow([(0.6, True), (0.2, False), (0, False)], 2, several=True)
)
def test_a_detector_is_asked_where_the_object_was(
    pebbles: Scene, score: float, speaks: bool
) -> None:
    seen: list[Image] = []

    def finds(image: Image) -> float:
        seen.append(image)
        return score

    found = {r.id: r for r in judge(pebbles.photo, pebbles.mask, pebbles.truth, finds=finds)}
    assert found["leftover_words"].value == score
    assert (found["leftover_words"].remark is not None) == speaks
    (image,) = seen
    rows, columns = pebbles.box
    tall, wide = rows.stop - rows.start, columns.stop - columns.start
    assert tall <= image.shape[0] < 2 * tall and wide <= image.shape[1] < 2 * wide


# --- what cannot be had ---------------------------------------------------------------------------


def test_a_network_that_cannot_work_costs_only_its_own_numbers(
    pebbles: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(image: Image) -> NDArray[np.float32]:
        raise Unavailable.retold("There is not enough memory.", "not_enough_memory")

    with caplog.at_level(logging.WARNING):
        found = {r.id for r in judge(pebbles.photo, pebbles.mask, pebbles.truth, features=broken)}
    assert {"rim", "sharpness"} <= found
    assert not found & {"leftover_features", "inserted", "remove"}
    assert "not enough memory" in caplog.text


def test_without_a_network_none_is_asked(pebbles: Scene) -> None:
    needs = {METRICS[r.id].needs for r in judge(pebbles.photo, pebbles.mask, pebbles.truth)}
    assert needs == {"nothing"}


# --- MobileSAM itself ----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["shadow", "text-behind"])
def test_mobile_sam_sees_what_an_eye_sees(name: str, mobile_sam_weights: object) -> None:
    """The thresholds on real photos with the real network."""
    from segmentation import features_of

    scene = stand_in(name)
    results = {
        "truth": (scene.truth, set[str]()),
        "nothing": (scene.photo, {"leftover"}),
        "other": (with_other(scene, fig()), {"inserted"}),
    }
    scores = {}
    for kind, (result, remarks) in results.items():
        found = judge(scene.photo, scene.mask, result, features=features_of)
        # A colourful thing in a photo of few colours is a tint, too.
        assert remarks_of(found) - ({"tint"} if kind == "other" else set()) == remarks, kind
        scores[kind] = {reading.id: reading.value for reading in found}
    assert scores["truth"]["remove"] > scores["other"]["remove"]
    assert scores["truth"]["leftover_features"] < 0.1 < scores["nothing"]["leftover_features"]


@pytest.mark.slow
def test_nothing_is_made_out_where_noise_in_colour_was_filled_in(
    mobile_sam_weights: object,
) -> None:
    pytest.importorskip("patchmatch")
    from segmentation import features_of

    noise = np.random.default_rng(0).normal(128, 25, (360, 480, 3))
    truth = np.clip(noise, 0, 255).astype(np.uint8)
    disc = ellipse(truth.shape[:2], (180, 120, 300, 240))
    photo = np.where(disc[..., None], np.array((200, 30, 30), np.uint8), truth)
    mask = ellipse(truth.shape[:2], (172, 112, 308, 248))
    result = finished(list(run([Job("patchmatch")], photo, mask))).image
    found = judge(photo, mask, result, features=features_of)
    assert not remarks_of(found)
    assert {each.id: each.value for each in found}["leftover_features"] < 0.1


@pytest.mark.slow
def test_features_cover_the_picture_and_are_remembered(
    mobile_sam_weights: object, rocket: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    from segmentation import are_features_ready, features_of
    from segmentation._engine import features as module
    from segmentation._engine.embeddings import EmbeddingCache

    monkeypatch.setattr(module, "_recent", EmbeddingCache(2**24))
    assert are_features_ready()
    found = features_of(rocket)
    assert found.shape == (43, 64, 256)  # 640 x 427 at 1024 pixels: 683 rows, 16 to a cell
    assert found.dtype == np.float32 and np.isfinite(found).all()
    np.testing.assert_array_equal(features_of(rocket.copy()), found)
    assert len(module._recent) == 1
    features_of(rocket[:, ::-1])
    assert len(module._recent) == 2
