"""What an eye sees at once gets its remark: shapes, tints, blurred ribbons, rings around specks.

The truth cases and holes of all kinds in the example photos are the set on which the limits stand;
every third hole is kept aside and only tested on.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from methods import Image, Mask, judge, load_image
from metric_tools import EXAMPLES, Scene, ellipse, remarks_of, stand_in
from tiers import rest_is_slow

TRUTHS = [
    "several-targets",
    "shadow",
    "large-object",
    "text-behind",
    "reflection",
    "person-beside",
    "small-writing",
]
PHOTOS = ["coffee.png", "tree.jpg", "dogs.jpg", "fig.jpg", "rocket.jpg", "dandelions.jpg"]
HELD_OUT = slice(2, None, 3)


def said(photo: Image, mask: Mask, result: Image) -> set[str]:
    return remarks_of(judge(photo, mask, result))


def grey(image: Image) -> Image:
    return np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def depth_of(mask: Mask) -> np.ndarray:
    return cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)


def shaded(scene: Scene, kept: float) -> Image:
    """The truth with a darker shape, softly ended, an eighth of the depth inside the mask."""
    depth = depth_of(scene.mask)
    shape = (depth > max(3.0, 0.18 * float(depth.max()))).astype(np.float32)
    weight = cv2.GaussianBlur(shape, (0, 0), 2.0) * scene.mask
    return np.rint(scene.truth * (1 - weight[..., None] * (1 - kept))).astype(np.uint8)


@cache
def holes() -> tuple[Scene, ...]:
    """Ellipses anywhere in the example photos, over which something of one colour lay."""
    random, found = np.random.default_rng(7), []
    for name in PHOTOS:
        truth = load_image(EXAMPLES / name).rgb
        scale = min(1.0, 1200 / max(truth.shape))
        size = round(truth.shape[1] * scale), round(truth.shape[0] * scale)
        truth = np.asarray(cv2.resize(truth, size, interpolation=cv2.INTER_AREA))
        for _ in range(3):
            height, width = truth.shape[:2]
            side = (random.uniform(0.12, 0.3, 2) * min(height, width)).astype(int)
            left = int(random.integers(10, width - side[0] - 10))
            top = int(random.integers(10, height - side[1] - 10))
            mask = ellipse((height, width), (left, top, left + int(side[0]), top + int(side[1])))
            photo = np.where(mask[..., None], np.array([200, 40, 120], np.uint8), truth)
            found.append(Scene(photo, truth, mask))
    return tuple(found)


@pytest.mark.parametrize("name", rest_is_slow(TRUTHS, 2))
def test_a_perfect_fill_earns_no_remark_in_colour_or_grey(name: str) -> None:
    scene = stand_in(name)
    assert not said(scene.photo, scene.mask, scene.truth)
    assert not said(grey(scene.photo), scene.mask, grey(scene.truth))


@pytest.mark.parametrize("name", rest_is_slow(TRUTHS, 2))
def test_a_darker_shape_of_the_object_is_noticed(name: str) -> None:
    scene = stand_in(name)
    assert said(scene.photo, scene.mask, shaded(scene, 0.7)) & {"silhouette", "color_shift", "tint"}


@pytest.mark.parametrize("name", rest_is_slow(TRUTHS, 2))
def test_colour_in_a_grey_photo_is_noticed_far_below_a_shift_of_colour(name: str) -> None:
    scene = stand_in(name)
    lab = cv2.cvtColor(grey(scene.truth).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lab[..., 1:] += np.array((2, 2.5), np.float32)
    tinted = np.rint(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255).astype(np.uint8)
    result = np.where(scene.mask[..., None], tinted, grey(scene.truth))
    assert said(grey(scene.photo), scene.mask, result) == {"tint"}


@pytest.mark.slow
def test_holes_kept_aside_are_told_as_well() -> None:
    kept = holes()[HELD_OUT]
    perfect = [said(scene.photo, scene.mask, scene.truth) for scene in kept]
    shades = ["silhouette" in said(s.photo, s.mask, shaded(s, 0.7)) for s in kept]
    assert not any({"silhouette", "tint", "repetition"} & each for each in perfect)
    assert sum(shades) >= 0.6 * len(shades)


@cache
def large() -> Image:
    """A photo of 13 megapixels, whose whole is judged at a reduced size."""
    coffee = load_image(EXAMPLES / "coffee.png").rgb
    grain = np.random.default_rng(1).normal(0, 9, (3000, 4400, 1)).astype(np.float32)
    wide = cv2.resize(coffee, (4400, 3000), interpolation=cv2.INTER_CUBIC) + grain
    return np.clip(wide, 0, 255).astype(np.uint8)


def line() -> Mask:
    mask = np.zeros((3000, 4400), np.uint8)
    cv2.line(mask, (0, 500), (4399, 900), 1, 18)
    return mask.astype(bool)


def specks() -> Mask:
    mask = np.zeros((3000, 4400), np.uint8)
    for x, y in np.random.default_rng(2).integers(60, 2900, (60, 2)).tolist():
        cv2.circle(mask, (x, y), 9, 1, -1)
    return mask.astype(bool)


@pytest.mark.slow
def test_a_ribbon_blurred_in_a_large_photo_is_noticed() -> None:
    truth, mask = large(), line()
    photo = np.where(mask[..., None], np.uint8(15), truth)
    blurred = np.where(mask[..., None], cv2.GaussianBlur(truth, (0, 0), 3), truth)
    assert "sharpness" in said(photo, mask, blurred)
    assert not said(photo, mask, truth)


@pytest.mark.slow
def test_rings_around_specks_of_a_large_photo_are_noticed() -> None:
    truth, mask = large(), specks()
    photo = np.where(mask[..., None], np.uint8(15), truth)
    rim = mask & (depth_of(mask) <= 3)
    ringed = np.where(rim[..., None], (truth * 0.4 + photo * 0.6).astype(np.uint8), truth)
    assert said(photo, mask, ringed) & {"rim", "seam"}
    assert not said(photo, mask, truth)
