"""Strokes are where they were drawn, at every size, and too many of them are refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mask_tools import disc, distance_to_line, iou, line, strokes
from methods import BadInput, Mask
from segmentation import Stroke
from segmentation._masks.paint import ADDED, ERASED, UNTOUCHED, paint
from segmentation._prompts.prompts import shown_size
from segmentation._prompts.strokes import MAX_STROKE_POINTS, MAX_STROKES
from tiers import EXAMPLES

SIZE = (120, 180)


def where(
    value: int, *painted: Stroke, side: int | None = None, size: tuple[int, int] = SIZE
) -> Mask:
    """The pixels of the whole mask that have a verdict."""
    shown: NDArray[np.uint8] = np.full(shown_size(size, side), UNTOUCHED, np.uint8)
    result = paint(painted, size, side)
    if result is not None:
        shown[result.window] = result.verdict
    return np.asarray(shown == value, np.bool_)


@settings(max_examples=EXAMPLES)
@given(strokes(SIZE))
def test_a_stroke_covers_what_is_near_its_line(stroke: Stroke) -> None:
    covered = where(ERASED if stroke.erase else ADDED, stroke)
    distance = distance_to_line(SIZE, list(stroke.points))
    radius = max(stroke.width / 2, 0.5)
    slack = 0.01 * stroke.width  # points that move the outline by less are left out
    assert not (covered & (distance > radius + 0.3 + slack)).any()
    assert not (~covered & (distance < radius - 0.7 - slack)).any()


def test_a_thin_stroke_from_the_corner_has_no_hole() -> None:
    assert where(ADDED, line((0, 0), (7, 2), width=3))[0, :7].all()


@pytest.mark.parametrize("edge", ["left", "top", "right", "bottom"])
def test_strokes_across_an_edge_lose_nothing_there(edge: str) -> None:
    size = (40, 60)
    chance = np.random.default_rng(["left", "top", "right", "bottom"].index(edge))
    for _ in range(10 * EXAMPLES):
        stroke = across(edge, size, chance)
        covered = where(ADDED, stroke, size=size)
        distance = distance_to_line(size, list(stroke.points))
        assert not (covered & (distance > stroke.width / 2 + 0.3)).any(), stroke
        assert not (~covered & (distance < stroke.width / 2 - 0.6)).any(), stroke


def across(edge: str, size: tuple[int, int], chance: np.random.Generator) -> Stroke:
    """From somewhere on the photo to somewhere beyond one of its edges, now and then far out."""
    height, width = size
    inner = chance.uniform(0, 1, 2)
    outer = chance.uniform(-0.5, 1.5, 2)
    axis = 0 if edge in ("left", "right") else 1
    off = chance.choice([0.0, 0.05, 1.0, 50.0]) * chance.uniform(0, 1)
    outer[axis] = -off if edge in ("left", "top") else 1 + off
    ends = np.array((inner, outer)) * (width, height)
    return line(*map(tuple, ends.tolist()), width=float(chance.choice([1, 2, 3, 8, 40])))


@given(strokes(SIZE), st.integers(40, 179))
def test_a_reduced_stroke_is_the_stroke_from_further_away(stroke: Stroke, side: int) -> None:
    scale = side / SIZE[1]
    covered = where(ERASED if stroke.erase else ADDED, stroke, side=side)
    moved = [(x * scale, y * scale) for x, y in stroke.points]
    distance = distance_to_line(covered.shape, moved)
    radius = max(stroke.width * scale / 2, 0.5)
    slack = 0.6 + 0.01 * stroke.width  # the shorter side is rounded to whole pixels
    assert not (covered & (distance > radius + slack)).any()
    assert not (~covered & (distance < radius - slack - 0.4)).any()


def test_one_point_is_a_round_dot() -> None:
    assert iou(where(ADDED, line((60, 50), width=40)), disc(SIZE, 60, 50, 20)) > 0.97


def test_ends_and_joints_are_round() -> None:
    covered: Mask = where(ADDED, line((40, 60), (100, 60), width=30))
    assert covered[60, 27] and covered[60, 113]
    assert not covered[48, 28] and not covered[72, 112]
    assert covered[60, 24] == covered[60, 115] == 0


def test_width_is_the_whole_width() -> None:
    covered = where(ADDED, line((20, 60), (160, 60), width=12))
    assert covered[:, 90].sum() == 12
    assert covered[54:66, 90].all()


def test_the_thinnest_stroke_is_one_connected_pixel_wide() -> None:
    covered = where(ADDED, line((10, 10), (170, 110), width=0.01))
    assert covered[:, 11:169].any(axis=0).all()
    assert covered.sum(axis=0).max() <= 3


def test_the_last_stroke_wins() -> None:
    add, erase = line((90, 60), width=60), line((90, 60), width=30, erase=True)
    over = where(ERASED, add, erase)
    assert over[60, 90] and not over[60, 70]
    assert where(ADDED, erase, add)[60, 90]
    assert not where(ERASED, erase, add).any()


def test_only_the_box_around_the_strokes_is_touched() -> None:
    painted = paint([line((30, 40), (50, 45), width=10)], (3000, 5000))
    assert painted is not None
    rows, columns = painted.window
    assert 33 <= rows.start < rows.stop <= 52 and 23 <= columns.start < columns.stop <= 57


def test_strokes_beside_the_photo_do_nothing() -> None:
    assert paint([], SIZE) is None
    assert paint([line((-500, -500), (-80, -90), width=20)], SIZE) is None
    assert not where(ADDED, line((-40, 60), (-15, 60), width=20)).any()
    assert where(ADDED, line((-40, 60), (-5, 60), width=20))[60, 0]


def test_a_stroke_that_runs_far_out_is_cut_off() -> None:
    covered = where(ADDED, line((90, 60), (1e6, 60), width=10))
    assert covered[60, 91:].all() and not covered[:50].any()


def test_idle_points_change_nothing_that_is_seen() -> None:
    few = line((20, 20), (160, 100), width=30)
    many = line(*[(20 + 140 * t / 500, 20 + 80 * t / 500) for t in range(501)], width=30)
    assert iou(where(ADDED, few), where(ADDED, many)) > 0.985


# --- limits ------------------------------------------------------------------------------


def refused(*painted: Stroke, size: tuple[int, int] = SIZE) -> str:
    with pytest.raises(BadInput) as error:
        paint(painted, size)
    assert str(error.value).endswith(".") and len(str(error.value)) < 200
    return error.value.code


def test_ten_thousand_strokes_are_refused() -> None:
    assert refused(*[line((5, 5))] * 10_000) == "too_many_strokes"
    assert refused(*[line((5, 5))] * (MAX_STROKES + 1)) == "too_many_strokes"


def test_ten_thousand_points_are_refused() -> None:
    assert refused(line(*[(5.0, 5.0)] * 10_000)) == "too_many_stroke_points"
    half = [(5.0, 5.0)] * (MAX_STROKE_POINTS // 2 + 1)
    assert refused(line(*half), line(*half)) == "too_many_stroke_points"


def test_covering_a_large_photo_again_and_again_is_refused() -> None:
    broad = [line((0, 1500), (5000, 1500), width=3000) for _ in range(200)]
    assert refused(*broad, size=(3000, 5000)) == "strokes_cover_too_much"
    zigzag = line(*[(5000 * (k % 2), 3000 * (k % 3) / 2) for k in range(900)], width=2000)
    assert refused(zigzag, size=(3000, 5000)) == "strokes_cover_too_much"


def test_much_painting_on_any_photo_is_fine() -> None:
    swipes = [line((0, y), (5000, y), width=200) for y in range(0, 3000, 50)]
    assert paint(swipes, (3000, 5000), 400) is not None
    assert paint([line((3, 3), (7, 7), width=50)] * 500, (10, 10)) is not None


@pytest.mark.parametrize(
    "data",
    [
        {"points": [], "width": 3},
        {"points": [[1, 2]], "width": 0},
        {"points": [[1, 2]], "width": -4},
        {"points": [[1, 2]], "width": math.nan},
        {"points": [[1, 2]], "width": math.inf},
        {"points": [[1, 2]], "width": 1e9},
        {"points": [[1, math.nan]], "width": 3},
        {"points": [[1, 1e9]], "width": 3},
        {"points": [[1]], "width": 3},
        {"points": [[1, 2, 3]], "width": 3},
        {"points": [None], "width": 3},
        {"points": "12", "width": 3},
        {"points": [[1, 2]]},
        {"points": [[1, 2]], "width": 3, "erase": "yes"},
        {"points": [[1, 2]], "width": 3, "color": "red"},
        None,
        [],
    ],
)
def test_what_is_no_stroke_is_refused(data: Any) -> None:
    with pytest.raises(BadInput) as error:
        Stroke.model_validate(data)
    assert error.value.code == "bad_prompt"


def test_a_line_that_comes_back_to_its_start_is_drawn_whole() -> None:
    corners = [(30.0, 20.0), (150.0, 20.0), (90.0, 100.0), (30.0, 20.0)]
    covered = where(ADDED, line(*corners, width=6))
    assert covered[20, 90] and covered[60, 120] and covered[60, 60]
