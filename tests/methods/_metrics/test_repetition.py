"""Repetition: a fill that shows the same twice, told from textures that are alike everywhere."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from methods import METRICS, Image, Job, judge, run
from methods._metrics.repetition import repetition
from methods._metrics.scene import scene_of
from metric_tools import Scene, ellipse, fig, remarks_of, stand_in, tiled
from runner_tools import finished
from tiers import rest_is_slow

SIZE = (300, 400)
TEXTURES = ["noise", "soft noise", "fractal", "gravel"]
LIMIT = METRICS["repetition"].threshold or 0.0


@cache
def texture(name: str) -> Image:
    """(300, 400, 3) of one kind everywhere, in which nothing repeats itself."""
    random = np.random.default_rng(0)
    plane = random.normal(0, 1, SIZE)
    if name == "soft noise":
        plane = np.asarray(cv2.GaussianBlur(plane, (0, 0), 1.5))
    if name == "fractal":
        lengths = np.hypot(np.fft.fftfreq(SIZE[0])[:, None], np.fft.rfftfreq(SIZE[1]))
        lengths[0, 0] = 1
        plane = np.fft.irfft2(np.fft.rfft2(plane) / lengths**0.8, SIZE)
    if name == "gravel":
        plane = _cells(random)
    grey = 128 + 35 * plane / plane.std()
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def _cells(random: np.random.Generator) -> np.ndarray:
    """Stones of a grey of their own, each nearest to its middle."""
    middles = np.full(SIZE, 255, np.uint8)
    middles[random.integers(0, SIZE[0], 1200), random.integers(0, SIZE[1], 1200)] = 0
    away, stone = cv2.distanceTransformWithLabels(
        middles, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    return np.asarray(random.normal(0, 1, stone.max() + 1)[stone] - 0.1 * away)


@cache
def scene(name: str) -> Scene:
    """A red disc on a texture, and its mask, a little wider."""
    truth = texture(name)
    disc = ellipse(SIZE, (140, 90, 260, 210))
    photo = np.where(disc[..., None], np.array((200, 30, 30), np.uint8), truth)
    return Scene(photo, truth, ellipse(SIZE, (132, 82, 268, 218)))


def value(scene: Scene, result: Image) -> float:
    found = repetition(scene_of(scene.photo, scene.mask, result))
    assert found is not None
    return found


@pytest.mark.parametrize("name", TEXTURES)
def test_a_texture_is_no_repetition_and_tiles_of_it_are(name: str) -> None:
    assert value(scene(name), scene(name).truth) < 0.02
    for side in (40, 64):
        assert value(scene(name), tiled(scene(name), side)) >= LIMIT


@pytest.mark.parametrize("name", rest_is_slow(TEXTURES))
def test_patches_of_a_texture_that_patchmatch_has_used_twice_are_not_seen(name: str) -> None:
    """There are some, by the number, and no eye finds them."""
    pytest.importorskip("patchmatch")
    one = scene(name)
    result = finished(list(run([Job("patchmatch")], one.photo, one.mask))).image
    assert value(one, result) < LIMIT
    assert not remarks_of(judge(one.photo, one.mask, result)) & {"repetition", "leftover"}


@cache
def floor() -> Scene:
    return stand_in("large-object")


def with_figs(places: list[tuple[int, int]]) -> Image:
    """The truth with small figs at these places, x and y from the middle of the mask."""
    one, result = floor(), floor().truth.copy()
    rows, columns = one.box
    middle = (rows.start + rows.stop) // 2, (columns.start + columns.stop) // 2
    small = cv2.resize(fig(), (120, 112), interpolation=cv2.INTER_AREA)
    inside = ellipse(small.shape[:2], (0, 0, 120, 112))
    for x, y in places:
        part = result[middle[0] + y : middle[0] + y + 112, middle[1] + x : middle[1] + x + 120]
        part[inside] = small[inside]
    return one.filled(result)


def test_a_thing_that_is_there_twice_is_told_and_once_it_is_not() -> None:
    once, twice = (
        value(floor(), with_figs([(-130, -50)])),
        value(floor(), with_figs([(-130, -50), (13, -47)])),
    )
    assert once < 0.1 and twice >= LIMIT


def test_two_things_that_are_alike_are_not_the_same() -> None:
    """The second one turned a little and lit otherwise."""
    one = floor()
    result = with_figs([(-130, -50), (13, -47)])
    rows, columns = one.box
    right = (columns.start + columns.stop) // 2
    turned = cv2.flip(result[rows, right : columns.stop], 0)
    result[rows, right : columns.stop] = turned
    assert value(one, one.filled(result)) < LIMIT


def test_of_what_repeats_in_one_direction_nothing_is_said() -> None:
    """Stripes are like themselves all along, wherever one looks."""
    across = np.arange(SIZE[1])
    grey = np.broadcast_to(128 + 60 * np.sign(np.sin(across / 2.3)), SIZE)
    photo = np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
    mask = ellipse(SIZE, (132, 82, 268, 218))
    assert repetition(scene_of(photo, mask, photo)) is None
