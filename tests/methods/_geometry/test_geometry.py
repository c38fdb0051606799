"""Our signature: whatever the eraser does, the photo outside the mask stays bit for bit."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from itertools import combinations
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from methods._base import BadInput, Canvas, Image, Mask
from methods._geometry.canvas import Patch, check_mask, fit, plan_patches
from methods._geometry.masks import Box, reduce_mask
from methods._geometry.paste import changed_outside, erase_in_patches, paste_back
from methods._geometry.patches import MAX_PATCHES, crop_around
from tiers import EXAMPLES

# --- what is tried -----------------------------------------------------------------------

CANVASES = [
    Canvas(),
    Canvas(multiple_of=8),
    Canvas(context=0, min_context=0),
    Canvas(square=64),
    Canvas(square=96, context=2.0),
    Canvas(square=512),
    Canvas(square=32, context=0, min_context=0),
    Canvas(longest_side=50),
    Canvas(longest_side=128, multiple_of=16),
    Canvas(longest_side=100, multiple_of=64, min_context=5),
    Canvas(short_side=40),
    Canvas(short_side=64, multiple_of=8, context=0.1, min_context=3),
    Canvas(area=64 * 64),
    Canvas(area=100 * 100, multiple_of=16, context=0.1, min_context=3),
]


def _blobs(mask: Mask, noise: np.random.Generator) -> None:
    for _ in range(int(noise.integers(1, 5))):
        center = int(noise.integers(mask.shape[1])), int(noise.integers(mask.shape[0]))
        axes = int(noise.integers(1, 60)), int(noise.integers(1, 60))
        angle = int(noise.integers(180))
        cv2.ellipse(mask.view(np.uint8), center, axes, angle, 0, 360, 1, -1)


def _lines(mask: Mask, noise: np.random.Generator) -> None:
    for _ in range(int(noise.integers(1, 4))):
        ends = noise.integers(0, (mask.shape[1], mask.shape[0]), (2, 2)).tolist()
        cv2.line(mask.view(np.uint8), ends[0], ends[1], 1, int(noise.integers(1, 4)))


def _border(mask: Mask, noise: np.random.Generator) -> None:
    depth = int(noise.integers(1, 30))
    for side in noise.choice(4, int(noise.integers(1, 4)), replace=False):
        np.rot90(mask, int(side))[:depth] = True


def _specks(mask: Mask, noise: np.random.Generator) -> None:
    mask |= noise.random(mask.shape) < 10.0 ** noise.uniform(-4, -1)


def _nearly_full(mask: Mask, noise: np.random.Generator) -> None:
    mask[:] = True
    mask.ravel()[noise.integers(mask.size, size=int(noise.integers(1, 4)))] = False


def _anything(mask: Mask, noise: np.random.Generator) -> None:
    for draw in (_blobs, _lines, _specks):
        draw(mask, noise)


SHAPES = [_blobs, _lines, _border, _specks, _nearly_full, _anything]


@st.composite
def photos_and_masks(draw: st.DrawFn) -> tuple[Image, Mask]:
    """Noise of 1 x 1 … 400 x 300 pixels and a mask that is neither empty nor full."""
    noise = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sides = st.one_of(st.integers(1, 400), st.sampled_from([1, 2, 3, 64, 400]))
    width, height = draw(sides), min(draw(sides), 300)
    image = noise.integers(0, 256, (height, width, 3), np.uint8)
    mask = np.zeros((height, width), bool)
    draw(st.sampled_from(SHAPES))(mask, noise)
    if mask.all():
        mask[0, 0] = False
    if not mask.any():
        mask[-1, -1] = True
    return image, mask


def noise_eraser(image: Image, mask: Mask, index: int, count: int) -> Image:
    return np.random.default_rng(index).integers(0, 256, image.shape, np.uint8)


def painter(color: int) -> Callable[[Image, Mask, int, int], Image]:
    return lambda image, mask, index, count: np.full_like(image, color)


def usable(mask: Mask) -> bool:
    return bool(mask.any() and not mask.all())


examples = settings(max_examples=EXAMPLES)


# --- properties --------------------------------------------------------------------------


@examples
@given(photos_and_masks(), st.sampled_from(CANVASES), st.booleans(), st.booleans())
def test_outside_the_mask_every_bit_stays(
    case: tuple[Image, Mask], canvas: Canvas, whole: bool, seamless: bool
) -> None:
    image, mask = case
    if not usable(mask):
        return
    image.setflags(write=False)
    mask.setflags(write=False)
    before = image.copy(), mask.copy()
    result = erase_in_patches(
        image, mask, canvas, noise_eraser, whole_picture=whole, seamless=seamless
    )
    assert result.shape == image.shape
    assert result.dtype == np.uint8
    assert np.array_equal(result[~mask], image[~mask])
    assert changed_outside(image, result, mask) == 0
    assert np.array_equal(image, before[0])
    assert np.array_equal(mask, before[1])
    assert not np.shares_memory(result, image)


@examples
@given(photos_and_masks(), st.sampled_from(CANVASES), st.booleans())
def test_each_masked_pixel_is_owned_once(
    case: tuple[Image, Mask], canvas: Canvas, whole: bool
) -> None:
    _, mask = case
    patches = plan_patches(mask, canvas, whole)
    owners = np.zeros(mask.shape, int)
    for patch in patches:
        assert contains((0, 0, mask.shape[1], mask.shape[0]), patch.crop)
        assert contains(patch.crop, patch.box)
        assert patch.owned.shape == (patch.box[3] - patch.box[1], patch.box[2] - patch.box[0])
        assert patch.owned.any()
        owners[part(patch.box)] += patch.owned
    assert np.array_equal(owners, mask)
    assert 1 <= len(patches) <= (1 if whole else MAX_PATCHES + canvas.pieces)


def contains(outer: Box, inner: Box) -> bool:
    return (
        outer[0] <= inner[0] < inner[2] <= outer[2] and outer[1] <= inner[1] < inner[3] <= outer[3]
    )


def part(box: Box) -> tuple[slice, slice]:
    return slice(box[1], box[3]), slice(box[0], box[2])


@examples
@given(photos_and_masks(), st.sampled_from(CANVASES), st.booleans())
def test_erasers_get_what_their_canvas_allows(
    case: tuple[Image, Mask], canvas: Canvas, whole: bool
) -> None:
    image, mask = case
    if not usable(mask):
        return
    for patch in plan_patches(mask, canvas, whole):
        fitted = fit(image, mask, patch, canvas)
        obeys(fitted.image, canvas)
        assert fitted.mask.shape == fitted.image.shape[:2]
        assert fitted.mask.dtype == np.bool_
        assert fitted.mask.any()
        assert not fitted.mask.all()
        assert fitted.image.flags.c_contiguous
        assert fitted.mask.flags.c_contiguous
        assert not np.shares_memory(fitted.image, image)
        assert not np.shares_memory(fitted.mask, mask)


def obeys(image: Image, canvas: Canvas) -> None:
    height, width, _ = image.shape
    if canvas.square:
        assert (height, width) == (canvas.square, canvas.square)
        return
    assert height % canvas.multiple_of == 0
    assert width % canvas.multiple_of == 0
    if canvas.longest_side:
        up = -(-canvas.longest_side // canvas.multiple_of) * canvas.multiple_of
        assert max(height, width) <= up
    if canvas.short_side:
        assert canvas.short_side <= min(height, width) < canvas.short_side + canvas.multiple_of
    if canvas.area:
        assert height * width <= canvas.area
        # Both sides may have been rounded, each by no more than one step.
        assert (height + canvas.multiple_of + 1) * (width + canvas.multiple_of + 1) > canvas.area
        assert max(height, width) <= 4 * (min(height, width) + canvas.multiple_of)


@examples
@given(photos_and_masks(), st.sampled_from(CANVASES))
def test_the_whole_mask_comes_from_the_eraser(case: tuple[Image, Mask], canvas: Canvas) -> None:
    """A flat fill stays flat through all resizing, so its colour shows who wrote a pixel."""
    image, mask = case
    if not usable(mask):
        return
    image = np.minimum(image, 200)
    result = erase_in_patches(image, mask, canvas, painter(255), seamless=False)
    assert (result[mask] == 255).all()


@examples
@given(photos_and_masks(), st.sampled_from([Canvas(), Canvas(multiple_of=16), Canvas(square=700)]))
def test_an_eraser_that_does_nothing(case: tuple[Image, Mask], canvas: Canvas) -> None:
    image, mask = case
    if not usable(mask):
        return
    resized = False

    def identity(seen: Image, hole: Mask, index: int, count: int) -> Image:
        nonlocal resized
        resized |= canvas.square is not None and 2 * max(image.shape[:2]) < canvas.square
        return seen

    result = erase_in_patches(image, mask, canvas, identity, sees_object=True)
    assert resized or np.array_equal(result, image)


@examples
@given(photos_and_masks(), st.integers(1, 90), st.integers(1, 90))
def test_a_reduced_mask_loses_no_pixel(case: tuple[Image, Mask], height: int, width: int) -> None:
    """Cell by cell: True exactly where it touches a True pixel."""
    _, mask = case
    mask = mask[:70, :70]
    reduced = reduce_mask(mask, (height, width))
    for y in range(0, height, 7):
        for x in range(0, width, 7):
            rows = slice(y * mask.shape[0] // height, -(-(y + 1) * mask.shape[0] // height))
            columns = slice(x * mask.shape[1] // width, -(-(x + 1) * mask.shape[1] // width))
            assert reduced[y, x] == mask[rows, columns].any()


def test_half_of_a_cell_counts_where_areas_must_survive() -> None:
    mask = np.zeros((40, 60), np.bool_)
    mask[10:30, 14:44] = True
    mask[5, 0:60:4] = True  # a quarter of a cell, and less
    reduced = reduce_mask(mask, (20, 30), "half")
    assert reduced.sum() * 4 == 20 * 30 and not reduced[2].any()
    assert reduce_mask(mask, (20, 30))[2].any(), "no pixel is lost"
    columns = np.zeros((8, 8), np.bool_)
    columns[:, ::2] = True
    assert reduce_mask(columns, (4, 4), "half").all(), "exactly half"


@examples
@given(photos_and_masks(), st.sampled_from(CANVASES))
def test_masked_pixels_are_never_shown_as_known(case: tuple[Image, Mask], canvas: Canvas) -> None:
    """Object pixels are white, all else black: unmasked canvas pixels must be black.

    Enlarging (cubic) spreads colours, so only canvases that do not enlarge are tried here.
    """
    _, mask = case
    if not usable(mask):
        return
    image = np.where(mask[..., None], np.uint8(255), np.uint8(0)).repeat(3, axis=2)
    for patch in plan_patches(mask, canvas):
        fitted = fit(image, mask, patch, canvas)
        if fitted.content > fitted.hole.shape or reduce_mask(fitted.hole, fitted.content).all():
            continue
        if min(np.subtract(fitted.hole.shape, fitted.content)) >= 0:
            assert fitted.image[~fitted.mask].max(initial=0) == 0


# --- patches -----------------------------------------------------------------------------


def with_squares(size: tuple[int, int], *corners: tuple[int, int], side: int = 40) -> Mask:
    mask = np.zeros(size, bool)
    for x, y in corners:
        mask[y : y + side, x : x + side] = True
    return mask


def test_objects_far_apart_get_a_canvas_each() -> None:
    mask = with_squares((1000, 3000), (100, 400), (2700, 500), (1500, 100))
    patches = plan_patches(mask, Canvas(square=512))
    assert len(patches) == 3
    for patch in patches:
        assert patch.crop[2] - patch.crop[0] == patch.crop[3] - patch.crop[1] == 512
        assert np.count_nonzero(mask[part(patch.crop)]) == 1600


def test_objects_that_see_each_other_share_a_patch() -> None:
    near = with_squares((1000, 3000), (1000, 400), (1200, 450))
    (patch,) = plan_patches(near, Canvas(square=512))
    assert patch.box == (1000, 400, 1240, 490)
    assert len(plan_patches(near, Canvas(min_context=20))) == 2
    assert len(plan_patches(near, Canvas(min_context=200))) == 1


def test_crops_that_show_each_other_stay_apart_only_for_resolutions_sake() -> None:
    noise = np.random.default_rng(3)
    canvas, together = Canvas(square=256), 0
    for _ in range(60):
        corners = noise.integers(0, (1960, 1460), (int(noise.integers(2, 7)), 2)).tolist()
        mask = with_squares((1500, 2000), *((x, y) for x, y in corners))
        patches = plan_patches(mask, canvas)
        together += len(patches) < len(corners)
        for one, other in combinations(patches, 2):
            if overlap(one.crop, other.box) or overlap(other.crop, one.box):
                pair = np.array((one.box, other.box))
                box = (*pair[:, :2].min(axis=0).tolist(), *pair[:, 2:].max(axis=0).tolist())
                joined = crop_around(box, mask.shape, canvas)
                sides = [max(c[2] - c[0], c[3] - c[1]) for c in (joined, one.crop, other.crop)]
                assert sides[0] > 1.5 * max(sides[1:])
    assert together > 5


def overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def test_the_number_of_patches_is_bounded_and_neighbours_join() -> None:
    corners = [(x, y) for x in range(50, 4000, 500) for y in range(50, 3000, 500)]
    mask = with_squares((3000, 4000), *corners)
    patches = plan_patches(mask, Canvas(longest_side=100, context=0.1, min_context=8))
    assert len(patches) == MAX_PATCHES
    pair = with_squares((3000, 4000), (50, 50), (400, 50), *((600 * n, 2500) for n in range(7)))
    patches = plan_patches(pair, Canvas(context=0.1, min_context=8))
    assert len(patches) == MAX_PATCHES
    joined = [patch for patch in patches if np.count_nonzero(patch.owned) == 3200]
    assert [patch.box for patch in joined] == [(50, 50, 440, 90)]


def test_specks_share_one_patch_unless_it_would_be_reduced() -> None:
    mask = with_squares((3000, 4000), (200, 200), side=300)
    for x in range(100, 4000, 333):
        mask[2900, x] = True
    patches = plan_patches(mask, Canvas(square=512))
    assert [np.count_nonzero(patch.owned) for patch in patches] == [90000, 2, 2, 2, 2, 2, 2]
    assert [patch.goes_on for patch in patches] == [False] + 6 * [True]
    patches = plan_patches(mask, Canvas(square=512, pieces=1))
    assert [np.count_nonzero(patch.owned) for patch in patches] == [90000, 12]
    near = with_squares((3000, 4000), (200, 200), side=300)
    near[190, 180] = near[600, 600] = True
    assert len(plan_patches(near, Canvas(square=512))) == 1
    scattered = np.zeros((3000, 4000), bool)
    scattered[50::100, 50::100] = True
    assert len(plan_patches(scattered, Canvas(min_context=0, context=0))) == 1


def test_largest_object_first() -> None:
    mask = with_squares((1000, 3000), (100, 400)) | with_squares((1000, 3000), (2500, 300), side=90)
    patches = plan_patches(mask, Canvas(square=256))
    assert [patch.box for patch in patches] == [(2500, 300, 2590, 390), (100, 400, 140, 440)]


@pytest.mark.parametrize(
    ("box", "canvas", "crop"),
    [
        # context on both sides: 0.5 of 200 pixels
        ((900, 900, 1100, 950), Canvas(min_context=0), (800, 800, 1200, 1050)),
        ((900, 900, 1100, 950), Canvas(min_context=150), (750, 750, 1250, 1100)),
        # square, and at least the canvas
        ((900, 900, 1100, 950), Canvas(square=128), (800, 725, 1200, 1125)),
        ((900, 900, 1100, 950), Canvas(square=512), (744, 669, 1256, 1181)),
        # at the border: shifted, not cut
        ((0, 0, 20, 20), Canvas(square=512), (0, 0, 512, 512)),
        ((1980, 1480, 2000, 1500), Canvas(square=512), (1488, 988, 2000, 1500)),
        # as large as the photo allows
        ((100, 100, 1900, 1400), Canvas(square=512), (0, 0, 2000, 1500)),
        # both sides at least the short side, rounded up to real pixels
        ((900, 900, 910, 910), Canvas(short_side=300, min_context=8), (755, 755, 1055, 1055)),
        ((900, 900, 910, 910), Canvas(multiple_of=64, min_context=8), (873, 873, 937, 937)),
    ],
)
def test_crops(box: Box, canvas: Canvas, crop: Box) -> None:
    assert crop_around(box, (1500, 2000), canvas) == crop


def test_there_is_always_something_to_fill_from() -> None:
    """Without any context a rectangle's own box is all hole: one pixel around it is taken."""
    mask = with_squares((100, 100), (30, 30))
    (patch,) = plan_patches(mask, Canvas(context=0, min_context=0))
    assert patch.crop == (29, 29, 71, 71)
    lonely = np.ones((200, 300), bool)
    lonely[17, 23] = False
    for canvas in CANVASES:
        (patch,) = plan_patches(lonely, canvas)
        fitted = fit(np.zeros((200, 300, 3), np.uint8), lonely, patch, canvas)
        assert np.count_nonzero(~fitted.mask) >= 1


def test_a_crop_without_anything_known_is_refused() -> None:
    mask = np.ones((50, 50), bool)
    image = np.zeros((50, 50, 3), np.uint8)
    patch = Patch((0, 0, 50, 50), (0, 0, 50, 50), mask)
    with pytest.raises(BadInput) as caught:
        fit(image, mask, patch, Canvas(square=64))
    assert caught.value.code == "mask_full"


# --- fit and paste back ------------------------------------------------------------------


def test_nothing_is_squeezed() -> None:
    """A circle stays a circle: content keeps the crop's shape, the rest is mirrored."""
    image = np.zeros((100, 1000, 3), np.uint8)
    cv2.circle(image, (500, 50), 40, (255, 255, 255), -1)
    mask = np.zeros((100, 1000), bool)
    mask[48:52, 10:990] = True
    (patch,) = plan_patches(mask, Canvas(square=500))
    fitted = fit(image, mask, patch, Canvas(square=500))
    assert fitted.content == (50, 500)
    assert fitted.image.shape == (500, 500, 3)
    mirrored = np.pad(fitted.image[:50], ((0, 450), (0, 0), (0, 0)), mode="reflect")
    assert np.array_equal(fitted.image, mirrored)
    assert np.array_equal(fitted.mask[49:98], fitted.mask[:50][::-1][:49])


def test_small_photos() -> None:
    """A little smaller than the canvas: padded, at full sharpness. Tiny: enlarged."""
    for side, content in ((300, 300), (256, 256), (200, 512), (3, 512)):
        image = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
        mask = np.zeros((side, side), bool)
        mask[1, 1] = True
        (patch,) = plan_patches(mask, Canvas(square=512))
        fitted = fit(image, mask, patch, Canvas(square=512), sees_object=True)
        assert fitted.content == (content, content)
        if content == side:
            assert np.array_equal(fitted.image[:side, :side], image)


def test_a_strip_does_not_explode() -> None:
    """The short side of a strip is padded rather than enlarged without bound."""
    image = np.zeros((8, 4000, 3), np.uint8)
    mask = np.zeros((8, 4000), bool)
    mask[4, 5:3990] = True
    (patch,) = plan_patches(mask, Canvas(short_side=512))
    assert fit(image, mask, patch, Canvas(short_side=512)).image.shape == (512, 2048, 3)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1024, 1024), (1024, 1024)),
        ((256, 256), (1024, 1024)),  # enlarged
        ((3000, 3000), (1024, 1024)),
        ((900, 1200), (880, 1168)),
        ((10, 900), (512, 2048)),  # a strip, padded
    ],
)
def test_a_canvas_of_a_certain_area(size: tuple[int, int], expected: tuple[int, int]) -> None:
    canvas = Canvas(area=1024 * 1024, multiple_of=16)
    mask = np.zeros(size, bool)
    mask[size[0] // 2, size[1] // 2] = True
    (patch,) = plan_patches(mask, canvas, True)
    assert fit(np.zeros((*size, 3), np.uint8), mask, patch, canvas).image.shape[:2] == expected


def test_a_canvas_has_one_measure() -> None:
    with pytest.raises(ValueError, match="at most one"):
        Canvas(area=64, short_side=8)


def test_other_objects_in_the_crop_are_masked_too() -> None:
    mask = with_squares((600, 600), (100, 100), (400, 400))
    patch = Patch((50, 50, 550, 550), (100, 100, 140, 140), mask[100:140, 100:140])
    image = np.full((600, 600, 3), 9, np.uint8)
    fitted = fit(image, mask, patch, Canvas())
    assert fitted.mask[350:390, 350:390].all()
    paste_back(image, np.full_like(fitted.image, 200), fitted, seamless=False)
    assert (image[100:140, 100:140] == 200).all()
    assert (image[400:440, 400:440] == 9).all()


def test_later_patches_see_earlier_results() -> None:
    mask = with_squares((300, 2000), (100, 100), (1800, 100))
    seen: list[tuple[int, int]] = []

    def eraser(image: Image, hole: Mask, index: int, count: int) -> Image:
        seen.append((index, count))
        return np.full_like(image, 100 + index)

    image = np.zeros((300, 2000, 3), np.uint8)
    result = erase_in_patches(image, mask, Canvas(square=128), eraser, seamless=False)
    assert seen == [(0, 2), (1, 2)]
    assert sorted({int(result[120, 120, 0]), int(result[120, 1820, 0])}) == [100, 101]

    near = with_squares((300, 600), (100, 100), (240, 100))
    pale: list[int] = []

    def copier(image: Image, hole: Mask, index: int, count: int) -> Image:
        pale.append(int(image.max()))
        return np.full_like(image, 77)

    canvas = Canvas(square=256, context=1.0)
    erase_in_patches(image[:, :600], near, canvas, copier, seamless=False, sees_object=True)
    assert pale == [0, 77]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda image: image[:-1],
        lambda image: image[..., 0],
        lambda image: image.astype(np.float32),
        lambda image: image.astype(np.int16),
        lambda image: np.dstack((image, image[..., 0])),
        lambda image: None,
        lambda image: image.tolist(),
    ],
)
def test_wrong_results_are_a_bug_and_never_pasted(wrong: Callable[[Image], Any]) -> None:
    mask = with_squares((100, 100), (30, 30))
    image = np.zeros((100, 100, 3), np.uint8)
    (patch,) = plan_patches(mask, Canvas(square=64))
    fitted = fit(image, mask, patch, Canvas(square=64))
    target = image.copy()
    with pytest.raises(ValueError, match="the eraser returned"):
        paste_back(target, wrong(np.full_like(fitted.image, 99)), fitted)
    assert np.array_equal(target, image)


def test_an_eraser_that_spoils_its_input_spoils_nothing_else() -> None:
    mask = with_squares((100, 100), (30, 30))
    image = np.random.default_rng(1).integers(0, 256, (100, 100, 3), np.uint8)

    def vandal(seen: Image, hole: Mask, index: int, count: int) -> Image:
        seen[:] = 0
        hole[:] = True
        return seen

    for whole in (False, True):
        result = erase_in_patches(image, mask, Canvas(), vandal, whole_picture=whole)
        assert changed_outside(image, result, mask) == 0


def test_an_erasers_error_passes_through() -> None:
    def broken(image: Image, mask: Mask, index: int, count: int) -> Image:
        raise ZeroDivisionError

    mask = with_squares((100, 100), (30, 30))
    with pytest.raises(ZeroDivisionError):
        erase_in_patches(np.zeros((100, 100, 3), np.uint8), mask, Canvas(), broken)


# --- checks ------------------------------------------------------------------------------


def test_changed_outside_counts_pixels() -> None:
    noise = np.random.default_rng(0)
    image = noise.integers(0, 256, (300, 200, 3), np.uint8)
    mask = noise.random((300, 200)) < 0.3
    for count in (0, 1, 17, 60000):
        result = image.copy()
        places = noise.permutation(60000)[:count]
        result.reshape(-1, 3)[places, noise.integers(0, 3, count)] += 1
        assert changed_outside(image, result, mask) == np.count_nonzero(~mask.ravel()[places])


def test_changed_outside_catches_an_edge_that_leans_outside() -> None:
    """The deliberate mistake: a blurred mask as alpha, blended over the whole box."""
    disc = np.zeros((120, 120), bool)
    cv2.circle(disc.view(np.uint8), (60, 60), 25, 1, -1)
    image = np.zeros((120, 120, 3), np.uint8)
    right = erase_in_patches(image, disc, Canvas(), painter(90))
    assert changed_outside(image, right, disc) == 0
    soft = cv2.blur(disc.astype(np.float32), (9, 9))[..., None]
    spoilt = np.rint(soft * np.full_like(image, 90)).astype(np.uint8)
    assert changed_outside(image, spoilt, disc) > 50


def test_changed_outside_refuses_other_sizes() -> None:
    image, mask = np.zeros((10, 12, 3), np.uint8), np.zeros((10, 12), bool)
    others: list[Any] = [np.zeros((12, 10, 3), np.uint8), np.zeros((10, 12, 3), np.float32)]
    for other in others:
        with pytest.raises(ValueError, match=r"sizes differ|must be uint8"):
            changed_outside(image, other, mask)


def test_check_mask_says_what_is_wrong() -> None:
    image = np.zeros((30, 40, 3), np.uint8)
    for mask, code, words in (
        (np.zeros((30, 40), bool), "mask_empty", "Nothing is selected"),
        (np.ones((30, 40), bool), "mask_full", "nothing left to fill it from"),
        (np.ones((40, 30), bool), "mask_size", "30 x 40 pixels but the photo has 40 x 30"),
    ):
        with pytest.raises(BadInput, match=words) as caught:
            check_mask(image, mask)
        assert caught.value.code == code
        with pytest.raises(BadInput):
            erase_in_patches(image, mask, Canvas(), painter(0))
    half = np.zeros((30, 40), bool)
    half[:15] = True
    check_mask(image, half)
    wrong: list[Any] = [(image, half.astype(np.uint8)), (image[..., 0], half)]
    for bad_image, bad_mask in wrong:
        with pytest.raises(ValueError, match="must be"):
            check_mask(bad_image, bad_mask)


@pytest.mark.slow
def test_sixteen_megapixels_take_little_memory() -> None:
    """Above the copy of the photo: well under 150 MB, for a crop and for the whole picture."""
    image = np.zeros((3264, 4912, 3), np.uint8)
    mask = np.zeros((3264, 4912), bool)
    mask[1000:1800, 2000:2600] = True
    for whole, canvas in ((False, Canvas(square=512)), (True, Canvas(multiple_of=8))):
        tracemalloc.start()
        result = erase_in_patches(image, mask, canvas, lambda seen, *_: seen, whole_picture=whole)
        changed_outside(image, result, mask)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak - image.nbytes < 150e6
