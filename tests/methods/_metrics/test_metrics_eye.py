"""Real erasers on photos whose truth is known: the numbers say what an eye says.

Looked at side by side, MI-GAN continues pebbles, boards, grass and the wall behind a bottle,
where Telea and Navier-Stokes draw smears; PatchMatch lays whole things of the photo into a hole
that is too large for it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from methods import Finished, Image, Job, Reading, judge, load_image, load_mask, run
from metric_tools import EXAMPLES, Scene, better, remarks_of, stand_in
from tiers import rest_is_slow

FINE = ["several-targets", "shadow", "large-object"]
STRUCTURED = [*FINE, "text-behind", "reflection"]


@pytest.fixture(scope="module", autouse=True)
def real_weights(migan_weights: Path) -> None:
    """MI-GAN's and LPIPS's, fetched once as the program would."""
    from methods import fetch
    from methods._metrics.lpips import LPIPS_WEIGHTS

    fetch(LPIPS_WEIGHTS)


def erased(scene: Scene, eraser: str) -> Image:
    (image,) = (
        event.image
        for event in run([Job(eraser)], scene.photo, scene.mask)
        if isinstance(event, Finished)
    )
    return image


@cache
def readings(name: str, eraser: str) -> tuple[Reading, ...]:
    scene = stand_in(name)
    return judge(scene.photo, scene.mask, erased(scene, eraser), truth=scene.truth)


def value(name: str, eraser: str, metric: str) -> float:
    return next(reading.value for reading in readings(name, eraser) if reading.id == metric)


@pytest.mark.slow
@pytest.mark.parametrize("name", rest_is_slow(STRUCTURED))
@pytest.mark.parametrize("smear", rest_is_slow(["telea", "navier_stokes"]))
def test_migan_is_above_diffusion_on_structure(name: str, smear: str) -> None:
    migan, other = (value(name, eraser, "lpips_mask") for eraser in ("migan", smear))
    assert migan < 0.9 * other


@pytest.mark.slow
@pytest.mark.parametrize("name", rest_is_slow(FINE))
def test_only_the_smears_are_called_blurred(name: str) -> None:
    assert "sharpness" not in remarks_of(readings(name, "migan"))
    for smear in ("telea", "navier_stokes"):
        assert remarks_of(readings(name, smear)) == {"sharpness"}
        sharp = value(name, "migan", "sharpness")
        assert better("sharpness", sharp, value(name, smear, "sharpness"))


@pytest.mark.slow
def test_psnr_alone_would_prefer_the_smear() -> None:
    """Why the ranking is LPIPS's: a mean of colours is never far off, and never right."""
    migan, telea = (value("several-targets", e, "psnr_mask") for e in ("migan", "telea"))
    assert telea > migan


@pytest.mark.slow
def test_patchmatch_repeats_what_it_copies() -> None:
    """A pair of bottles from the table, and half a second one, appear in place of the seat."""
    photo = load_image(EXAMPLES / "stand_ins" / "room.jpg").rgb
    mask = load_mask(EXAMPLES / "stand_ins" / "full-mask.png", photo.shape[:2])
    scene = Scene(photo, photo, mask)
    copied, invented = (
        judge(photo, mask, erased(scene, eraser)) for eraser in ("patchmatch", "migan")
    )
    assert "repetition" in remarks_of(copied)
    assert {reading.id: reading.value for reading in invented}["repetition"] < 0.05
