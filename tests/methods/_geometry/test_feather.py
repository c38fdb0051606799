"""The soft edge: what is announced is what is pasted."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from methods import Canvas, Image, Mask, paste_weight, widest_feather
from methods._geometry.masks import reduce_mask
from methods._geometry.paste import erase_in_patches

CANVASES = (
    Canvas(),
    Canvas(square=128),
    Canvas(area=256**2, multiple_of=8),
    Canvas(longest_side=300, multiple_of=8),
    Canvas(short_side=200, multiple_of=8),
)


def discs(size: tuple[int, int], *discs: tuple[int, int, int]) -> Mask:
    """A mask of filled circles, each x, y, radius, with a thin part to the right."""
    rows, columns = np.indices(size)
    mask = np.zeros(size, np.bool_)
    for x, y, radius in discs:
        mask |= np.hypot(columns - x, rows - y) < radius
        mask[y - 2 : y + 2, x : x + radius + 30] = True
    return mask


def pasted(mask: Mask, canvas: Canvas, whole: bool) -> NDArray[np.float32]:
    """The weight that paste-back gave to a white answer on a black photo."""

    def white(image: Image, hole: Mask, patch: int, patches: int) -> Image:
        return np.full_like(image, 255)

    black = np.zeros((*mask.shape, 3), np.uint8)
    result = erase_in_patches(black, mask, canvas, white, whole_picture=whole)
    return np.asarray(result[..., 0] / 255, np.float32)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("canvas", CANVASES)
def test_the_edge_announced_is_the_edge_pasted(canvas: Canvas, whole: bool) -> None:
    mask = discs((500, 900), (180, 220, 110), (700, 300, 20))
    weight = paste_weight(mask, canvas, whole)
    assert np.abs(weight - pasted(mask, canvas, whole)).max() <= 0.5 / 255 + 1e-6
    assert (weight > 0).sum() == mask.sum()


@pytest.mark.parametrize("canvas", CANVASES)
def test_the_edge_means_the_same_on_a_smaller_copy(canvas: Canvas) -> None:
    large = discs((800, 1200), (400, 400, 230))
    small = reduce_mask(large, (400, 600), "half")
    assert widest_feather(small, canvas, scale=0.5) == pytest.approx(
        widest_feather(large, canvas), rel=0.03
    )
    near, far = paste_weight(large, canvas), paste_weight(small, canvas, scale=0.5)
    assert abs(float(near.mean()) - float(far.mean())) < 0.02 * near.mean()


def test_the_width_follows_the_reduction_from_one_to_four_pixels() -> None:
    mask = discs((1200, 1600), (700, 600, 400))
    widths = [widest_feather(mask, Canvas(square=side)) for side in (2048, 512, 64)]
    assert widths[0] == 1 and 1 < widths[1] < 4 and widths[2] == 4
    assert widest_feather(mask, Canvas()) == 1, "an eraser of any size sees the photo as it is"


def test_a_mask_without_rim_or_without_pixels_has_no_edge() -> None:
    assert paste_weight(np.ones((40, 40), np.bool_), Canvas()).min() == 1
    assert not paste_weight(np.zeros((40, 40), np.bool_), Canvas()).any()
    assert widest_feather(np.zeros((40, 40), np.bool_), Canvas()) == 1
