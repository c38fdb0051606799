"""The marks that show an editing model which object is meant."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from methods import Image, Mask
from methods._diffusion.highlight import GREEN, RED, Mark, marked, whole_cells


@pytest.fixture
def grey() -> Image:
    return np.full((200, 300, 3), 100, np.uint8)


@pytest.fixture
def two() -> Mask:
    """Two objects far apart, the second of two parts that lie close together."""
    mask = np.zeros((200, 300), bool)
    mask[40:80, 30:70] = True
    mask[120:150, 200:210] = True
    mask[120:150, 214:230] = True
    return mask


def test_a_tint_lets_the_object_be_seen(grey: Image, two: Mask) -> None:
    grey[50, 50] = (0, 200, 40)
    shown = marked(grey, two, "tint")
    assert shown[60, 60].tolist() == [193, 40, 40]
    assert shown[50, 50].tolist() == [153, 80, 16]
    assert (shown[~two] == grey[~two]).all()


def test_a_cover_hides_it(grey: Image, two: Mask) -> None:
    shown = marked(grey, two, "cover")
    assert (shown[two] == GREEN).all()
    assert (shown[~two] == grey[~two]).all()


def test_boxes_stand_around_the_objects(grey: Image, two: Mask) -> None:
    shown = marked(grey, two, "box")
    assert (shown[two] == grey[two]).all()
    red = (shown == RED).all(axis=2)
    assert red.any(axis=0)[:150].any() and red.any(axis=0)[150:].any()
    rows = np.flatnonzero(red[:, 50])
    assert rows.min() < 40 and rows.max() > 79  # above and below the first object
    assert not red[135, 211:214].any(), "close parts share one box"
    assert red[135, 190:200].any() and red[135, 230:240].any()


def test_none_is_a_copy(grey: Image, two: Mask) -> None:
    shown = marked(grey, two, "none")
    assert (shown == grey).all()


@pytest.mark.parametrize("mark", get_args(Mark))
def test_the_picture_given_is_not_touched(grey: Image, two: Mask, mark: Mark) -> None:
    before = grey.copy()
    assert not np.shares_memory(marked(grey, two, mark), grey)
    assert (grey == before).all()


def test_a_box_at_the_border_stays_inside(grey: Image) -> None:
    mask = np.zeros(grey.shape[:2], bool)
    mask[:10, 290:] = True
    assert (marked(grey, mask, "box") == RED).all(axis=2).any()


@pytest.mark.parametrize("size", [(64, 96), (70, 93), (16, 16)])
def test_cells_are_masked_whole(size: tuple[int, int]) -> None:
    mask = np.random.default_rng(5).random(size) < 0.005
    mask[0, 0], mask[-1, -1] = True, False
    cells = whole_cells(mask, 16)
    for top in range(0, size[0], 16):
        for left in range(0, size[1], 16):
            cell = np.s_[top : top + 16, left : left + 16]
            if mask.shape != (16, 16):
                assert (cells[cell] == mask[cell].any()).all()
    assert not cells.all()


def test_no_cell_of_the_object_counts_as_background() -> None:
    """The pipelines look at the middle of a cell alone when they reduce a mask to latents."""
    import torch

    mask = np.zeros((128, 160), bool)
    mask[27:70, 43:91] = True  # its first cells are masked at their ends only
    touched = whole_cells(mask, 16)[::16, ::16]
    for given, complete in ((mask, False), (whole_cells(mask, 16), True)):
        pixels = torch.from_numpy(given)[None, None].float()
        small = torch.nn.functional.interpolate(pixels, size=(8, 10), mode="bilinear")
        assert bool((small[0, 0].numpy()[touched] == 1).all()) is complete
