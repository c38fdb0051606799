"""What erasers see of a transparent photo, and what becomes of its alpha."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from methods._geometry.transparency import filled_alpha, visible_alone

Alpha = NDArray[np.uint8]
SIZE = (200, 320)


def disc(x: int, y: int, radius: int, soft: bool = False) -> Alpha:
    line = cv2.LINE_AA if soft else cv2.LINE_8
    return cv2.circle(np.zeros(SIZE, np.uint8), (x, y), radius, 255, -1, line)


def rectangle(x0: int, y0: int, x1: int, y1: int) -> NDArray[np.bool_]:
    mask = np.zeros(SIZE, bool)
    mask[y0:y1, x0:x1] = True
    return mask


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("margin", [-1, 0, 3, 20])
def test_what_lay_on_nothing_leaves_nothing(soft: bool, margin: int) -> None:
    alpha = disc(80, 100, 50, soft) | disc(240, 100, 50, soft)
    mask = rectangle(190 - margin, 50 - margin, 291 + margin, 151 + margin)
    filled = filled_alpha(alpha, mask)
    assert not filled[mask].any()
    assert (filled[~mask] == alpha[~mask]).all()


def test_what_lay_on_something_leaves_it_whole() -> None:
    alpha = disc(160, 100, 90)
    filled = filled_alpha(alpha, rectangle(140, 80, 180, 120))
    assert (filled == alpha).all()


@pytest.mark.parametrize("soft", [False, True])
def test_an_outline_goes_on_through_the_hole(soft: bool) -> None:
    """A badge at the rim of a disc: its place is the disc's, to where the disc ends."""
    alpha = disc(120, 100, 90, soft)
    mask = disc(205, 100, 30) > 0
    filled = filled_alpha(alpha, mask)
    wrong = np.abs(filled.astype(int) - alpha) > 64
    assert wrong[mask].mean() < 0.12  # a chord in place of the arc; a bite would be 0.3
    between = (filled[mask] > 8) & (filled[mask] < 247)
    assert between.any() == soft and between.mean() < 0.1


def test_a_gradient_goes_on() -> None:
    alpha = np.tile(np.linspace(0, 255, SIZE[1]).astype(np.uint8), (SIZE[0], 1))
    mask = rectangle(100, 60, 220, 140)
    filled = filled_alpha(alpha, mask)
    assert np.abs(filled.astype(int) - alpha)[mask].max() <= 12


def test_glass_stays_glass() -> None:
    alpha = np.full(SIZE, 90, np.uint8)
    filled = filled_alpha(alpha, rectangle(100, 60, 220, 140))
    assert (filled == 90).all()


def test_erasers_see_visible_colours_alone() -> None:
    alpha = disc(120, 100, 90)
    mask = disc(205, 100, 30) > 0
    image = np.full((*SIZE, 3), (240, 200, 60), np.uint8)
    image[mask] = (60, 60, 220)
    image[alpha == 0] = (0, 255, 0)  # poison
    seen = visible_alone(image, alpha, mask)
    assert np.abs(seen[~mask].astype(int) - (240, 200, 60)).max() <= 1
    assert (seen[alpha > 0] == image[alpha > 0]).all()


def test_where_nothing_is_visible_hidden_colours_are_replaced_all_the_same() -> None:
    image = np.full((*SIZE, 3), (0, 255, 0), np.uint8)
    seen = visible_alone(image, disc(160, 100, 40), disc(160, 100, 60) > 0)
    hidden = disc(160, 100, 40) == 0
    assert (seen[hidden] == 128).all()
