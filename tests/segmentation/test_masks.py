"""Masks: grown by exact distances, cleaned, encoded, and never changed in place."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from PIL import Image as PilImage

from methods import BadInput, Mask
from segmentation import (
    dilate,
    drop_speckles,
    fill_holes,
    margin_png,
    mask_png,
    overlay_png,
)
from segmentation._masks.masks import window_of
from segmentation._prompts.shape import DILATE_RANGE, check_dilate

small_masks = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=14))
radii = st.integers(-20, 20).map(lambda n: n / 2)


def distances_to(targets: Mask) -> NDArray[np.float64]:
    """(H, W) distance from every pixel to the nearest target, by trying them all."""
    rows, columns = np.indices(targets.shape)
    places = np.argwhere(targets)
    squares = [(rows - y) ** 2 + (columns - x) ** 2 for y, x in places]
    return np.sqrt(np.min(squares, axis=0)) if squares else np.full(targets.shape, np.inf)


def disc(size: tuple[int, int], center: tuple[float, float], radius: float) -> Mask:
    rows, columns = np.indices(size)
    return (rows - center[0]) ** 2 + (columns - center[1]) ** 2 <= radius**2


@given(small_masks, radii)
@example(np.ones((1, 1), np.bool_), -1.0)
@example(np.zeros((3, 3), np.bool_), 2.0)
def test_dilate_is_the_disc_of_the_definition(mask: Mask, pixels: float) -> None:
    before = mask.copy()
    result = dilate(mask, pixels)
    if pixels >= 0:
        expected = distances_to(mask) <= pixels
    else:
        expected = mask & (distances_to(~mask) > -pixels)
    assert np.array_equal(result, expected)
    assert np.array_equal(mask, before)
    assert result is not mask
    assert not np.shares_memory(result, mask)


@given(small_masks, st.integers(0, 6), st.integers(0, 6))
def test_more_pixels_never_select_less(mask: Mask, fewer: int, more: int) -> None:
    low, high = sorted((fewer, more))
    assert not (dilate(mask, low) & ~dilate(mask, high)).any()
    assert not (dilate(mask, -high) & ~dilate(mask, -low)).any()


@pytest.mark.slow
def test_dilate_is_the_same_on_a_large_photo() -> None:
    size = (900, 1400)
    mask = disc(size, (500, 700), 30)
    assert np.array_equal(dilate(mask, 25), distances_within(mask, (500, 700), 25))


def distances_within(mask: Mask, center: tuple[int, int], pixels: int) -> Mask:
    """The dilated mask, worked out by brute force in a part around `center` only."""
    y, x = center
    part = (slice(y - 80, y + 81), slice(x - 80, x + 81))
    expected = np.zeros_like(mask)
    edge = mask[part] & ~disc(mask[part].shape, (80, 80), 27)  # the inside adds nothing
    expected[part] = mask[part] | (distances_to(edge) <= pixels)
    return expected


def test_shrinking_spares_an_object_at_the_edge_of_the_photo() -> None:
    mask = np.zeros((40, 40), np.bool_)
    mask[20:, :] = True
    shrunk = dilate(mask, -5)
    assert shrunk[25:].all()
    assert not shrunk[:25].any()


def test_shrinking_can_leave_nothing() -> None:
    assert not dilate(disc((30, 30), (15, 15), 4), -6).any()


@pytest.mark.parametrize("pixels", [DILATE_RANGE[0] - 1, DILATE_RANGE[1] + 1, math.nan, math.inf])
def test_dilate_range(pixels: float) -> None:
    with pytest.raises(BadInput) as refused:
        check_dilate(pixels)  # type: ignore[arg-type]
    assert refused.value.code == "dilate_out_of_range"
    for allowed in DILATE_RANGE:
        check_dilate(allowed)


@given(small_masks, st.integers(0, 3))
def test_window_holds_every_true_pixel(mask: Mask, margin: int) -> None:
    window = window_of(mask, margin)
    assert (window is None) == (not mask.any())
    if window is not None:
        assert mask[window].sum() == mask.sum()
        assert all(part.start >= 0 for part in window)


# --- cleaning ----------------------------------------------------------------------------


def crowd() -> Mask:
    """A large piece, a middling one, a speckle, and a pinhole in the large one."""
    mask = disc((100, 160), (50, 50), 30)
    mask |= disc((100, 160), (50, 120), 10)
    mask[5, 150] = True
    mask[50, 50] = False
    return mask


def test_speckles_go_and_objects_stay() -> None:
    mask = crowd()
    clean = drop_speckles(mask)
    assert not clean[5, 150]
    mask[5, 150] = False
    assert np.array_equal(clean, mask)


def test_a_speckle_that_was_clicked_stays() -> None:
    assert np.array_equal(drop_speckles(crowd(), keep=[(150.4, 5.2)]), crowd())


def test_only_what_was_clicked_can_be_kept() -> None:
    clean = drop_speckles(crowd(), math.inf, keep=[(120, 50)])
    assert np.array_equal(clean, disc((100, 160), (50, 120), 10))


def test_pinholes_are_filled_unless_clicked() -> None:
    assert fill_holes(crowd(), 0.01)[50, 50]
    assert not fill_holes(crowd(), 0.01, keep=[(50, 50)])[50, 50]


def test_a_large_hole_stays_open_unless_all_are_to_be_filled() -> None:
    ring = disc((80, 80), (40, 40), 30) & ~disc((80, 80), (40, 40), 15)
    assert np.array_equal(fill_holes(ring, 0.01), ring)
    assert np.array_equal(fill_holes(ring), disc((80, 80), (40, 40), 30))


@given(small_masks, st.floats(0, 1))
def test_cleaning_is_idempotent_and_one_sided(mask: Mask, share: float) -> None:
    before = mask.copy()
    fewer, more = drop_speckles(mask, share), fill_holes(mask, share)
    assert not (fewer & ~mask).any()
    assert not (mask & ~more).any()
    assert np.array_equal(drop_speckles(fewer, share), fewer)
    assert np.array_equal(mask, before)
    assert fewer.any() == mask.any()


@given(small_masks, st.tuples(st.floats(-50, 50), st.floats(-50, 50)))
def test_a_kept_spot_anywhere_does_no_harm(mask: Mask, spot: tuple[float, float]) -> None:
    assert not (drop_speckles(mask, keep=[spot]) & ~mask).any()
    assert not (mask & ~fill_holes(mask, keep=[spot])).any()


# --- to the page -------------------------------------------------------------------------


@given(small_masks)
def test_overlay_shows_the_mask_and_nothing_else(mask: Mask) -> None:
    png = overlay_png(mask, color=(10, 200, 30), opacity=0.5)
    picture = PilImage.open(io.BytesIO(png))
    assert picture.mode == "P"
    assert png[24:26] == bytes([1, 3])  # IHDR: one bit a pixel, palette
    rgba = np.asarray(picture.convert("RGBA"))
    assert (rgba[mask] == (10, 200, 30, 128)).all()
    assert (rgba[~mask][:, 3] == 0).all()


@given(small_masks)
def test_mask_png_round_trip(mask: Mask) -> None:
    png = mask_png(mask)
    assert png[24:26] == bytes([1, 0])  # IHDR: one bit a pixel, grey
    assert np.array_equal(np.asarray(PilImage.open(io.BytesIO(png)).convert("L")) == 255, mask)


def test_an_overlay_takes_a_few_kilobytes() -> None:
    rows, columns = np.indices((1067, 1600))
    angle = np.arctan2(rows - 500, columns - 800)
    ragged = 300 + 60 * np.sin(7 * angle) + 12 * np.sin(61 * angle)
    mask = np.hypot(rows - 500, columns - 800) < ragged
    assert 500 < len(overlay_png(mask)) < 10_000


# --- the margin --------------------------------------------------------------------------


def test_the_margin_is_paler_than_the_mask() -> None:
    mask = disc((300, 300), (150, 150), 100)
    shown = dilate(mask, 5)
    png = margin_png(mask, shown, color=(10, 200, 30))
    assert png[24:26] == bytes([2, 3])  # IHDR: two bits a pixel, palette
    rgba = np.asarray(PilImage.open(io.BytesIO(png)).convert("RGBA"))
    assert (rgba[shown][:, :3] == (10, 200, 30)).all() and (rgba[mask][:, 3] == 255).all()
    pale = rgba[shown & ~mask][:, 3]
    assert len(pale) and 0 < pale.min() == pale.max() < 200
    assert (rgba[~shown][:, 3] == 0).all() and len(png) < 10_000
