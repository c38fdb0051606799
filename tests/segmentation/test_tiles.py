"""Parts of a photo that are looked at by themselves: where they lie, how their masks go back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from methods import reduce_mask
from segmentation import PromptedObject, Tile
from segmentation._prompts.tiles import FINEST, tile_around

PHOTO = (2988, 5312)
sides = st.integers(800, 9000)


def click(x: float, y: float, *more: tuple[float, float, int]) -> PromptedObject:
    points = [{"x": x, "y": y}, *({"x": a, "y": b, "label": c} for a, b, c in more)]
    return PromptedObject.model_validate({"points": points})


def box(x0: float, y0: float, x1: float, y1: float) -> PromptedObject:
    return PromptedObject.model_validate({"box": {"x0": x0, "y0": y0, "x1": x1, "y1": y1}})


@given(sides, sides, st.floats(0, 1), st.floats(0, 1))
def test_a_click_lies_well_within_its_tile(height: int, width: int, x: float, y: float) -> None:
    tile = tile_around(click(x * width, y * height), (height, width))
    assert tile is not None and tile.size == (min(FINEST, height), min(FINEST, width))
    assert 0 <= tile.left <= width - tile.width and 0 <= tile.top <= height - tile.height
    for place, start, length, end in (
        (x * width, tile.left, tile.width, width),
        (y * height, tile.top, tile.height, height),
    ):
        assert place - start >= 127 or start == 0
        assert start + length - place >= 127 or start + length == end


@given(st.floats(0, 2000), st.floats(0, 1500), st.floats(1, 1700), st.floats(1, 1400))
def test_a_box_lies_within_its_tile_and_fills_no_more_than_a_third(
    x: float, y: float, width: float, height: float
) -> None:
    tile = tile_around(box(x, y, x + width, y + height), PHOTO)
    if tile is None:
        assert 6 * max(width, height) * 1.5 > max(PHOTO)  # sides double, so at most six times
        return
    assert tile.holds((x, y, x + width, y + height))
    side = max(tile.size)
    assert 3 * max(width, height) <= side and side & (side - 1) == 0
    assert side == FINEST or side < 6 * max(width, height)


def test_further_points_nearby_fall_into_the_same_tile() -> None:
    first = tile_around(click(1000, 1000), PHOTO)
    assert tile_around(click(1000, 1000, (1060, 940, 1), (1400, 1400, 0)), PHOTO) == first
    assert tile_around(click(1020, 980), PHOTO) == first


def test_points_far_apart_have_a_larger_tile_or_none() -> None:
    tile = tile_around(click(1000, 1000, (1300, 1000, 1)), PHOTO)
    assert tile is not None and tile.width == 1024 and tile.holds((1000, 1000, 1300, 1000))
    assert tile_around(click(100, 100, (5000, 2800, 1)), PHOTO) is None
    assert tile_around(click(100, 100), (700, 700)) is None  # hardly smaller than the photo


def test_prompts_move_with_the_tile() -> None:
    tile = Tile(100, 200, 512, 512)
    moved = tile.moved(click(150, 260, (90, 260, 0), (160, 270, 0)))
    assert [(p.x, p.y, p.label) for p in moved.points] == [(50, 60, 1), (60, 70, 0)]
    moved = tile.moved(box(110, 210, 120, 230))
    assert moved.box is not None and (moved.box.x0, moved.box.y1) == (10, 30)


def test_a_mask_is_cut_by_a_tiles_sides_but_not_by_the_photos_edges() -> None:
    corner, mask = Tile(0, 0, 512, 512), np.zeros((8, 8), np.bool_)
    mask[0], mask[:, 0] = True, True
    assert corner.cuts(mask, PHOTO) and not Tile(0, 0, 8, 8).cuts(mask, (8, 8))
    mask[:, -1] = mask[-1] = False
    assert not corner.cuts(mask, PHOTO)
    assert Tile(256, 0, 512, 512).cuts(mask, PHOTO) and Tile(0, 256, 512, 512).cuts(mask, PHOTO)


@pytest.mark.parametrize("size", [(300, 400), (150, 200), (117, 156), (40, 53)])
def test_a_tiles_mask_is_laid_where_it_belongs(size: tuple[int, int]) -> None:
    """The photo's mask, reduced by areas, but for a few cells along its edge."""
    photo, tile = (300, 400), Tile(130, 70, 128, 96)
    rows, columns = np.indices(tile.size)
    part = np.hypot(rows - 40, columns - 60) < 33
    whole = np.zeros(photo, np.bool_)
    whole[70:166, 130:258] = part
    laid = tile.laid(part, photo, size)
    assert laid.shape == size
    assert (laid != reduce_mask(whole, size, "half")).mean() <= 0.002 * (size != photo)
    assert laid.mean() == pytest.approx(whole.mean(), rel=0.05)


@given(st.integers(0, 95), st.integers(0, 127), st.integers(2, 60))
def test_a_single_pixel_is_always_to_be_seen(row: int, column: int, height: int) -> None:
    photo, tile = (300, 400), Tile(130, 70, 128, 96)
    part = np.zeros(tile.size, np.bool_)
    part[row, column] = True
    size = (height, round(height * 4 / 3))
    laid = tile.laid(part, photo, size)
    assert laid.sum() == 1
    assert laid[int((70 + row + 0.5) * size[0] / 300), int((130 + column + 0.5) * size[1] / 400)]


def test_an_empty_mask_stays_empty() -> None:
    nothing = np.zeros((96, 128), np.bool_)
    assert not Tile(130, 70, 128, 96).laid(nothing, (300, 400), (30, 40)).any()
