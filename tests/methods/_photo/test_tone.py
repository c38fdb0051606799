"""Which colours a photo's medium has: grey, sepia, duotones, and photos in colour beside them."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pil

from methods._base import Image, Mask
from methods._photo.files import load_image
from methods._photo.tone import Tone, tone_of
from tiers import rest_is_slow

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
PHOTOS = ["astronaut.png", "coffee.png", "rocket.jpg"]
STAND_INS = sorted((EXAMPLES / "stand_ins").rglob("*.jpg"))


@cache
def photo(name: str) -> Image:
    return load_image(EXAMPLES / name).rgb


def grey(image: Image) -> Image:
    return np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def sepia(image: Image) -> Image:
    """As the filters of phones and browsers make it, bright parts saturated in red and green."""
    toned = grey(image)[..., 0, None] * np.array((1.351, 1.203, 0.937))
    return np.rint(np.clip(toned, 0, 255)).astype(np.uint8)


def duotone(image: Image) -> Image:
    """From violet ink to yellow paper."""
    share = grey(image) / 255.0
    return np.rint((1 - share) * (20, 0, 80) + share * (255, 240, 170)).astype(np.uint8)


def as_jpeg(image: Image, quality: int) -> Image:
    file = io.BytesIO()
    Pil.fromarray(image).save(file, "JPEG", quality=quality)  # chroma at half the resolution
    return np.asarray(Pil.open(file).convert("RGB"))


def hole_in(image: Image) -> Mask:
    height, width = image.shape[:2]
    mask = np.zeros((height, width), bool)
    mask[height // 3 : height // 2, width // 3 : width // 2] = True
    return mask


def tone(image: Image) -> Tone | None:
    return tone_of(image, hole_in(image))


def chroma_of(image: Image) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb)[..., 1:].astype(int) - 128


every_photo = pytest.mark.parametrize("name", PHOTOS)


@every_photo
def test_a_grey_photo_is_exactly_grey(name: str) -> None:
    found = tone(grey(photo(name)))
    assert found is not None and found.chroma is None
    painted = found.applied(photo(name))
    assert (np.ptp(painted, axis=2) == 0).all()
    assert (painted == grey(photo(name))).all(), "luma stays"
    assert (found.applied(painted) == painted).all(), "what is grey already is not touched"


@every_photo
def test_what_lies_under_the_mask_has_no_say(name: str) -> None:
    image = grey(photo(name))
    image[hole_in(image)] = (220, 20, 20)
    found = tone(image)
    assert found is not None and found.chroma is None


@every_photo
@pytest.mark.parametrize("noise", [0, 3])
def test_a_grey_photo_with_noise_is_grey_to_the_eye(name: str, noise: int) -> None:
    """A scan in colour, a little warm, saved as JPEG."""
    warm = grey(photo(name)) * np.array((1.02, 1.0, 0.98))
    warm += np.random.default_rng(0).normal(0, noise, warm.shape)
    found = tone(as_jpeg(np.clip(warm, 0, 255).astype(np.uint8), 60))
    assert found is not None and found.chroma is not None
    assert np.abs(chroma_of(found.applied(photo(name)))).max() <= 5


@every_photo
@pytest.mark.parametrize("make", [sepia, duotone])
@pytest.mark.parametrize("quality", rest_is_slow([75, None, 90]))
def test_a_toned_photo_keeps_its_tone(
    name: str, make: Callable[[Image], Image], quality: int | None
) -> None:
    """What is brought to the tone has its chroma and keeps its own luma."""
    made = make(photo(name))
    found = tone(made if quality is None else as_jpeg(made, quality))
    assert found is not None
    off = np.abs(chroma_of(found.applied(made)) - chroma_of(made))
    assert np.percentile(off, 99) <= (2 if quality is None else 10)
    brought = found.applied(photo(name))
    luma = cv2.cvtColor(brought, cv2.COLOR_RGB2GRAY).astype(int) - grey(photo(name))[..., 0]
    assert np.abs(luma).mean() < 2


@pytest.mark.parametrize("file", [EXAMPLES / name for name in PHOTOS] + STAND_INS[:12])
def test_photos_in_colour_have_no_tone(file: Path) -> None:
    assert tone(load_image(file).rgb[:1000, :1000]) is None


@every_photo
@pytest.mark.parametrize("make", [grey, sepia, duotone])
@pytest.mark.parametrize("side", rest_is_slow([8, 40]))
def test_one_thing_of_another_colour_is_enough(
    name: str, make: Callable[[Image], Image], side: int
) -> None:
    """However grey everything around the hole is: the fill may show more of that thing."""
    image = make(photo(name))
    image[-side - 4 : -4, -side - 4 : -4] = (215, 25, 30)
    assert tone(image) is None


@pytest.mark.parametrize("spread", [12, 25])
def test_noise_in_colour_is_no_tone(spread: int) -> None:
    """Red is bright where the whole is: the means follow a line, the pixels do not."""
    noise = np.random.default_rng(0).normal(128, spread, (360, 480, 3))
    assert tone(np.clip(noise, 0, 255).astype(np.uint8)) is None


def test_flat_colours_are_no_tone_though_each_has_a_luma_of_its_own() -> None:
    image = np.full((96, 128, 3), (30, 60, 200), np.uint8)
    image[:40] = (240, 220, 60)
    assert tone(image) is None
    drawing = np.full((96, 128, 3), 250, np.uint8)
    drawing[60:90, 90:120] = (200, 30, 40)
    assert tone(drawing) is None


def test_it_says_something_of_any_size_and_any_mask() -> None:
    image = grey(photo("coffee.png"))
    for height, width in ((1, 2), (5, 3), (17, 400), (400, 17)):
        mask = np.ones((height, width), bool)
        mask[-1, -1] = False
        found = tone_of(np.ascontiguousarray(image[:height, :width]), mask)
        assert found is not None and found.chroma is None
        tinted = image[:height, :width] // 2 + np.array((3, 0, 0), np.uint8)
        assert isinstance(tone_of(tinted, mask), Tone)
        assert tone_of(image[:height, :width] // 2 + np.array((99, 0, 0), np.uint8), mask) is None
