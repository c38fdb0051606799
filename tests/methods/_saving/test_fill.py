"""What was filled in has the colours that were seen, in the file's own space and depth."""

from __future__ import annotations

from collections.abc import Callable

import imagecodecs
import numpy as np
import pytest

from methods import BadInput, Change, MadeBy, SavedFile, load_image, save_result
from methods._saving.samples.fill import softened
from profiles import grey_profile, ink_profile, rgb_profile
from sample_files import Samples, made, stored, tiff_bytes

BY = MadeBy("Eraser Lab 1")
H, W = 24, 20
MASK = np.zeros((H, W), np.bool_)
MASK[4:18, 3:15] = True

# Colours that all of these spaces have.
FILL = np.random.default_rng(2).integers(40, 200, (H, W, 1)).astype(np.uint8).repeat(3, 2)
FILL[:12] = np.random.default_rng(3).integers(60, 190, (12, W, 3))


def numbers(channels: int, bits: int = 16) -> Samples:
    values = np.random.default_rng(1).integers(0, 1 << bits, (H, W, channels))
    return values.astype(np.uint8 if bits == 8 else np.uint16)


def filled(data: bytes, fill: Samples = FILL) -> SavedFile:
    photo = load_image(data)
    result = np.where(MASK[..., None], fill, photo.rgb)
    return save_result(data, Change(result, photo.alpha, MASK), BY)


def rgb(profile: str, bits: int) -> Callable[[], bytes]:
    icc = None if profile == "none" else rgb_profile(profile)
    return lambda: tiff_bytes(numbers(3, bits), photometric="rgb", iccprofile=icc)


FILES: dict[str, tuple[Callable[[], bytes], int]] = {
    "none 16": (rgb("none", 16), 1),
    "adobergb 8": (rgb("adobergb", 8), 2),
    "adobergb 16": (rgb("adobergb", 16), 2),
    "prophoto 16": (rgb("prophoto", 16), 3),
    "inks 8": (lambda: tiff_bytes(numbers(4, 8), photometric="separated"), 0),
    "inks 16": (lambda: tiff_bytes(numbers(4), photometric="separated"), 1),
    "lab 8": (lambda: tiff_bytes(numbers(3, 8), photometric="cielab"), 8),
}


@pytest.mark.parametrize("name", FILES)
def test_the_fill_is_seen_as_it_was(name: str) -> None:
    """Opened again, the saved file shows the fill, but for what eight bits cannot tell apart."""
    make, tolerance = FILES[name]
    saved = filled(make())
    shown = load_image(saved.data).rgb.astype(int)
    assert not saved.notes and saved.samples_changed_outside == 0
    assert np.abs(shown - FILL)[MASK].max() <= tolerance


GREY = FILL[..., :1].repeat(3, 2)


def test_grey_goes_through_a_grey_profile() -> None:
    """Of gamma 1: light itself."""
    data = tiff_bytes(numbers(1)[..., 0], photometric="minisblack", iccprofile=grey_profile(1))
    levels = stored(filled(data, GREY).data)[MASK][:, 0] / 65535
    seen = GREY[MASK][:, 0] / 255
    light = np.where(seen <= 0.04045, seen / 12.92, ((seen + 0.055) / 1.055) ** 2.4)
    assert np.abs(levels - light).max() < 1.5 / 255


def test_inks_of_a_profile() -> None:
    """As its table says: of three inks as much as the lightness asks for, none of the fourth."""
    data = tiff_bytes(numbers(4, 8), photometric="separated", iccprofile=ink_profile())
    saved = filled(data, np.full((H, W, 3), 119, np.uint8))  # L* = 50
    inks = stored(saved.data)[MASK].astype(int)
    assert np.abs(inks[:, :3] - 128).max() <= 3 and not inks[:, 3].any() and not saved.notes


def test_a_profile_that_knows_no_way_back_gives_the_seen_picture() -> None:
    one_way = ink_profile().replace(b"B2A0", b"none")
    data = tiff_bytes(numbers(4, 8), photometric="separated", iccprofile=one_way)
    saved = filled(data)
    assert [note.id for note in saved.notes] == ["note.saving.eight_bits"]
    assert np.array_equal(stored(saved.data)[MASK], FILL[MASK])


# --- depth -------------------------------------------------------------------------------


def sky(height: int = 64, width: int = 512) -> Samples:
    """From one blue to another, with a level of 8 bits every forty pixels."""
    slope = np.linspace(0, 12, width)
    return np.rint(np.array([90, 140, 210]) + np.broadcast_to(slope[:, None], (height, width, 3)))


def test_no_steps_show_in_a_sky_of_16_bits() -> None:
    eight = sky().astype(np.uint8)
    deep = softened(eight).astype(float) / 257
    steps = np.abs(np.diff(deep.mean(axis=0), axis=0))[20:-20]
    assert np.abs(np.diff(eight.astype(float).mean(axis=0), axis=0)).max() == 1
    assert steps.reshape(-1, 3).mean() < 0.25  # a column's mean of noise of half a level
    smooth = deep.reshape(64, 64, 8, 3).mean(axis=(0, 2))
    assert np.abs(np.diff(smooth, axis=0))[3:-3].max() < 0.45
    assert np.abs(deep - eight).max() <= 1.01


def test_black_and_white_and_edges_stay() -> None:
    board = (np.indices((30, 30)).sum(axis=0) // 5 % 2 * 255).astype(np.uint8)
    fill = board[..., None].repeat(3, 2)
    assert np.array_equal(softened(fill), np.clip(softened(fill), 0, 65535))
    assert np.abs(softened(fill).astype(int) - fill.astype(int) * 257).max() <= 129


def test_eight_bits_of_srgb_are_the_fill_itself() -> None:
    data = bytes(imagecodecs.png_encode(numbers(3, 8)))
    assert np.array_equal(stored(filled(data).data)[MASK], FILL[MASK])


# --- forms that a fill may not fit into -----------------------------------------------------------


def test_bits_stay_where_the_fill_is_black_and_white() -> None:
    file = made("png, bits", np.random.default_rng(1), (H, W))
    stays, grows = filled(file.data, (GREY > 99).astype(np.uint8) * 255), filled(file.data, GREY)
    assert stays.data[24] == 1 and grows.data[24] == 8


def test_another_photo_than_the_one_that_was_changed_is_refused() -> None:
    data = bytes(imagecodecs.png_encode(numbers(3, 8)[:10]))
    with pytest.raises(BadInput, match="20 x 24"):
        save_result(data, Change(FILL, None, MASK), BY)


def test_what_cannot_be_opened_is_refused_as_ever() -> None:
    data = bytes(imagecodecs.png_encode(numbers(3, 8)))[:-200]
    with pytest.raises(BadInput) as caught:
        save_result(data, Change(FILL, None, MASK), BY)
    assert caught.value.code == "file_damaged"
