"""Rims and shadows in scenes where the right answer is known, and on the example photos."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mask_tools import disc, rectangle
from methods import Image, Mask
from segmentation import Shape, compose, dilate, find_hints
from segmentation._masks.hints import LEAST, rim_strength, shadow_strength
from tiers import rest_is_slow

SIZE = (400, 600)
BALL = disc(SIZE, 300, 180, 80)
GREEN, GREY, RED, BLUE = (92, 140, 70), (180, 178, 172), (200, 40, 40), (50, 80, 190)


def ground(color: tuple[int, int, int], grain: float = 4.0, seed: int = 0) -> NDArray[np.float64]:
    """A surface in one colour, a little brighter at the bottom, with grain."""
    slope = np.linspace(0.85, 1.1, SIZE[0])[:, None, None]
    noise = np.random.default_rng(seed).normal(0, grain, (*SIZE, 3))
    return np.asarray(slope * np.array(color) + noise)


def dimmed(surface: NDArray[np.float64], place: Mask, left: float) -> None:
    """Leave a share of the light on a part of the surface, with a soft edge (sRGB, about)."""
    soft = cv2.GaussianBlur(place.astype(np.float32), (0, 0), 3)[..., None]
    surface *= 1 - soft * (1 - left ** (1 / 2.2))


def scene(surface: NDArray[np.float64], thing: Mask, color: tuple[int, int, int]) -> Image:
    """The object on the surface, its edge as a lens would give it."""
    soft = cv2.GaussianBlur(thing.astype(np.float32), (0, 0), 0.8)[..., None]
    noise = np.random.default_rng(1).normal(0, 4, (*SIZE, 3))
    mixed = surface * (1 - soft) + (np.array(color) + noise) * soft
    return np.clip(mixed, 0, 255).astype(np.uint8)


def ellipse(x: int, y: int, across: int, down: int) -> Mask:
    drawn = np.zeros(SIZE, np.uint8)
    cv2.ellipse(drawn, (x, y), (across, down), 0, 0, 360, 1, -1)
    return drawn > 0


SHADOW = ellipse(320, 262, 110, 26)


def with_shadow(color: tuple[int, int, int] = GREY, left: float = 0.35) -> Image:
    surface = ground(color)
    dimmed(surface, SHADOW, left)
    return scene(surface, BALL, RED)


def codes(picture: Image, mask: Mask, core: Mask | None = None) -> set[str]:
    return {hint.code for hint in find_hints(picture, mask, core)}


# --- the rim -----------------------------------------------------------------------------


@pytest.mark.parametrize("color", [GREEN, GREY, BLUE])
def test_a_mask_that_ends_too_early_leaves_a_rim(color: tuple[int, int, int]) -> None:
    picture = scene(ground(color), BALL, RED)
    for missing in (-2, -3, -4):
        short = dilate(BALL, missing)
        assert rim_strength(picture, short, short) > 0.9
    assert "rim" in codes(picture, dilate(BALL, -4))


@pytest.mark.parametrize("color", rest_is_slow([GREEN, GREY, BLUE]))
@pytest.mark.parametrize("more", [0, 1, 3, 8, 20])
def test_a_mask_that_covers_the_object_leaves_none(color: tuple[int, int, int], more: int) -> None:
    picture = scene(ground(color), BALL, RED)
    assert rim_strength(picture, dilate(BALL, more), BALL) < 0.1


def test_half_a_rim_is_half_a_hint() -> None:
    picture = scene(ground(GREEN), BALL, RED)
    half = BALL & (dilate(BALL, -6) | (np.indices(SIZE)[1] < 300))
    whole = dilate(BALL, -6)
    assert 0.3 < rim_strength(picture, half, half) < rim_strength(picture, whole, whole) == 1


def test_growing_the_mask_answers_the_hint() -> None:
    picture, short = scene(ground(GREEN), BALL, RED), dilate(BALL, -5)
    assert "rim" in codes(picture, short)
    grown = compose(SIZE, [(short, ())], shape=Shape(dilate=10))
    assert codes(picture, grown.mask, grown.core) == set()


def test_what_the_mask_has_grown_into_is_not_the_object() -> None:
    """A ball on a plate: the grown mask ends on the plate, near its edge."""
    surface = ground(GREY)
    surface[disc(SIZE, 300, 180, 104)] = (60, 60, 110)
    picture, grown = scene(surface, BALL, RED), disc(SIZE, 300, 180, 100)
    assert rim_strength(picture, grown, BALL) == 0
    assert rim_strength(picture, grown, grown) > 0.5  # the plate itself, selected too tightly


def test_where_object_and_background_look_alike_nothing_is_said() -> None:
    picture = scene(ground(GREEN), BALL, GREEN)
    assert rim_strength(picture, dilate(BALL, -5), dilate(BALL, -5)) == 0


def test_objects_with_holes_and_at_the_edge_are_judged_too() -> None:
    thing = rectangle(SIZE, 0, 150, 260, 400) & ~disc(SIZE, 120, 280, 40)
    picture = scene(ground(GREEN), thing, BLUE)
    inner = dilate(thing, -4)
    assert rim_strength(picture, inner, inner) > 0.8
    assert rim_strength(picture, thing, thing) < 0.15


# --- the shadow --------------------------------------------------------------------------


@pytest.mark.parametrize("color", rest_is_slow([GREY, GREEN, (150, 90, 60)]))
@pytest.mark.parametrize("left", [0.2, 0.35, 0.5])
def test_a_shadow_below_the_object_is_seen(color: tuple[int, int, int], left: float) -> None:
    assert shadow_strength(with_shadow(color, left), BALL) > 0.5


def test_a_shadow_thrown_to_the_side_is_seen() -> None:
    surface = ground(GREY)
    dimmed(surface, disc(SIZE, 225, 215, 75), 0.3)
    assert shadow_strength(scene(surface, BALL, RED), BALL) > LEAST


def test_a_mask_that_holds_the_shadow_has_no_hint() -> None:
    picture = with_shadow()
    assert codes(picture, dilate(BALL | SHADOW, 8), BALL | SHADOW) == set()


def test_no_shadow_no_hint() -> None:
    for color in (GREY, GREEN, BLUE):
        assert shadow_strength(scene(ground(color), BALL, RED), BALL) < 0.1


def test_a_dark_thing_of_another_colour_is_no_shadow() -> None:
    surface = ground(GREY)
    surface[ellipse(330, 285, 90, 30)] = (20, 30, 90)
    assert shadow_strength(scene(surface, BALL, RED), BALL) < LEAST


def test_a_dark_wall_behind_is_no_shadow() -> None:
    surface = ground(GREY)
    surface[:, :300] *= 0.4  # goes on to the edge of the picture
    assert shadow_strength(scene(surface, BALL, RED), BALL) < LEAST


def test_a_shadow_that_belongs_to_another_object_is_not_hinted() -> None:
    surface = ground(GREY)
    dimmed(surface, ellipse(520, 340, 50, 15), 0.3)
    assert shadow_strength(scene(surface, BALL, RED), BALL) == 0


def test_black_is_no_shadow() -> None:
    surface = ground(GREY)
    surface[SHADOW] = 2
    assert shadow_strength(scene(surface, BALL, RED), BALL) < LEAST


# --- both --------------------------------------------------------------------------------


def test_hints_come_strongest_first_and_weak_ones_not_at_all() -> None:
    hints = find_hints(with_shadow(), dilate(BALL, -2))
    assert [hint.code for hint in hints] == ["rim", "shadow"]
    strengths = [hint.strength for hint in hints]
    assert strengths == sorted(strengths, reverse=True)
    assert all(LEAST <= strength <= 1 for strength in strengths)


def test_nothing_is_said_of_no_mask_or_a_whole_one() -> None:
    picture = with_shadow()
    assert find_hints(picture, np.zeros(SIZE, np.bool_)) == ()
    assert find_hints(picture, np.ones(SIZE, np.bool_)) == ()


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (3, 2), (40, 7)])
def test_the_smallest_masks_do_no_harm(size: tuple[int, int]) -> None:
    random = np.random.default_rng(0)
    picture = random.integers(0, 256, (*size, 3)).astype(np.uint8)
    for _ in range(5):
        mask = random.random(size) < 0.5
        before = mask.copy()
        assert all(0 <= hint.strength <= 1 for hint in find_hints(picture, mask))
        assert np.array_equal(mask, before)


@pytest.mark.slow
def test_a_mask_like_noise_is_judged_without_trouble() -> None:
    noise = np.random.default_rng(3).random(SIZE) < 0.3
    assert all(0 <= hint.strength <= 1 for hint in find_hints(with_shadow(), noise))


# --- the examples, in pictures of 1600 pixels ---------------------------------------------

# fmt: off
FIG = [
    (671, 491), (663, 511), (668, 531), (723, 532), (745, 544), (753, 564), (763, 631), (773, 664),
    (790, 699), (808, 724), (873, 785), (904, 801), (936, 807), (959, 807), (988, 800), (1010, 789),
    (1034, 767), (1051, 739), (1078, 682), (1091, 641), (1104, 615), (1118, 563), (1118, 534),
    (1103, 485), (1075, 442), (1043, 413), (1013, 397), (980, 387), (932, 387), (891, 397),
    (871, 406), (795, 469), (775, 481), (740, 489),
]
ROCKET = [
    (323, 127), (316, 132), (312, 140), (309, 161), (310, 336), (306, 347), (288, 366), (289, 397),
    (285, 401), (285, 421), (320, 423), (326, 407), (356, 407), (369, 401), (359, 399), (355, 364),
    (336, 344), (334, 338), (337, 320), (334, 314), (333, 147), (331, 138),
]
# fmt: on


def example(folder: Path, name: str, outline: list[tuple[int, int]]) -> tuple[Image, Mask]:
    read = cv2.imread(str(folder / name), cv2.IMREAD_COLOR_RGB)
    assert read is not None
    picture: Image = read
    scale = min(1.0, 1600 / max(picture.shape))
    size = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
    picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    drawn = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(drawn, [np.array(outline, np.int32)], 1)
    return picture, drawn > 0


def test_the_fig_alone_leaves_its_shadow(examples_dir: Path) -> None:
    picture, fig = example(examples_dir, "fig.jpg", FIG)
    (hint,) = find_hints(picture, fig)
    assert hint.code == "shadow" and hint.strength > 0.7
    short = dilate(fig, -8)
    assert codes(picture, short) == {"rim", "shadow"}


def test_the_rocket_leaves_nothing(examples_dir: Path) -> None:
    picture, rocket = example(examples_dir, "rocket.jpg", ROCKET)
    assert codes(picture, rocket) == set()
    assert codes(picture, dilate(rocket, 4), rocket) == set()
    assert codes(picture, dilate(rocket, -4)) == {"rim"}
