"""GrabCut: approximate, but it answers every prompt, alike each time, at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from methods import Image, Mask
from segmentation import Box, Point, PromptedObject, Segmenter, get_segmenter, select
from tiers import rest_is_slow


@pytest.fixture(scope="module")
def grabcut() -> Segmenter:
    return get_segmenter("grabcut")


def box(x0: float, y0: float, x1: float, y1: float) -> PromptedObject:
    return PromptedObject(box=Box(x0=x0, y0=y0, x1=x1, y1=y1))


def click(*places: tuple[float, float, int]) -> PromptedObject:
    spots = [{"x": x, "y": y, "label": label} for x, y, label in places]
    return PromptedObject.model_validate({"points": spots})


def iou(first: Mask, second: Mask) -> float:
    return float((first & second).sum() / (first | second).sum())


def ball(size: tuple[int, int], center: tuple[int, int], radius: int) -> tuple[Image, Mask]:
    """A red ball on a noisy green meadow, and where it is."""
    random = np.random.default_rng(4)
    grain = random.normal(0, 12, (*size, 1))
    image = np.clip(np.array([60, 140, 60]) + grain, 0, 255).astype(np.uint8)
    cv2.circle(image, center, radius, (210, 40, 40), -1, cv2.LINE_AA)
    rows, columns = np.indices(size)
    return image, np.hypot(rows - center[1], columns - center[0]) <= radius


def test_it_says_that_it_is_approximate(grabcut: Segmenter) -> None:
    assert grabcut.spec.approximate
    assert grabcut.spec.weights == ()


def test_a_box_around_the_rocket_gives_the_rocket(grabcut: Segmenter, rocket: Image) -> None:
    embedding = grabcut.encode(rocket, "rocket")
    mask = select(grabcut, embedding, [box(300, 125, 345, 425)]).mask
    assert mask[150:400, 318:324].mean() > 0.95
    assert not mask[:, :295].any()
    assert not mask[:, 350:].any()
    assert 0.3 < mask[125:425, 300:345].mean() < 0.75


@pytest.mark.parametrize("size", rest_is_slow([(300, 450), (1500, 2250)]))
def test_a_click_and_a_box_find_the_ball(grabcut: Segmenter, size: tuple[int, int]) -> None:
    scale = size[0] // 300
    image, truth = ball(size, (200 * scale, 140 * scale), 45 * scale)
    embedding = grabcut.encode(image, f"ball {size}")
    clicked = select(grabcut, embedding, [click((200 * scale, 140 * scale, 1))])
    boxed = select(grabcut, embedding, [box(145 * scale, 85 * scale, 255 * scale, 195 * scale)])
    assert clicked.mask.shape == truth.shape
    assert iou(clicked.mask, truth) > 0.9
    assert iou(boxed.mask, truth) > 0.9
    assert len(clicked.levels[0]) == 3
    assert len(boxed.levels[0]) == 1


def test_a_level_beyond_its_own_is_its_last(grabcut: Segmenter, rocket: Image) -> None:
    thing = box(300, 125, 345, 425).model_copy(update={"level": 2})
    assert select(grabcut, grabcut.encode(rocket, "rocket"), [thing]).chosen == (0,)


def test_a_negative_click_is_left_out(grabcut: Segmenter) -> None:
    image, _ = ball((300, 450), (200, 140), 45)
    cv2.circle(image, (330, 140), 45, (210, 40, 40), -1)
    embedding = grabcut.encode(image, "two balls")
    frame = PromptedObject(
        points=(Point(x=330, y=140, label=0),), box=Box(x0=145, y0=85, x1=385, y1=195)
    )
    candidates = grabcut.segment(embedding, frame)
    mask = candidates.mask()
    assert not mask[140, 330]
    assert mask[140, 200]


def test_an_empty_cut_becomes_the_shape_that_was_given(grabcut: Segmenter) -> None:
    flat = np.full((200, 300, 3), 128, np.uint8)
    embedding = grabcut.encode(flat, "flat")
    everything = grabcut.segment(embedding, box(0, 0, 300, 200))
    assert everything.mask().all()
    assert everything.scores.tolist() == [0.0]
    inner = grabcut.segment(embedding, box(100, 50, 200, 150)).mask()
    assert inner[60:140, 110:190].all()
    assert not inner[:, :95].any()


@pytest.mark.slow
def test_the_same_question_has_the_same_answer(grabcut: Segmenter, coffee: Image) -> None:
    embedding = grabcut.encode(coffee, "coffee")
    question = click((300, 150, 1))

    def ask(number: int) -> Mask:
        cv2.setRNGSeed(number)
        return grabcut.segment(embedding, question).mask()

    with ThreadPoolExecutor(4) as pool:
        first, *others = list(pool.map(ask, range(8)))
    assert all(np.array_equal(first, other) for other in others)


@settings(max_examples=25)
@given(st.data())
def test_every_prompt_on_every_photo_has_an_answer(data: st.DataObject) -> None:
    height, width = data.draw(st.sampled_from([(1, 1), (1, 40), (3, 900), (37, 23), (60, 80)]))
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    image = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    x, y = data.draw(st.floats(0, width)), data.draw(st.floats(0, height))
    prompted = click((x, y, 1))
    if data.draw(st.booleans()):
        prompted = box(x - 2, y - 2, x + data.draw(st.floats(0.1, 99)), y + 3).on_photo(
            (height, width)
        )
    segmenter = get_segmenter("grabcut")
    candidates = segmenter.segment(segmenter.encode(image, "any"), prompted)
    for level in range(len(candidates.scores)):
        mask = candidates.mask(level)
        assert mask.shape == (height, width)
        assert mask.dtype == np.bool_
    assert ((candidates.scores >= 0) & (candidates.scores <= 1)).all()
