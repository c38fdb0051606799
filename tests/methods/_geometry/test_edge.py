"""The object's soft edge: measured beyond the mask, never under it."""

from __future__ import annotations

import numpy as np
import pytest

from methods._base import Mask
from methods._geometry.edge import LEAST_MARGIN, edge_width, grown, margin_of
from soft_discs import soft_disc, texture


@pytest.mark.parametrize("edge", range(7))
@pytest.mark.parametrize("growth", [0, 1, 2, 4, 8])
def test_what_is_left_of_the_edge_is_measured(edge: int, growth: int) -> None:
    disc = soft_disc(texture((200, 240)), edge, growth)
    left = max(0, edge / 2 - growth)
    assert edge_width(disc.photo, disc.mask) == pytest.approx(left, abs=1)


def test_the_photos_own_texture_is_no_edge() -> None:
    for seed in range(5):
        picture = texture((200, 240), seed, contrast=60)
        disc = soft_disc(picture, 0, 0)
        assert edge_width(picture, disc.mask) <= 1


def test_an_edge_without_end_is_bounded() -> None:
    disc = soft_disc(np.full((200, 240, 3), 90, np.uint8), 60, 0)
    assert 0 <= edge_width(disc.photo, disc.mask) <= 8


@pytest.mark.parametrize("at", [(120, 100), (0, 0), (239, 100), (120, 0)])
def test_nothing_under_the_mask_is_read(at: tuple[int, int]) -> None:
    disc = soft_disc(texture((200, 240)), 4, 0, at=at)
    widths = set()
    for seed in range(3):
        poisoned = disc.photo.copy()
        poison = np.random.default_rng(seed).integers(0, 256, poisoned.shape, np.uint8)
        poisoned[disc.mask] = poison[disc.mask]
        widths.add(edge_width(poisoned, disc.mask))
    assert len(widths) == 1 and 1 <= widths.pop() <= 3


def _masks() -> list[Mask]:
    """A single pixel, a line, a corner, all but a pixel, a grid of specks."""
    masks = [np.zeros((40, 50), np.bool_) for _ in range(5)]
    masks[0][20, 20] = True
    masks[1][20, 5:45] = True
    masks[2][:10, :10] = True
    masks[3][:] = True
    masks[3][0, 0] = False
    masks[4][::4, ::4] = True
    return masks


@pytest.mark.parametrize("number", range(5))
def test_any_mask_has_a_width(number: int) -> None:
    assert 0 <= edge_width(texture((40, 50)), _masks()[number]) <= 8


def test_the_margin_covers_the_edge_and_a_ring_beyond() -> None:
    assert [margin_of(edge) for edge in (0, 1, 2, 8)] == [0, LEAST_MARGIN, 4, 10]


def test_growing_is_by_rows_and_columns() -> None:
    mask = np.zeros((9, 9), np.bool_)
    mask[4, 4] = True
    assert grown(mask, 2).sum() == 25 and mask.sum() == 1
    assert np.array_equal(grown(mask, 0), mask)
