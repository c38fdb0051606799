"""A file that was saved here opens here again, and is saved anew with the same samples."""

from __future__ import annotations

import numpy as np
import pytest

from methods import Change, MadeBy, SavingWish, formats_for, load_image, save_result
from sample_files import KINDS, made, stored, tiff_bytes

BY = MadeBy("Eraser Lab 1", ("telea, radius 5",))


@pytest.mark.parametrize("kind", sorted({*KINDS} - {"jpeg", "jpeg, inks"}))
def test_what_was_saved_opens_here_again(kind: str) -> None:
    noise = np.random.default_rng(11)
    opened = made(kind, noise, (21, 18)).data
    for wanted in formats_for(opened):
        photo = load_image(opened)
        mask = np.zeros(photo.size, np.bool_)
        mask[4:12, 3:9] = True
        result = photo.rgb.copy()
        result[mask] = noise.integers(0, 256, (int(mask.sum()), 3))
        saved = save_result(opened, Change(result, photo.alpha, mask), BY, SavingWish(wanted))
        again = load_image(saved.data)
        nothing = np.zeros_like(mask)
        twice = save_result(saved.data, Change(again.rgb, again.alpha, nothing), BY)
        assert again.size == photo.size and saved.samples_changed_outside == 0
        assert twice.format == saved.format and twice.samples_changed_outside == 0
        one, other = stored(saved.data), stored(twice.data)
        assert one.dtype == other.dtype and one.tobytes() == other.tobytes(), wanted


@pytest.mark.parametrize("kind", ["f4", "f2"])
def test_a_photo_of_fractions_is_seen_as_one_of_8_bits(kind: str) -> None:
    """Also where lights are brighter than white, which is 1 then; numbers up to 255 have that."""
    levels = np.random.default_rng(2).integers(0, 256, (20, 24, 3)).astype(np.uint8)
    bright = (levels / 255).astype(kind)
    bright[:3] = 7
    seen = load_image(tiff_bytes(bright, photometric="rgb")).rgb
    assert np.array_equal(seen[3:], levels[3:]) and (seen[:3] == 255).all()
    whole = tiff_bytes(levels.astype(kind), photometric="rgb")
    assert np.array_equal(load_image(whole).rgb, levels)


def test_multiplied_fractions_are_seen_divided() -> None:
    colours = np.full((9, 9, 4), (0.2, 0.1, 0.05, 0.25), np.float32)
    photo = load_image(tiff_bytes(colours, photometric="rgb", extrasamples=["assocalpha"]))
    assert photo.alpha is not None and (photo.alpha == 64).all()
    assert (photo.rgb == np.array([204, 102, 51])).all()


def test_lab_of_16_bits_is_seen_as_lab_of_8() -> None:
    noise = np.random.default_rng(3)
    eight = noise.integers(0, 256, (9, 9, 3)).astype(np.uint8)
    eight[..., 1:] = noise.integers(-40, 40, (9, 9, 2)).astype(np.int8).view(np.uint8)
    deep = eight.astype(np.uint16) << 8
    one, other = (load_image(tiff_bytes(each, photometric="cielab")) for each in (eight, deep))
    assert np.array_equal(one.rgb, other.rgb)
