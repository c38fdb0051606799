"""Thin and scattered masks are cut into pieces at the photo's own pixels, joined without seams."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from methods import get_eraser, load_image
from methods._base import Canvas, Image, Mask, no_progress
from methods._geometry.canvas import Patch, fit, plan_patches
from methods._geometry.masks import Box, bounding_box, cut_out
from methods._geometry.paste import erase_in_patches
from methods._geometry.patches import MAX_PATCHES, plan_groups
from methods._geometry.sizes import reduced_by
from soft_discs import texture
from tiers import EXAMPLES, rest_is_slow

LARGE = (2988, 5312)
LIGHT = Canvas(square=512, context=0.5, min_context=128, pieces=48)
CANVASES = [
    LIGHT,
    Canvas(longest_side=1024, context=0.1, min_context=32),
    Canvas(short_side=1024, multiple_of=64),
    Canvas(area=1024 * 1024, multiple_of=32),
]
Call = Callable[[Image, Mask, int, int], Image]


def wire(size: tuple[int, int] = LARGE, thickness: int = 10) -> Mask:
    """A line across the whole photo, slanted."""
    mask = np.zeros(size, np.uint8)
    cv2.line(mask, (0, size[0] // 7), (size[1], size[0] * 2 // 3), 1, thickness)
    return mask.view(np.bool_)


def dust(size: tuple[int, int] = (2056, 3088), count: int = 200, radius: int = 5) -> Mask:
    mask, noise = np.zeros(size, np.uint8), np.random.default_rng(7)
    for x, y in noise.integers(20, (size[1] - 20, size[0] - 20), (count, 2)).tolist():
        cv2.circle(mask, (x, y), radius, 1, -1)
    return mask.view(np.bool_)


def uncut(canvas: Canvas) -> Canvas:
    return replace(canvas, pieces=1)


def worst(patches: Sequence[Patch], canvas: Canvas) -> float:
    return max(reduced_by(patch.crop, canvas) for patch in patches)


def owners(mask: Mask, patches: Sequence[Patch]) -> NDArray[np.int64]:
    """The patch that each masked pixel comes from, from 1; each comes from exactly one."""
    found, times = np.zeros(mask.shape, np.int64), np.zeros(mask.shape, np.int64)
    for number, patch in enumerate(patches, 1):
        x0, y0, x1, y1 = patch.box
        found[y0:y1, x0:x1][patch.owned] = number
        times[y0:y1, x0:x1] += patch.owned
    assert np.array_equal(times, mask)
    return found


# --- how many, how fine ------------------------------------------------------------------


@pytest.mark.parametrize("canvas", rest_is_slow(CANVASES, first=2))
@pytest.mark.parametrize("mask", [wire(), wire().T.copy(), dust()], ids=["wire", "upright", "dust"])
def test_pieces_are_few_and_show_the_photos_own_pixels(mask: Mask, canvas: Canvas) -> None:
    patches = plan_patches(mask, canvas)
    owners(mask, patches)
    assert 1 < len(patches) <= canvas.pieces
    assert worst(patches, canvas) <= 1.6 < 1.9 < worst(plan_groups(mask, canvas), canvas)
    assert all(patch.goes_on for patch in patches)


def test_a_light_eraser_sees_every_pixel_of_a_wire() -> None:
    """14 windows of 384 pixels and their context: one more than a ruler would need."""
    patches = plan_patches(wire(), LIGHT)
    assert len(patches) == 14 and worst(patches, LIGHT) == 1
    dusty = plan_patches(dust(), LIGHT)
    assert len(dusty) <= 48 and worst(dusty, LIGHT) == 1
    odd = Canvas(longest_side=1001, multiple_of=8)
    assert worst(plan_patches(wire(), odd), odd) == 1


@pytest.mark.parametrize("pieces", rest_is_slow([8, 5, 13]))
def test_the_bound_holds_and_is_paid_in_pixels(pieces: int) -> None:
    canvas = replace(LIGHT, pieces=pieces)
    for mask in (wire(), dust()):
        patches = plan_patches(mask, canvas)
        owners(mask, patches)
        assert len(patches) <= pieces
        assert worst(patches, canvas) < worst(plan_groups(mask, canvas), canvas)
    assert len(plan_patches(wire(), uncut(canvas))) == 1


def test_what_would_hardly_be_finer_is_not_cut() -> None:
    """Three windows over dust are as large as the photo: the same blur, three times as long."""
    (patch,) = plan_patches(dust(), replace(LIGHT, pieces=3))
    assert not patch.goes_on


def test_every_piece_has_something_around_it() -> None:
    """An eighth of the window on every side that the photo goes on."""
    for mask in (wire(), dust()):
        for patch in plan_patches(mask, LIGHT):
            x0, y0, x1, y1 = patch.crop
            assert (x1 - x0, y1 - y0) == (512, 512)
            left, top, right, bottom = patch.box
            least = 512 // 8 - 1
            assert left - x0 >= least or x0 == 0
            assert top - y0 >= least or y0 == 0
            assert x1 - right >= least or x1 == mask.shape[1]
            assert y1 - bottom >= least or y1 == mask.shape[0]


def test_what_fits_into_a_window_is_not_cut() -> None:
    mask = dust(radius=25, count=120)
    found = owners(mask, plan_patches(mask, LIGHT))
    count, labels = cv2.connectedComponents(mask.view(np.uint8))
    assert found.max() > 20 and count > 60
    for label in range(1, count):
        assert len(np.unique(found[labels == label])) == 1


def test_what_is_little_reduced_stays_whole() -> None:
    mask = wire((500, 900))
    assert len(plan_patches(mask, LIGHT)) == 1
    assert len(plan_patches(wire(), Canvas())) == 1, "a canvas of any size reduces nothing"
    assert len(plan_patches(wire(), LIGHT, True)) == 1, "the whole picture on request"


# --- compact objects ---------------------------------------------------------------------


def drawn(draw: Callable[[NDArray[np.uint8]], object]) -> Mask:
    mask = np.zeros((2000, 3000), np.uint8)
    draw(mask)
    return mask.view(np.bool_)


def person(mask: NDArray[np.uint8], at: tuple[int, int] = (1500, 1000)) -> None:
    """A body with a head and four limbs that are much thinner than it is."""
    x, y = at
    cv2.ellipse(mask, (x, y), (150, 320), 0, 0, 360, 1, -1)
    cv2.circle(mask, (x, y - 420), 110, 1, -1)
    for dx, dy in ((-380, -150), (380, -200), (-120, 760), (140, 770)):
        cv2.line(mask, (x, y), (x + dx, y + dy), 1, 50)


def with_specks(mask: NDArray[np.uint8]) -> None:
    cv2.circle(mask, (1500, 1000), 500, 1, -1)
    mask[300:1700:400, 800:2200:300] = 1


COMPACT = {
    "disc": drawn(lambda mask: cv2.circle(mask, (1400, 900), 600, 1, -1)),
    "person": drawn(person),
    "bar": drawn(lambda mask: cv2.rectangle(mask, (100, 900), (2900, 1300), 1, -1)),
    "discs": drawn(
        lambda mask: [cv2.circle(mask, (x, 1000), 350, 1, -1) for x in (400, 1500, 2600)]
    ),
    "ring": drawn(lambda mask: cv2.circle(mask, (1500, 1000), 700, 1, 300)),
    "disc with specks": drawn(with_specks),
    "nearly everything": ~dust((2000, 3000)),
}
"""Each is reduced by far more than 2 on a canvas of 512 pixels."""


@pytest.mark.parametrize(
    "eraser", rest_is_slow(["migan", "telea", "sd_inpainting", "lama"], first=2)
)
@pytest.mark.parametrize("mask", COMPACT.values(), ids=COMPACT)
def test_compact_objects_keep_their_crops(mask: Mask, eraser: str) -> None:
    canvas = get_eraser(eraser).spec.canvas
    patches, before = plan_patches(mask, canvas), plan_groups(mask, canvas)
    assert [(one.crop, one.box) for one in patches] == [(one.crop, one.box) for one in before]
    for one, other in zip(patches, before, strict=True):
        assert np.array_equal(one.owned, other.owned) and not one.goes_on


def test_a_wire_beside_a_person_is_cut_and_the_person_is_not() -> None:
    alone = np.zeros(LARGE, np.uint8)
    person(alone, at=(2600, 1900))
    (whole,) = plan_patches(alone.view(np.bool_), LIGHT)
    first, *pieces = plan_patches(alone.view(np.bool_) | wire(), LIGHT)
    assert first.crop == whole.crop and not first.goes_on
    assert all(piece.goes_on for piece in pieces)
    assert 10 < len(pieces) < 48 and worst(pieces, LIGHT) == 1
    owned = np.zeros(LARGE, np.bool_)
    cut_out(owned, first.box)[...] = first.owned
    assert (owned | wire())[alone.view(np.bool_)].all(), "limbs stay with the body"


def test_what_is_not_cut_keeps_its_crop_whatever_is_cut() -> None:
    """Specks that had crops of their own are not thrown together with what is left of others."""
    mask = dust((3000, 4500), 20)
    groups, patches = plan_groups(mask, LIGHT), plan_patches(mask, LIGHT)
    sharp = [group.crop for group in groups if reduced_by(group.crop, LIGHT) <= 2]
    assert len(sharp) > 0 and [one.crop for one in patches if not one.goes_on] == sharp
    assert worst(patches, LIGHT) <= 2 < 3 < worst(groups, LIGHT)


# --- whatever the mask is ----------------------------------------------------------------


@st.composite
def masks(draw: st.DrawFn) -> Mask:
    """Wires, specks and blobs in photos of up to 500 x 700 pixels."""
    noise = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    height, width = draw(st.integers(1, 500)), draw(st.integers(1, 700))
    mask = np.zeros((height, width), np.uint8)
    for _ in range(draw(st.integers(0, 4))):
        ends = noise.integers(0, (width, height), (2, 2)).tolist()
        cv2.line(mask, ends[0], ends[1], 1, int(noise.integers(1, 6)))
    for _ in range(draw(st.sampled_from([0, 0, 1, 3]))):
        center = int(noise.integers(width)), int(noise.integers(height))
        cv2.circle(mask, center, int(noise.integers(1, 80)), 1, -1)
    mask |= noise.random(mask.shape) < draw(st.sampled_from([0, 0.001, 0.02]))
    mask[-1, -1] |= not mask.any()
    return mask.view(np.bool_)


SMALL = [
    Canvas(square=64, pieces=40, min_context=16),
    Canvas(square=48, pieces=3, context=0.1),
    Canvas(longest_side=50, multiple_of=8, pieces=9, min_context=4),
    Canvas(short_side=40, multiple_of=8),
    Canvas(area=64 * 64, multiple_of=16, pieces=2),
]


@settings(max_examples=EXAMPLES)
@given(masks(), st.sampled_from(SMALL))
def test_any_mask_is_covered_once_in_a_bounded_number_of_finer_pieces(
    mask: Mask, canvas: Canvas
) -> None:
    patches = plan_patches(mask, canvas)
    owners(mask, patches)
    pieces = [patch for patch in patches if patch.goes_on]
    assert list(patches[len(patches) - len(pieces) :]) == pieces, "compact objects come first"
    assert len(patches) - len(pieces) <= MAX_PATCHES
    for patch in patches:
        assert within(patch.crop, patch.box)
        assert within((0, 0, mask.shape[1], mask.shape[0]), patch.crop)
        assert bounding_box(patch.owned) == (0, 0, *patch.owned.shape[::-1])
    assert len(pieces) <= canvas.pieces
    if pieces:
        assert worst(plan_groups(mask, canvas), canvas) >= 1.25 * worst(pieces, canvas)


def within(outer: Box, inner: Box) -> bool:
    return all(a <= b for a, b in zip(outer[:2], inner[:2], strict=True)) and all(
        a >= b for a, b in zip(outer[2:], inner[2:], strict=True)
    )


# --- joints ------------------------------------------------------------------------------

STRIP = (300, 1500)
NARROW = Canvas(square=128, context=0.5, min_context=32, pieces=40)


def slope(size: tuple[int, int] = STRIP) -> Image:
    rows, columns = np.indices(size)
    parts = (columns * 200 // size[1], rows * 200 // size[0], (rows + columns) // 10)
    return np.stack(parts, axis=2).astype(np.uint8)


def knowing(truth: Image, mask: Mask, canvas: Canvas, shift: int = 0) -> Call:
    """An eraser that knows what is behind, and sees its colours now brighter and now darker."""
    patches = plan_patches(mask, canvas)

    def call(image: Image, hole: Mask, index: int, count: int) -> Image:
        known = fit(truth, mask, patches[index], canvas, sees_object=True).image
        return np.clip(known.astype(int) + shift * (-1) ** index, 0, 255).astype(np.uint8)

    return call


def steps_at_joints(off: NDArray[np.float64], mask: Mask, canvas: Canvas) -> float:
    """Mean step of the error between neighbours that come from different pieces, in levels."""
    found = owners(mask, plan_patches(mask, canvas))
    joint = (found[:, 1:] != found[:, :-1]) & mask[:, 1:] & mask[:, :-1]
    assert np.count_nonzero(joint) > 20
    return float(np.abs(np.diff(off, axis=1))[joint].mean())


@pytest.mark.parametrize("seamless", [False, True])
def test_a_perfect_fill_has_no_steps_where_pieces_join(seamless: bool) -> None:
    truth, mask = slope(), wire(STRIP)
    photo = np.where(mask[..., None], np.uint8(255), truth)
    call = knowing(truth, mask, NARROW)
    assert np.array_equal(erase_in_patches(photo, mask, NARROW, call, seamless=seamless), truth)
    fewer = replace(NARROW, pieces=6)
    result = erase_in_patches(
        photo, mask, fewer, knowing(truth, mask, fewer), seamless=seamless
    ).astype(int)
    assert worst(plan_patches(mask, fewer), fewer) > 1.5, "these are resized"
    assert np.abs(result - truth).max() <= 3


def test_shifts_of_colour_between_pieces_are_taken_back() -> None:
    truth, mask = slope(), wire(STRIP, 14)
    photo = np.where(mask[..., None], np.uint8(255), truth // 2 + 60)
    truth = truth // 2 + 60
    steps = []
    for seamless in (False, True):
        call = knowing(truth, mask, NARROW, shift=10)
        result = erase_in_patches(photo, mask, NARROW, call, seamless=seamless)
        assert np.array_equal(result[~mask], photo[~mask])
        steps.append(steps_at_joints(result[..., 1] - truth[..., 1].astype(float), mask, NARROW))
    assert steps[0] > 15 and steps[1] < 1.5


def test_later_pieces_go_on_from_what_earlier_ones_have_filled() -> None:
    mask, photo = wire(STRIP), slope()
    patches = plan_patches(mask, NARROW)
    assert len(patches) > 8
    filled = np.zeros(STRIP, np.bool_)
    seen = []

    def call(image: Image, hole: Mask, index: int, count: int) -> Image:
        before = cut_out(filled, patches[index].crop)
        open_still = cut_out(mask & ~filled, patches[index].crop)
        assert hole[open_still].all()
        known = before & ~hole
        assert (image[known] == 7).all()
        seen.append(np.count_nonzero(known))
        cut_out(filled, patches[index].box)[...] |= patches[index].owned
        return np.full_like(image, 7)

    erase_in_patches(photo, mask, NARROW, call, seamless=False)
    assert np.array_equal(filled, mask) and seen[0] == 0 and sum(map(bool, seen)) == len(seen) - 1


@pytest.mark.parametrize("seamless", [False, True])
def test_nothing_from_under_the_mask_comes_back_in_pieces(seamless: bool) -> None:
    mask, photo = wire(STRIP) | dust(STRIP, 30, 3), texture(STRIP, 4)
    assert len(plan_patches(mask, NARROW)) > 10

    def mirror(image: Image, hole: Mask, index: int, count: int) -> Image:
        return np.asarray(255 - cv2.blur(image, (9, 9)))

    results = []
    for poison in ((255, 0, 255), (0, 255, 0)):
        poisoned = photo.copy()
        poisoned[mask] = poison
        results.append(erase_in_patches(poisoned, mask, NARROW, mirror, seamless=seamless))
        assert np.array_equal(results[-1][~mask], photo[~mask])
    assert np.array_equal(results[0], results[1])


# --- detail ------------------------------------------------------------------------------


def detail(picture: Image, inside: Mask) -> float:
    """Amplitude of what a Gaussian of 2 pixels takes away, in levels."""
    light = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = light - cv2.GaussianBlur(light, (0, 0), 2)
    return float(np.sqrt(np.mean(fine[inside] ** 2)))


def in_columns(mask: Mask, first: int, last: int) -> Mask:
    part = np.zeros_like(mask)
    part[:, first:last] = mask[:, first:last]
    return part


def details(photo: Image, mask: Mask, canvas: Canvas, call: Call, at: int) -> list[float]:
    """On the same pixels: the whole mask as one patch, in pieces, and only 400 pixels of it."""
    piece = in_columns(mask, at - 200, at + 200)
    results = [
        erase_in_patches(photo, mask, uncut(canvas), call),
        erase_in_patches(photo, mask, canvas, call),
        erase_in_patches(photo, piece, uncut(canvas), call),
    ]
    middle = in_columns(mask, at - 140, at + 140)  # what is left of the wire shines in at the ends
    return [detail(result, middle) for result in results]


def from_above(image: Image, hole: Mask, index: int, count: int) -> Image:
    """The pixels some rows above: as much detail as the canvas has."""
    return np.roll(image, 40, axis=0)


@pytest.mark.slow
def test_the_fill_has_the_detail_of_a_piece_by_itself() -> None:
    photo, mask = texture((700, 3000), contrast=60), wire((700, 3000))
    whole, pieces, alone = details(photo, mask, LIGHT, from_above, 1500)
    assert pieces >= 0.9 * alone and whole < 0.7 * alone


@pytest.mark.slow
def test_migan_keeps_the_detail_of_a_power_line(migan_weights: Path) -> None:
    folder = Path(__file__).parents[3] / "examples"
    truth = load_image(folder / "dandelions.jpg").rgb[200:1400, :2700]
    mask = np.zeros(truth.shape[:2], np.uint8)
    cv2.line(mask, (0, 220), (2700, 970), 1, 10)
    photo = truth.copy()
    cv2.line(photo, (0, 220), (2700, 970), (25, 25, 30), 4, cv2.LINE_AA)
    kind = get_eraser("migan")
    eraser, canvas = kind(), kind.spec.canvas
    eraser.load("cpu", None)

    def call(image: Image, hole: Mask, index: int, count: int) -> Image:
        return eraser.erase(image, hole, kind.Settings(), 0, no_progress)

    whole, pieces, alone = details(photo, mask.view(np.bool_), canvas, call, 2000)
    eraser.unload()
    assert pieces >= 0.8 * alone and whole < 0.8 * alone
