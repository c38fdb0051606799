"""From all that was pointed at, painted and set to one mask, in the one order there is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mask_tools import disc, iou, line, rectangle, strokes
from methods import Mask
from segmentation import Box, Composed, Shape, compose, shown_mask
from segmentation._masks.paint import ERASED, paint
from tiers import EXAMPLES

SIZE = (240, 360)
THING = disc(SIZE, 130, 120, 60)
EXACT = Shape(drop_speckles=False)


def mask_of(*objects: tuple[Mask, tuple[Box, ...]], **more: Any) -> Mask:
    return compose(SIZE, objects, **more).mask


def corner_box(x0: float, y0: float, x1: float, y1: float) -> Box:
    return Box(x0=x0, y0=y0, x1=x1, y1=y1)


def test_objects_uploads_and_strokes_are_united() -> None:
    upload, other = rectangle(SIZE, 300, 10, 340, 40), disc(SIZE, 250, 180, 20)
    swipe = line((20, 220), (340, 220), width=10)
    whole = mask_of((THING, ()), (other, ()), upload=upload, strokes=[swipe])
    painted = paint([swipe], SIZE)
    assert painted is not None
    expected = THING | other | upload
    expected[painted.window] |= painted.verdict > 0
    assert np.array_equal(whole, expected)


def test_nothing_is_an_empty_mask() -> None:
    assert not mask_of().any()
    assert mask_of(shape=Shape(invert=True)).all()


def test_a_negative_box_cuts_its_own_object_only() -> None:
    other = rectangle(SIZE, 120, 110, 200, 130)
    cut = (THING, (corner_box(100, 100, 360, 140),))
    assert np.array_equal(mask_of(cut), THING & ~rectangle(SIZE, 100, 100, 360, 140))
    assert np.array_equal(mask_of(cut, (other, ())), mask_of(cut) | other)


def test_what_a_negative_box_took_stays_out() -> None:
    cut = (THING, (corner_box(110, 100, 150, 140),))
    shape = Shape(fill_holes=True, dilate=12)
    grown = mask_of(cut, shape=shape)
    assert not grown[100:140, 110:150].any() and grown[120, 100] and grown[120, 65]


def test_what_is_painted_over_a_negative_box_is_in() -> None:
    cut = (THING, (corner_box(110, 100, 150, 140),))
    painted = mask_of(cut, strokes=[line((130, 120), width=20)], shape=Shape(dilate=2))
    assert painted[115:126, 125:136].all() and not painted[102, 112]


def test_an_eraser_stroke_leaves_no_crumbs() -> None:
    swipe = line((135, 40), (135, 200), width=100, erase=True)
    rest = mask_of((THING, ()), strokes=[swipe])
    assert not rest[:, 190:].any()  # a sliver of one per mille
    assert mask_of((THING, ()), strokes=[swipe], shape=EXACT)[:, 190:].any() == (
        THING[:, 190:].any()
    )


def test_a_dab_painted_beside_what_was_erased_stays() -> None:
    swipe, dab = line((185, 40), (185, 200), width=20, erase=True), line((200, 120), width=4)
    assert mask_of((THING, ()), strokes=[dab, swipe, dab])[120, 200]


@pytest.mark.parametrize("name", ["fill_holes", "smooth", "precision", "dilate"])
def test_erased_is_erased_whatever_the_shape(name: str) -> None:
    value = {"fill_holes": True, "smooth": 20.0, "precision": 1.0, "dilate": 30.0}[name]
    spot = line((130, 120), width=24, erase=True)
    shape = Shape.model_validate({name: value})
    assert not mask_of((THING, ()), strokes=[spot], shape=shape)[112:129, 122:139].any()
    assert mask_of((THING, ()), shape=shape)[112:129, 122:139].all()


def test_what_is_painted_again_is_in_again() -> None:
    spot = line((130, 120), width=24, erase=True)
    again = line((130, 120), width=12)
    whole = mask_of((THING, ()), strokes=[spot, again])
    assert whole[120, 130] and not whole[112, 130]


def test_steps_come_in_their_order() -> None:
    """Holes are filled before the mask grows, and the box is drawn before that."""
    ring = THING & ~disc(SIZE, 130, 120, 30)
    assert mask_of((ring, ()), shape=Shape(fill_holes=True, dilate=-5))[120, 130]
    box_then_grown = mask_of((THING, ()), shape=Shape(precision=1, dilate=10))
    assert np.array_equal(np.flatnonzero(box_then_grown.any(axis=0))[[0, -1]], np.array([60, 199]))
    assert not box_then_grown[51, 61]  # the box has round corners after it has grown
    inverted = mask_of((THING, ()), shape=Shape(dilate=10, invert=True))
    assert np.array_equal(inverted, ~mask_of((THING, ()), shape=Shape(dilate=10)))


def test_a_hole_with_a_negative_click_stays_open() -> None:
    ring = THING & ~disc(SIZE, 130, 120, 30)
    shape = Shape(fill_holes=True)
    assert mask_of((ring, ()), shape=shape)[120, 130]
    assert not mask_of((ring, ()), shape=shape, unwanted=[(130, 120)])[120, 130]


def test_an_uploaded_mask_is_taken_bit_by_bit() -> None:
    noise = np.random.default_rng(5).random(SIZE) < 0.3
    assert np.array_equal(mask_of(upload=noise), noise)


def test_the_core_is_what_was_selected() -> None:
    both = compose(SIZE, [(THING, ())], shape=Shape(precision=1, dilate=9, invert=True))
    assert np.array_equal(both.core, THING)


shapes = st.builds(
    Shape,
    dilate=st.floats(-20, 40),
    dilate_unit=st.sampled_from(["px", "%"]),
    fill_holes=st.booleans(),
    drop_speckles=st.booleans(),
    smooth=st.floats(0, 12),
    precision=st.floats(0, 1),
)
scenes = st.lists(
    st.builds(
        lambda x, y, radius: disc(SIZE, x, y, radius),
        st.floats(40, 320),
        st.floats(40, 200),
        st.floats(15, 70),
    ),
    max_size=3,
)
drawings = st.lists(strokes(SIZE, widest=60), max_size=4)


@settings(max_examples=EXAMPLES)
@given(scenes, drawings, shapes)
def test_erased_pixels_are_never_in_the_mask(
    scene: list[Mask], drawing: list[Any], shape: Shape
) -> None:
    before = [thing.copy() for thing in scene]
    mask = compose(SIZE, [(thing, ()) for thing in scene], strokes=drawing, shape=shape).mask
    painted = paint(drawing, SIZE)
    if painted is not None:
        assert not mask[painted.window][painted.verdict == ERASED].any()
    assert all(np.array_equal(thing, was) for thing, was in zip(scene, before, strict=True))


@settings(max_examples=EXAMPLES)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(18, 70)), max_size=3), shapes)
def test_a_reduced_mask_is_the_mask_from_further_away(
    places: list[tuple[float, float]], shape: Shape
) -> None:
    """Discs that hang together by a stroke: what only just touches may part when reduced."""
    stroke = line((40, 60), (300, 180), width=24)
    shape = shape.model_copy(update={"smooth": min(shape.smooth, 5)})
    scene = [disc(SIZE, 40 + 260 * along, 60 + 120 * along, radius) for along, radius in places]
    small_scene = [(shown_mask(thing, 180), ()) for thing in scene]
    large = compose(SIZE, [(thing, ()) for thing in scene], strokes=[stroke], shape=shape)
    small = compose(SIZE, small_scene, strokes=[stroke], shape=shape, longest_side=180)
    assert small.mask.shape == (120, 180)
    blown_up = np.kron(small.core, np.ones((2, 2), np.bool_))
    assert iou(blown_up, large.core) > 0.93
    differing = np.kron(small.mask, np.ones((2, 2), np.bool_)) != large.mask
    assert differing.mean() < 0.05


def test_reducing_takes_the_larger_part() -> None:
    mask = rectangle((100, 200), 40, 40, 120, 80)
    assert np.array_equal(shown_mask(mask, 100), rectangle((50, 100), 20, 20, 60, 40))
    assert shown_mask(mask, None) is mask and shown_mask(mask, 500) is mask


def test_composing_gives_arrays_of_its_own() -> None:
    result: Composed = compose(SIZE, [(THING, ())])
    result.mask[:] = True
    assert not THING.all()
    views: list[NDArray[np.bool_]] = [result.mask, result.core]
    assert not any(np.shares_memory(view, THING) for view in views)
