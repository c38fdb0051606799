"""The shape of a mask: each step against its definition, and all of them in their order."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from skimage.measure import label, regionprops

from mask_tools import disc, iou, rectangle, small_masks
from methods import BadInput, Mask
from segmentation import Shape, usual_growth
from segmentation._masks import shaping as shaping_module
from segmentation._masks.masks import distance_to
from segmentation._masks.shaping import dilate_percent, drop_crumbs, loosen, pieces_of, smooth
from segmentation._prompts.shape import DILATE_RANGE, PERCENT_RANGE

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


@pytest.mark.parametrize(
    ("size", "pixels"),
    [
        ((427, 640), 5),  # as an example's, 640 pixels wide
        ((3000, 4000), 32),
        ((4000, 3000), 32),
        ((500, 20_000), 8),  # of a panorama the short side counts: 0.8 % of the long one is 160
        ((1, 1), 3),
        ((90, 120), 3),
    ],
)
def test_the_usual_growth_fits_the_photo(size: tuple[int, int], pixels: int) -> None:
    assert usual_growth(size) == pixels
