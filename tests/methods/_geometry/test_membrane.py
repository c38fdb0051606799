"""Pasting back: nothing from under the mask returns, and the fill meets the photo around it."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from methods._base import Canvas, Image, Mask
from methods._geometry.canvas import fit
from methods._geometry.harmonic import continued, harmonic
from methods._geometry.paste import erase_in_patches
from methods._geometry.pieces import plan_patches
from soft_discs import Disc, soft_disc, texture
from tiers import EXAMPLES, rest_is_slow

CANVASES = (
    Canvas(),
    Canvas(square=128),
    Canvas(square=512),
    Canvas(area=100**2, multiple_of=8),
    Canvas(longest_side=90, multiple_of=8),
    Canvas(short_side=150, multiple_of=8),
    Canvas(square=64, context=0, min_context=0),
)
Call = Callable[[Image, Mask, int, int], Image]


def discs(seed: int) -> Mask:
    """One to four discs and a line, some of them over the photo's border."""
    noise = np.random.default_rng(seed)
    mask = np.zeros((160, 220), np.uint8)
    for _ in range(int(noise.integers(1, 5))):
        center = int(noise.integers(220)), int(noise.integers(160))
        cv2.circle(mask, center, int(noise.integers(1, 40)), 1, -1)
    cv2.line(mask, (5, 5), (int(noise.integers(220)), 150), 1, 1)
    return mask.view(np.bool_)


def perfect(truth: Image, mask: Mask, canvas: Canvas, shift: float = 0) -> Call:
    """An eraser that knows what is behind, and sees all colours brighter by this much."""
    patches = plan_patches(mask, canvas)

    def call(image: Image, hole: Mask, index: int, count: int) -> Image:
        known = fit(truth, mask, patches[index], canvas, sees_object=True)
        return np.clip(known.image.astype(float) + shift, 0, 255).astype(np.uint8)

    return call


def error(result: Image, disc: Disc) -> float:
    """Mean absolute error inside the mask, in levels."""
    return float(np.abs(result[disc.mask].astype(float) - disc.truth[disc.mask]).mean())


# --- nothing comes back ------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=EXAMPLES)
@given(st.integers(0, 2**32 - 1), st.sampled_from(CANVASES), st.booleans(), st.booleans())
def test_what_lay_under_the_mask_changes_nothing(
    seed: int, canvas: Canvas, whole: bool, seamless: bool
) -> None:
    """Whatever an eraser makes of all that it is shown: other pixels there, same result."""
    mask, photo = discs(seed), texture((160, 220), seed % 100)

    def mirror(image: Image, hole: Mask, index: int, count: int) -> Image:
        return np.asarray(255 - cv2.blur(image, (9, 9)))

    results = []
    for poison in ((255, 0, 255), (0, 255, 0)):
        poisoned = photo.copy()
        poisoned[mask] = poison
        results.append(
            erase_in_patches(poisoned, mask, canvas, mirror, whole_picture=whole, seamless=seamless)
        )
    assert np.array_equal(results[0], results[1])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("seamless", [False, True])
def test_a_perfect_fill_leaves_no_trace_of_the_object(seed: int, seamless: bool) -> None:
    mask, truth = discs(seed), texture((160, 220), seed)
    poisoned = truth.copy()
    poisoned[mask] = (255, 0, 255)
    call = perfect(truth, mask, Canvas())
    result = erase_in_patches(poisoned, mask, Canvas(), call, seamless=seamless)
    assert np.array_equal(result, truth)


@pytest.mark.parametrize("canvas", CANVASES[1:])
def test_a_perfect_fill_on_another_size_leaves_no_trace(canvas: Canvas) -> None:
    rows, columns = np.indices((160, 220))
    truth = np.stack((rows, columns, rows + columns // 2), axis=2).astype(np.uint8)
    mask = discs(3)
    poisoned = truth.copy()
    poisoned[mask] = 255
    result = erase_in_patches(poisoned, mask, canvas, perfect(truth, mask, canvas))
    assert np.abs(result.astype(int) - truth)[mask].max() <= 3
    assert np.array_equal(result[~mask], truth[~mask])


def test_what_the_eraser_sees_there_is_neutral_unless_it_wants_the_object() -> None:
    disc = soft_disc(texture((200, 240)), 2, 0)
    (patch,) = plan_patches(disc.mask, Canvas())
    x0, y0, x1, y1 = patch.crop
    shown = fit(disc.photo, disc.mask, patch, Canvas())
    redness = shown.image[..., 0].astype(int) - shown.image[..., 1]
    assert (disc.photo[..., 0].astype(int) - disc.photo[..., 1]).max() > 150 > 100 > redness.max()
    assert np.array_equal(shown.image[~shown.mask], disc.photo[y0:y1, x0:x1][~shown.mask])
    object_too = fit(disc.photo, disc.mask, patch, Canvas(), sees_object=True)
    assert np.array_equal(object_too.image, disc.photo[y0:y1, x0:x1])
    assert np.array_equal(object_too.mask, shown.mask) and shown.mask.sum() > disc.mask.sum()


# --- the fill meets the photo ------------------------------------------------------------


@pytest.mark.parametrize("at", [(120, 100), (0, 0), (239, 100), (120, 199)])
@pytest.mark.parametrize("canvas", rest_is_slow([Canvas(square=128), Canvas(), Canvas(square=512)]))
def test_a_shift_of_colour_is_taken_back(canvas: Canvas, at: tuple[int, int]) -> None:
    disc = soft_disc(texture((200, 240), contrast=3), 2, 0, at=at)
    call = perfect(disc.truth, disc.mask, canvas, shift=12)
    on, off = (
        erase_in_patches(disc.photo, disc.mask, canvas, call, seamless=seamless)
        for seamless in (True, False)
    )
    assert error(off, disc) > 11 and error(on, disc) < 2.5


def test_a_slope_of_light_is_taken_back_along_it() -> None:
    disc = soft_disc(np.full((200, 240, 3), 128, np.uint8), 0, 0, radius=60)
    slope = np.rint(np.linspace(-20, 20, 240))[None, :, None]
    (patch,) = plan_patches(disc.mask, Canvas())
    x0, y0, x1, y1 = patch.crop
    fill = np.broadcast_to(128 + slope, disc.photo.shape)[y0:y1, x0:x1].astype(np.uint8)
    result = erase_in_patches(disc.photo, disc.mask, Canvas(), lambda *_: fill)
    assert error(result, disc) < 1


def test_it_hardly_adds_where_textures_differ() -> None:
    disc = soft_disc(texture((200, 240), 1, contrast=60), 0, 2)
    other = texture((200, 240), 2, contrast=60)
    call = perfect(other, disc.mask, Canvas())
    on, off = (
        erase_in_patches(disc.photo, disc.mask, Canvas(), call, seamless=seamless)
        for seamless in (True, False)
    )
    assert error(on, disc) < error(off, disc) + 0.3


@pytest.mark.parametrize("shift", [-120, 100])
def test_it_gives_way_where_the_fill_is_something_else_altogether(shift: int) -> None:
    disc = soft_disc(np.full((200, 240, 3), 128, np.uint8), 0, 0)
    call = perfect(disc.truth, disc.mask, Canvas(), shift)
    result = erase_in_patches(disc.photo, disc.mask, Canvas(), call)
    assert (result[disc.mask] == 128 + shift).all()


def test_a_ring_of_one_pixel_is_no_evidence() -> None:
    mask = np.ones((60, 60), np.bool_)
    mask[0, 0] = False
    black = np.zeros((60, 60, 3), np.uint8)
    result = erase_in_patches(black, mask, Canvas(), lambda seen, *_: np.full_like(seen, 9))
    assert (result[mask] == 9).all() and result[0, 0].tolist() == [0, 0, 0]


# --- soft edges --------------------------------------------------------------------------


def telea(image: Image, hole: Mask, index: int, count: int) -> Image:
    """It goes on from the very pixels around the hole, so it shows what they are."""
    return np.asarray(cv2.inpaint(image, hole.view(np.uint8), 5, cv2.INPAINT_TELEA))


def shifted(image: Image, hole: Mask, index: int, count: int) -> Image:
    """The same with all colours a little off, as of a decoder."""
    filled = telea(image, hole, index, count)
    return np.clip(filled + np.array((6, -4, 3)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("edge", range(7))
@pytest.mark.parametrize("growth", rest_is_slow([0, 4, 1, 2, 8], first=2))
@pytest.mark.parametrize("eraser", [telea, shifted])
def test_a_soft_edge_is_never_drawn_in(eraser: Call, growth: int, edge: int) -> None:
    disc = soft_disc(texture((200, 240)), edge, growth)
    on, off = (
        erase_in_patches(disc.photo, disc.mask, Canvas(), eraser, seamless=seamless)
        for seamless in (True, False)
    )
    assert error(on, disc) <= error(off, disc) + 0.3
    clean = erase_in_patches(disc.truth, disc.mask, Canvas(), eraser)
    assert error(on, disc) <= error(clean, disc) + 1, "as if it were not there, from further off"


# --- the equation ------------------------------------------------------------------------


def test_harmonic_continues_a_plane() -> None:
    rows, columns = np.indices((70, 90), dtype=np.float32)
    parts = (rows / 7, columns / 9, rows / 7 - columns / 9)
    plane: NDArray[np.float32] = np.stack(parts, axis=2).astype(np.float32)
    known = np.ones((70, 90), np.bool_)
    known[10:60, 15:80] = False
    assert np.abs(harmonic(plane, known) - plane).max() < 0.4


def test_harmonic_stays_within_what_is_known_and_is_free_at_the_border() -> None:
    values = np.zeros((40, 50, 1), np.float32)
    known = np.zeros((40, 50), np.bool_)
    known[:, 20] = True
    values[:, 20] = 7
    assert np.abs(harmonic(values, known) - 7).max() < 1e-3, "nothing pulls from the border"
    known[:, 40], values[:, 40] = True, -3
    surface = harmonic(values, known)
    assert surface.min() >= -3 - 1e-4 and surface.max() <= 7 + 1e-4
    assert abs(float(surface[20, 30, 0]) - 2) < 0.3


def test_a_continuation_is_smooth_and_reads_nothing_under_the_mask() -> None:
    slope = np.repeat(np.linspace(40, 200, 240).astype(np.uint8)[None], 200, axis=0)
    picture = np.stack((slope, 255 - slope, slope // 2), axis=2)
    mask = soft_disc(picture, 0, 0, radius=70).mask
    poisoned = picture.copy()
    poisoned[mask] = (255, 0, 255)
    result = continued(poisoned, mask)
    assert np.abs(result.astype(int) - picture).max() <= 8
    assert np.array_equal(result[~mask], picture[~mask])
    assert np.array_equal(result, continued(picture, mask))
