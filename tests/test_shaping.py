"""The shape of a mask: each step against its definition, and all of them in their order."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage.measure import label, regionprops

from mask_tools import disc, iou, line, rectangle, small_masks, strokes
from methods import BadInput, Mask
from segmentation import Box, Composed, Shape, compose, reduce_mask
from segmentation import shaping as shaping_module
from segmentation.masks import DILATE_RANGE, distance_to
from segmentation.shaping import (
    PERCENT_RANGE,
    dilate_percent,
    drop_crumbs,
    loosen,
    pieces_of,
    smooth,
)
from segmentation.strokes import ERASED, paint

precisions = st.floats(0, 1)


def pieces(mask: Mask) -> list[Mask]:
    """Each connected piece (8 neighbours) as a mask, found by another library."""
    labels = label(mask, connectivity=2)
    return [labels == number for number in range(1, int(labels.max(initial=0)) + 1)]


def boxes_of(mask: Mask) -> Mask:
    """The union of the bounding boxes of the pieces."""
    filled = np.zeros_like(mask)
    for region in regionprops(label(mask, connectivity=2)):
        top, left, bottom, right = region.bbox
        filled[top:bottom, left:right] = True
    return filled


@given(small_masks)
def test_pieces_are_the_connected_ones(mask: Mask) -> None:
    found, expected = pieces_of(mask), pieces(mask)
    if found is None:
        assert not expected
        return
    assert sorted(found.areas.tolist()) == sorted(int(piece.sum()) for piece in expected)
    for index in range(len(found.areas)):
        piece, place = found.alone(index)
        assert piece.sum() == found.areas[index]
        assert mask[found.window][place][piece].all()


# --- precision ---------------------------------------------------------------------------


@given(small_masks)
def test_precision_zero_is_exact_and_one_is_the_box(mask: Mask) -> None:
    before = mask.copy()
    assert np.array_equal(loosen(mask, 0), mask)
    assert np.array_equal(loosen(mask, 1), boxes_of(mask))
    assert np.array_equal(mask, before)


@given(small_masks, precisions, precisions)
def test_precision_grows_within_the_box(mask: Mask, first: float, second: float) -> None:
    low, high = sorted((first, second))
    fewer, more = loosen(mask, low), loosen(mask, high)
    assert not (mask & ~fewer).any()
    assert not (fewer & ~more).any()
    assert not (more & ~boxes_of(mask)).any()


@given(small_masks, precisions)
def test_precision_follows_its_formula(mask: Mask, precision: float) -> None:
    expected = mask.copy()
    for piece in pieces(mask):
        distances = np.where(boxes_of(piece), distance_to(piece), -1)
        expected |= (distances >= 0) & (distances <= precision * distances.max())
    assert np.array_equal(loosen(mask, precision), expected)


def test_halfway_is_a_loose_outline() -> None:
    star = disc((200, 200), 100, 100, 30)
    star |= rectangle((200, 200), 20, 95, 180, 105) | rectangle((200, 200), 95, 20, 105, 180)
    loose = loosen(star, 0.4)
    assert star.sum() * 1.5 < loose.sum() < 0.9 * boxes_of(star).sum()
    assert label(loose, connectivity=2).max() == 1


def test_each_object_has_its_own_precision() -> None:
    large, small = disc((300, 400), 100, 150, 80), disc((300, 400), 330, 150, 12)
    both = loosen(large | small, 0.5)
    assert np.array_equal(both, loosen(large, 0.5) | loosen(small, 0.5))


def test_of_many_pieces_the_smallest_become_boxes_halfway(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shaping_module, "_work", lambda mask: 0.0)
    mask = disc((60, 60), 20, 20, 9) | disc((60, 60), 45, 45, 4)
    assert np.array_equal(loosen(mask, 0.49), mask)
    assert np.array_equal(loosen(mask, 0.5), boxes_of(mask))


def test_a_hundred_thousand_specks_are_no_burden() -> None:
    specks = np.zeros((1200, 1200), np.bool_)
    specks[::3, ::3] = True
    assert np.array_equal(loosen(specks, 1), specks)
    assert np.array_equal(loosen(specks, 0.5), specks)
    grown = dilate_percent(specks, 100)
    assert 4 < grown.sum() / specks.sum() <= 5
    assert not dilate_percent(specks, -50).any() or specks.any()


# --- percent -----------------------------------------------------------------------------


@given(small_masks, st.integers(*PERCENT_RANGE))
@example(np.ones((3, 3), np.bool_), -30)
def test_percent_is_of_each_piece(mask: Mask, percent: int) -> None:
    expected = np.zeros_like(mask) if percent > 0 else mask.copy()
    outside = distance_to(~mask) if not mask.all() else np.full(mask.shape, np.inf)
    for piece in pieces(mask):
        radius = abs(percent) / 100 * math.sqrt(int(piece.sum()))
        if percent > 0:
            expected |= distance_to(piece) <= radius
        elif percent < 0:
            expected[piece & (outside <= radius)] = False
    assert np.array_equal(dilate_percent(mask, percent), expected)


def test_percent_means_the_same_at_every_size() -> None:
    small, large = disc((200, 200), 100, 100, 40), disc((800, 800), 400, 400, 160)
    for percent in (-20, 30):
        near = dilate_percent(large, percent)
        assert iou(np.kron(dilate_percent(small, percent), np.ones((4, 4), np.bool_)), near) > 0.95


# --- smoothing ---------------------------------------------------------------------------


def test_smoothing_takes_off_hairs_and_fills_nicks() -> None:
    mask = disc((200, 200), 100, 100, 60)
    mask[99:102, 150:190] = True
    mask[98:103, 40:60] = False
    for radius in (1.9, 4, 9):
        assert iou(smooth(mask, radius), disc((200, 200), 100, 100, 60)) > 0.97
    assert not smooth(mask, 4)[100, 175]
    assert smooth(mask, 9)[100, 50]


def test_smoothing_spares_the_edge_of_the_photo() -> None:
    mask = rectangle((100, 100), 0, 30, 100, 100)
    assert np.array_equal(smooth(mask, 6), mask)
    assert np.array_equal(smooth(np.ones((40, 40), np.bool_), 5), np.ones((40, 40), np.bool_))


@given(small_masks, st.floats(0.1, 6))
def test_smoothing_is_blurring_the_whole_picture(mask: Mask, radius: float) -> None:
    soft = mask.astype(np.float32)
    if radius <= 2:
        soft = cv2.GaussianBlur(soft, (0, 0), radius, borderType=cv2.BORDER_REPLICATE)
    else:
        for side in shaping_module._box_sides(radius):
            soft = cv2.blur(soft, (side, side), borderType=cv2.BORDER_REPLICATE)
    clear = np.abs(soft - 0.5) > 1e-3
    assert np.array_equal(smooth(mask, radius)[clear], soft[clear] > 0.5)


def test_three_boxes_stand_for_a_gaussian() -> None:
    mask = disc((300, 300), 150, 150, 50) | rectangle((300, 300), 150, 120, 260, 140)
    for radius in (3.0, 7.5, 20.0):
        soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), radius)
        assert iou(smooth(mask, radius), soft > 0.5) > 0.98


# --- crumbs ------------------------------------------------------------------------------


def test_what_was_cut_off_and_is_tiny_goes() -> None:
    before = rectangle((100, 300), 10, 10, 290, 90)
    cut = before.copy()
    cut[:, 20:30] = cut[:, 200:210] = False
    cut[20:90, 10:20] = False  # a crumb of 10 x 10, and a part of 80 x 80
    clean = drop_crumbs(cut, before)
    assert not clean[:, :20].any()
    assert np.array_equal(clean[:, 30:], cut[:, 30:])


def test_a_small_object_beside_a_large_one_is_no_crumb() -> None:
    before = disc((400, 400), 150, 200, 140) | disc((400, 400), 350, 350, 4)
    cut = before.copy()
    cut[:, 150:160] = False
    assert drop_crumbs(cut, before)[350, 350]


def test_a_painted_crumb_stays() -> None:
    before = rectangle((100, 300), 10, 10, 290, 90)
    cut = before.copy()
    cut[:, 12:30] = False
    kept = np.zeros_like(cut)
    kept[50, 11] = True
    assert drop_crumbs(cut, before, kept)[50, 11]
    assert not drop_crumbs(cut, before)[50, 11]


@given(small_masks, st.data())
def test_without_a_cut_nothing_is_a_crumb(mask: Mask, data: st.DataObject) -> None:
    assert np.array_equal(drop_crumbs(mask, mask), mask)
    part = mask & np.random.default_rng(data.draw(st.integers(0, 99))).integers(
        0, 2, mask.shape
    ).astype(np.bool_)
    assert not (drop_crumbs(part, mask) & ~part).any()


# --- what is refused ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"dilate": DILATE_RANGE[1] + 1}, "dilate_out_of_range"),
        ({"dilate": DILATE_RANGE[0] - 1}, "dilate_out_of_range"),
        ({"dilate": PERCENT_RANGE[1] + 1, "dilate_unit": "%"}, "dilate_percent_out_of_range"),
        ({"dilate": PERCENT_RANGE[0] - 1, "dilate_unit": "%"}, "dilate_percent_out_of_range"),
        ({"dilate": math.nan}, "bad_prompt"),
        ({"dilate": math.inf}, "bad_prompt"),
        ({"dilate": "3"}, "bad_prompt"),
        ({"dilate": True}, "bad_prompt"),
        ({"dilate_unit": "em"}, "bad_prompt"),
        ({"smooth": -1}, "bad_prompt"),
        ({"smooth": 1e6}, "bad_prompt"),
        ({"smooth": math.nan}, "bad_prompt"),
        ({"precision": 1.01}, "bad_prompt"),
        ({"precision": -0.01}, "bad_prompt"),
        ({"invert": 1}, "bad_prompt"),
        ({"fill_holes": "yes"}, "bad_prompt"),
        ({"feather": 3}, "bad_prompt"),
        ("px", "bad_prompt"),
    ],
)
def test_shapes_that_cannot_be_are_refused(data: Any, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        Shape.model_validate(data)
    assert refused.value.code == code and len(str(refused.value)) < 300


# --- all together ------------------------------------------------------------------------

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
    precision=precisions,
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


@settings(max_examples=60)
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


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(18, 70)), max_size=3), shapes)
def test_a_reduced_mask_is_the_mask_from_further_away(
    places: list[tuple[float, float]], shape: Shape
) -> None:
    """Discs that hang together by a stroke: what only just touches may part when reduced."""
    stroke = line((40, 60), (300, 180), width=24)
    shape = shape.model_copy(update={"smooth": min(shape.smooth, 5)})
    scene = [disc(SIZE, 40 + 260 * along, 60 + 120 * along, radius) for along, radius in places]
    small_scene = [(reduce_mask(thing, 180), ()) for thing in scene]
    large = compose(SIZE, [(thing, ()) for thing in scene], strokes=[stroke], shape=shape)
    small = compose(SIZE, small_scene, strokes=[stroke], shape=shape, longest_side=180)
    assert small.mask.shape == (120, 180)
    blown_up = np.kron(small.core, np.ones((2, 2), np.bool_))
    assert iou(blown_up, large.core) > 0.93
    differing = np.kron(small.mask, np.ones((2, 2), np.bool_)) != large.mask
    assert differing.mean() < 0.05


def test_reducing_takes_the_larger_part() -> None:
    mask = rectangle((100, 200), 40, 40, 120, 80)
    assert np.array_equal(reduce_mask(mask, 100), rectangle((50, 100), 20, 20, 60, 40))
    assert reduce_mask(mask, None) is mask and reduce_mask(mask, 500) is mask


def test_composing_gives_arrays_of_its_own() -> None:
    result: Composed = compose(SIZE, [(THING, ())])
    result.mask[:] = True
    assert not THING.all()
    views: list[NDArray[np.bool_]] = [result.mask, result.core]
    assert not any(np.shares_memory(view, THING) for view in views)
