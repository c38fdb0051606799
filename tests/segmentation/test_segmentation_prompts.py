"""Prompts come from strangers: whatever cannot be used is refused with a sentence."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from methods import BadInput
from segmentation import MAX_OBJECTS, MAX_POINTS, Box, Point, PromptedObject, parse_objects

CLICK = {"x": 3, "y": 4}
SIZE = (100, 200)  # height, width


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ([], "no_prompts"),
        ([{}], "no_prompts"),
        ([{"points": []}], "no_prompts"),
        ([{"points": [{**CLICK, "label": 0}]}], "no_prompts"),
        ([{"box": {"x0": 5, "y0": 5, "x1": 5, "y1": 9}}], "empty_box"),
        ([{"box": {"x0": 5, "y0": 9, "x1": 8, "y1": 5}}], "empty_box"),
        ([{"points": [{"x": math.nan, "y": 4}]}], "bad_prompt"),
        ([{"points": [{"x": math.inf, "y": 4}]}], "bad_prompt"),
        ([{"points": [{"x": "nan", "y": 4}]}], "bad_prompt"),
        ([{"points": [{"x": 1e300, "y": 4}]}], "bad_prompt"),
        ([{"points": [{"x": 10**400, "y": 4}]}], "bad_prompt"),
        ([{"points": [{"x": None, "y": 4}]}], "bad_prompt"),
        ([{"points": [{"x": 3}]}], "bad_prompt"),
        ([{"points": [{**CLICK, "label": 2}]}], "bad_prompt"),
        ([{"points": [{**CLICK, "z": 2}]}], "bad_prompt"),
        ([{"points": [CLICK], "level": 3}], "bad_prompt"),
        ([{"points": [CLICK], "color": "red"}], "bad_prompt"),
        ([{"points": "3,4"}], "bad_prompt"),
        ([{"points": [CLICK] * (MAX_POINTS + 1)}], "too_many_points"),
        ([{"points": [CLICK] * 10_000}], "too_many_points"),
        ([{"points": [CLICK]}] * (MAX_OBJECTS + 1), "too_many_objects"),
        ([{"points": [CLICK]}] * 500, "too_many_objects"),
        ({"points": [CLICK]}, "bad_prompt"),
        ("[]", "bad_prompt"),
        (None, "bad_prompt"),
        ([None], "bad_prompt"),
        ([[CLICK]], "bad_prompt"),
    ],
)
def test_what_cannot_be_used_is_refused(data: Any, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_objects(data)
    assert refused.value.code == code
    assert len(str(refused.value)) < 300


def test_what_can_be_used_comes_through() -> None:
    (thing,) = parse_objects(
        [{"points": [CLICK, {"x": 1.5, "y": 2, "label": 0}], "box": None, "level": 2}]
    )
    assert thing.positive == (Point(x=3, y=4),)
    assert thing.negative == (Point(x=1.5, y=2, label=0),)
    assert thing.level == 2


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["points", "box", "level", "x", "y", "x0", "y0", "x1", "y1", "label"])
            | st.text(max_size=3),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_anything_is_accepted_or_refused(data: Any) -> None:
    try:
        objects = parse_objects(data)
    except BadInput as refused:
        assert refused.code
        return
    assert 1 <= len(objects) <= MAX_OBJECTS


coordinates = st.floats(-50, 250, allow_nan=False)
points = st.builds(Point, x=coordinates, y=coordinates, label=st.sampled_from([0, 1]))


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    x0, y0 = draw(coordinates), draw(coordinates)
    extent = st.floats(0.01, 300)
    return Box(x0=x0, y0=y0, x1=x0 + draw(extent), y1=y0 + draw(extent))


@st.composite
def objects(draw: st.DrawFn) -> PromptedObject:
    first = draw(points.filter(lambda point: point.label == 1))
    others = draw(st.lists(points, max_size=4))
    return PromptedObject(points=(first, *others), box=draw(st.none() | boxes()))


@given(objects())
def test_json_round_trip(thing: PromptedObject) -> None:
    again = parse_objects([json.loads(thing.model_dump_json())])
    assert again == (thing,)
    assert hash(again[0]) == hash(thing)


@given(objects())
def test_a_prompt_lies_on_the_photo_or_is_refused(thing: PromptedObject) -> None:
    height, width = SIZE
    outside = any(not (0 <= p.x <= width and 0 <= p.y <= height) for p in thing.points)
    try:
        placed = thing.on_photo(SIZE)
    except BadInput as refused:
        assert refused.code in ("point_outside", "box_outside")
        assert outside or thing.box is not None
        return
    assert not outside
    assert placed.points == thing.points
    if placed.box is not None:
        assert 0 <= placed.box.x0 < placed.box.x1 <= width
        assert 0 <= placed.box.y0 < placed.box.y1 <= height


def test_a_box_may_hang_over_the_edge() -> None:
    thing = PromptedObject(box=Box(x0=-10, y0=20, x1=50, y1=120)).on_photo(SIZE)
    assert thing.box == Box(x0=0, y0=20, x1=50, y1=100)


def test_a_box_beside_the_photo_is_refused() -> None:
    with pytest.raises(BadInput) as refused:
        PromptedObject(box=Box(x0=210, y0=20, x1=250, y1=120)).on_photo(SIZE)
    assert refused.value.code == "box_outside"
    assert refused.value.details == {"width": 200, "height": 100}


def test_prompts_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Point(x=1, y=2).x = 3  # type: ignore[misc]
