"""Every eraser's fill is brought to the colours that the photo's medium has."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from methods import Image, Job, Mask, load_image, run
from methods._engine import worker
from methods._geometry.paste import erase_in_patches
from methods._photo.tone import Tone, tone_of
from runner_tools import finished, spec_of

pytest_plugins = ["runner_fixtures"]
pytestmark = pytest.mark.usefixtures("lock")

COFFEE = Path(__file__).resolve().parents[3] / "examples" / "coffee.png"


@pytest.fixture
def coffee() -> Image:
    return load_image(COFFEE).rgb


@pytest.fixture
def holes(coffee: Image) -> Mask:
    """Two, so far apart that each has a patch of its own; one reaches the photo's edge."""
    found = np.zeros(coffee.shape[:2], bool)
    found[40:90, 30:70] = True
    found[330:, 500:] = True
    return found


def grey(image: Image) -> Image:
    return np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def filled(image: Image, mask: Mask) -> Image:
    """By a toy that paints noise of all colours."""
    done = finished(list(run([Job("noise", seed=3)], image, mask)))
    assert done.changed_outside == 0
    assert (done.image[~mask] == image[~mask]).all()
    assert (done.image[mask] != image[mask]).any(axis=1).mean() > 0.8
    return done.image


def test_black_and_white_stays_black_and_white(coffee: Image, holes: Mask) -> None:
    result = filled(grey(coffee), holes)
    assert (np.ptp(result, axis=2) == 0).all()


def test_also_where_the_object_was_the_one_thing_in_colour(coffee: Image, holes: Mask) -> None:
    image = grey(coffee)
    image[holes] = (220, 20, 20)
    result = filled(image, holes)
    deep = cv2.erode(holes.view(np.uint8), np.ones((9, 9), np.uint8)).view(bool)
    assert (np.ptp(result[deep], axis=1) == 0).all()


def test_a_duotone_stays_one(coffee: Image, holes: Mask) -> None:
    share = grey(coffee) / 255.0
    ink, paper = np.array((20, 0, 80)), np.array((255, 240, 170))
    image = np.rint((1 - share) * ink + share * paper).astype(np.uint8)
    result = filled(image, holes).astype(float)
    along = ((result - ink) @ (paper - ink) / ((paper - ink) @ (paper - ink)))[..., None]
    off = np.abs(result - ink - along * (paper - ink)).max(axis=2)
    between = holes & (along[..., 0] > 0) & (along[..., 0] < 1)
    assert off[between].max() <= 6, "all colours lie between ink and paper"


def test_a_photo_in_colour_is_left_alone_however_grey_the_place(coffee: Image, holes: Mask) -> None:
    """All is grey but for one far corner; what the eraser painted comes through bit for bit."""
    image = grey(coffee)
    image[:24, -24:] = (210, 30, 40)
    canvas = spec_of("noise").canvas
    painted = erase_in_patches(image, holes, canvas, painted_with_noise)
    assert (filled(image, holes) == painted).all()


def painted_with_noise(image: Image, mask: Mask, *_: int) -> Image:
    """As the toy does it."""
    noise = np.random.default_rng(3).integers(0, 256, image.shape)
    return np.where(mask[..., None], noise, image).astype(np.uint8)


def test_a_fill_of_another_light_meets_a_duotone_in_its_own_colours(holes: Mask) -> None:
    """What is added so that the fill meets the photo is no single ink's share of it."""
    ink, paper = np.array((20, 0, 80)), np.array((255, 240, 170))
    share = np.tile(np.linspace(0, 1, holes.shape[1])[None, :, None], (holes.shape[0], 1, 1))
    image = np.rint((1 - share) * ink + share * paper).astype(np.uint8)
    result = finished(list(run([Job("noise", seed=3)], image, holes))).image
    tone = tone_of(image, holes)
    assert tone is not None
    assert (result[holes] == tone.applied(result[holes][None])[0]).mean() > 0.99


def test_the_tone_is_looked_for_once_a_run(
    coffee: Image, holes: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Mask] = []

    def counted(image: Image, mask: Mask) -> Tone | None:
        asked.append(mask)
        return tone_of(image, mask)

    monkeypatch.setattr(worker, "tone_of", counted)
    list(run([Job("noise", seed=seed) for seed in range(3)], grey(coffee), holes))
    assert len(asked) == 1
