"""What clicks and boxes mean: the rule alone, and with a segmenter that answers with discs."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from methods import BadInput, Image, Paper, Verbatim, load_image
from segmentation import (
    MAX_OBJECTS,
    Box,
    Candidates,
    Embedding,
    Gesture,
    Ground,
    Point,
    PromptedObject,
    Segmenter,
    SegmenterSpec,
    Settled,
    Shape,
    select,
    settle,
)
from segmentation._prompts.clicks import Reading, Standing, keeps, redrawn, target
from segmentation._segmenter import Frame
from segmentation.mobile_sam import MobileSam

# --- the rule --------------------------------------------------------------------------------

SMALL, LARGE, AWAY, OFF = (
    Standing(True, True, 0.01),
    Standing(True, True, 0.2),
    Standing(True, False, 0.1),
    Standing(False, True, 0.05),
)


@pytest.mark.parametrize(
    ("how", "label", "near", "standings", "expected"),
    [
        ("meant", 1, None, [], None),
        ("meant", 1, 0, [AWAY], None),
        ("meant", 1, 0, [SMALL], 0),
        ("meant", 1, 0, [AWAY, SMALL], 1),
        ("meant", 1, 0, [LARGE, SMALL], 0),
        ("meant", 1, 2, [LARGE, SMALL, AWAY], 1),
        ("meant", 1, 0, [OFF], None),
        ("meant", 0, 0, [AWAY, SMALL], 1),
        ("meant", 0, 1, [AWAY, AWAY], 1),
        ("meant", 0, None, [AWAY, AWAY], 1),
        ("refine", 1, 0, [AWAY, AWAY], 0),
        ("refine", 1, 0, [AWAY, SMALL], 1),
        ("join", 1, 0, [AWAY, SMALL], 0),
        ("new", 1, 0, [SMALL], None),
    ],
)
def test_which_object_a_click_says_more_of(
    how: str, label: int, near: int | None, standings: list[Standing], expected: int | None
) -> None:
    click = Gesture.model_validate({"x": 1, "y": 1, "label": label, "how": how, "near": near})
    assert target(click, standings) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Reading(0.1, (True,)), Reading(0.4, (True,)), True),
        (Reading(0.1, (True,)), Reading(0.41, (True,)), False),
        (Reading(0.1, (True, True)), Reading(0.1, (True, False)), False),
        (Reading(0.1, (False, True)), Reading(0.1, (False, True)), True),
        (Reading(0.1, (False,)), Reading(0.01, (True,)), True),
        (Reading(0.0, (True,)), Reading(0.3, (True,)), True),
    ],
)
def test_what_a_refinement_may_do_to_an_object(
    before: Reading, after: Reading, expected: bool
) -> None:
    assert keeps(before, after) is expected


def around(x0: float, y0: float, x1: float, y1: float) -> Box:
    return Box(x0=x0, y0=y0, x1=x1, y1=y1)


def test_a_box_around_what_is_selected_draws_it_anew_and_another_box_is_another_object() -> None:
    clicked, boxed = (
        PromptedObject(points=(Point(x=20, y=20),)),
        PromptedObject(box=around(50, 50, 90, 90)),
    )
    for box, how, expected in (
        (around(10, 10, 30, 30), "meant", 0),
        (around(52, 48, 92, 90), "meant", 1),
        (around(80, 80, 120, 120), "meant", None),
        (around(80, 80, 120, 120), "refine", 1),
        (around(10, 10, 30, 30), "new", None),
    ):
        gesture = Gesture.model_validate({"box": box, "how": how})
        assert redrawn(gesture, [clicked, boxed]) == expected


@pytest.mark.parametrize(
    "said", [{}, {"x": 3}, {"x": 3, "y": float("nan")}, {"x": 1, "y": 2, "near": -1}]
)
def test_a_gesture_points_somewhere(said: dict[str, float]) -> None:
    with pytest.raises(BadInput):
        Gesture.model_validate(said)


# --- with a segmenter ------------------------------------------------------------------------

SIZE = (300, 400)
_numbers = itertools.count()


class Discs(Segmenter):
    """A disc of 20 pixels around the newest positive point; where there are two or more and the
    newest lies right of 300, all that is right of 200, as a segmenter that takes the sky."""

    spec: ClassVar[SegmenterSpec] = SegmenterSpec(
        id="discs",
        name="Discs",
        summary=Verbatim(""),
        paper=Paper("none", "https://example.org", 2000),
        license="none",
        levels=1,
    )

    @classmethod
    def load(cls) -> Discs:
        return cls()

    def encode(self, image: Image, key: str) -> Embedding:
        return Embedding(key, self.spec.id, SIZE, None, 0)

    def segment(self, embedding: Embedding, prompted: PromptedObject) -> Candidates:
        points = prompted.on_photo(embedding.size).positive
        rows, columns = np.indices(SIZE, np.float32)
        if not points:
            logits = np.full(SIZE, 1.0, np.float32)
        elif len(points) > 1 and points[-1].x > 300:
            logits = columns - 200
        else:
            away = [np.hypot(rows - point.y, columns - point.x) for point in points]
            logits = 20 - np.minimum.reduce(away)
        return Candidates(logits[None], np.ones(1, np.float32), 0, SIZE, Frame(None, SIZE))


@pytest.fixture
def ground() -> Ground:
    discs = Discs()
    return Ground(discs, discs.encode(np.empty((0, 0, 3), np.uint8), f"key {next(_numbers)}"))


def click(x: float, y: float, label: int = 1, **more: object) -> Gesture:
    return Gesture.model_validate({"x": x, "y": y, "label": label, **more})


def made(settled: Settled) -> list[list[tuple[float, int]]]:
    return [[(point.x, point.label) for point in entry.points] for entry in settled.objects]


def test_outside_is_another_object_and_inside_is_more_of_one(ground: Ground) -> None:
    settled = settle(ground, (), [click(50, 50), click(120, 50), click(60, 50)])
    assert made(settled) == [[(50, 1), (60, 1)], [(120, 1)]]
    assert [each.meant for each in settled.understood] == ["new", "new", "refines"]
    assert [each.object for each in settled.understood] == [0, 1, 0]


def test_inside_is_what_one_sees_with_its_growth(ground: Ground) -> None:
    clicks = [click(50, 50), click(76, 50)]
    assert len(settle(ground, (), clicks).objects) == 2
    for shape in (Shape(dilate=8.0), Shape(dilate=40.0, dilate_unit="%")):
        grown = Ground(ground.segmenter, ground.embedding, shape)
        assert len(settle(grown, (), clicks).objects) == 1


def test_what_would_spoil_an_object_is_one_of_its_own_and_may_be_joined(ground: Ground) -> None:
    before = settle(ground, (), [click(50, 50)]).objects
    spoilt = settle(ground, before, [click(350, 50, how="refine")])
    assert spoilt.understood[0] == ("apart", 1, 0) and made(spoilt) == [[(50, 1)], [(350, 1)]]
    joined = settle(ground, before, [click(350, 50, how="join", near=0)])
    assert joined.understood[0].meant == "joins" and made(joined) == [[(50, 1), (350, 1)]]


def test_what_does_not_belong_is_taken_from_every_object_that_has_it(ground: Ground) -> None:
    settled = settle(ground, (), [click(50, 50), click(80, 50), click(65, 50, 0)])
    assert made(settled) == [[(50, 1), (65, 0)], [(80, 1), (65, 0)]]


def test_points_excluded_first_wait_for_the_first_object(ground: Ground) -> None:
    settled = settle(ground, (), [click(9, 9, 0), click(50, 50)])
    assert made(settled) == [[(50, 1), (9, 0)]]
    with pytest.raises(BadInput):
        settle(ground, (), [click(9, 9, 0)])


def test_a_click_in_a_box_is_of_its_object(ground: Ground) -> None:
    boxed = Gesture(box=around(100, 100, 200, 200), level=2, view=300)
    settled = settle(ground, (), [boxed, click(110, 110)])
    (entry,) = settled.objects
    assert (
        entry.box == boxed.box and len(entry.points) == 1 and (entry.level, entry.view) == (2, 300)
    )


def test_objects_keep_their_places_and_there_are_not_too_many(ground: Ground) -> None:
    off = PromptedObject(points=(Point(x=50, y=50),), on=False)
    settled = settle(ground, [off], [click(50, 50)])
    assert settled.objects[0] is off and len(settled.objects) == 2
    with pytest.raises(BadInput, match=str(MAX_OBJECTS)):
        settle(ground, [off] * MAX_OBJECTS, [click(200, 200)])
    with pytest.raises(BadInput):
        settle(ground, [off], [click(5000, 50)])


@pytest.mark.slow
def test_the_rocket_stays_when_the_sky_is_clicked(
    mobile_sam_weights: Path, examples_dir: Path
) -> None:
    """By the real network, which else lets go of the rocket."""
    sam, photo = MobileSam.from_file(mobile_sam_weights), load_image(examples_dir / "rocket.jpg")
    ground = Ground(sam, sam.encode(photo.seen, photo.key), Shape(dilate=5.0))
    rocket, sky = (320, 165), (525, 210)
    both = (PromptedObject(points=(Point(x=320, y=165), Point(x=525, y=210))),)
    assert not select(sam, ground.embedding, both).mask[rocket[1], rocket[0]]
    for how, meant in (("meant", "new"), ("refine", "apart")):
        settled = settle(ground, (), [click(*rocket), click(*sky, how=how)])
        mask = select(sam, ground.embedding, settled.objects).mask
        assert mask[rocket[1], rocket[0]] and mask[sky[1], sky[0]]
        assert settled.understood[1].meant == meant
    again = settle(ground, (), [click(*rocket), click(320, 330)])
    assert [each.meant for each in again.understood] == ["new", "refines"]
