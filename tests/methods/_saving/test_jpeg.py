"""A JPEG comes back as a JPEG: its coefficients, read by jpeglib in no way of the program's."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import jpeglib
import numpy as np
import pytest
from PIL import Image as Pil
from PIL import ImageCms

from methods import Change, MadeBy, SavedFile, SavingWish, formats_for, load_image, save_result

BY = MadeBy("Eraser Lab 1", ("telea, radius 5",))
SAMPLINGS = {"4:4:4": (1, 1), "4:2:2": (1, 2), "4:2:0": (2, 2)}
"""Pixels that a sample of colour covers: down, across."""


def a_jpeg(seed: int, **chosen: Any) -> bytes:
    """A photo of some waves and noise; sizes that are no multiples of eight."""
    noise = np.random.default_rng(seed)
    height, width = noise.integers(17, 90, 2)
    small = noise.integers(0, 256, (4, 5, 3), np.uint8)
    pixels = cv2.resize(small, (int(width), int(height)), interpolation=cv2.INTER_CUBIC)
    pixels = np.clip(pixels + noise.normal(0, 6, pixels.shape), 0, 255).astype(np.uint8)
    picture = Pil.fromarray(pixels)
    options: dict[str, Any] = {
        "quality": int(noise.integers(30, 99)),
        "subsampling": str(noise.choice(list(SAMPLINGS))),
        "progressive": bool(noise.integers(2)),
        "restart_marker_blocks": int(noise.integers(0, 4)),
        "optimize": bool(noise.integers(2)),
        **chosen,
    }
    if options.pop("grey", False):
        picture = picture.convert("L")
        options.pop("subsampling")
    exif = Pil.Exif()
    exif[0x0112] = options.pop("orientation", 1)
    file = io.BytesIO()
    picture.save(file, "JPEG", exif=exif, **options)
    return file.getvalue()


def erased(data: bytes, seed: int, wanted: Any = "auto") -> tuple[SavedFile, np.ndarray]:
    """The file, and the mask upon the photo as it is stored."""
    photo, noise = load_image(data), np.random.default_rng(seed)
    mask = np.zeros(photo.size, np.bool_)
    top, left = noise.integers(0, np.array(photo.size) - 6)
    height, width = noise.integers(1, 30, 2)
    mask[top : top + height, left : left + width] = noise.random() < 0.8
    mask[noise.random(mask.shape) < 0.001] = True
    result = photo.rgb.copy()
    result[mask] = noise.integers(0, 256, 3)
    saved = save_result(data, Change(result, None, mask), BY, SavingWish(format=wanted))
    return saved, as_stored(mask, Pil.open(io.BytesIO(data)).getexif().get(0x0112, 1))


def as_stored(mask: np.ndarray, orientation: int) -> np.ndarray:
    """Found by trying: the one way to turn back that Pillow's upright picture is made of."""
    turns = list(Pil.Transpose)
    back = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    picture = Pil.fromarray(mask.astype(np.uint8))
    return np.asarray(picture if back is None else picture.transpose(turns[back])).astype(bool)


def planes(data: bytes, folder: Path) -> list[np.ndarray]:
    path = folder / "read.jpg"
    path.write_bytes(data)
    read = jpeglib.read_dct(str(path))
    return [each for each in (read.Y, read.Cb, read.Cr) if each is not None]


def beyond(mask: np.ndarray, plane: np.ndarray, most: tuple[int, int]) -> np.ndarray:
    """(rows, columns): the blocks of which no pixel is masked; counted block by block."""
    down, across = most
    rows, columns = plane.shape[:2]
    free = np.ones((rows, columns), np.bool_)
    for row in range(rows):
        for column in range(columns):
            part = mask[row * 8 * down :, column * 8 * across :][: 8 * down, : 8 * across]
            free[row, column] = not part.any()
    return free


def opened(data: bytes) -> Any:
    return Pil.open(io.BytesIO(data))


def hold(data: bytes, seed: int, folder: Path) -> None:
    saved, mask = erased(data, seed)
    before, after = planes(data, folder), planes(saved.data, folder)
    told, told_after = (opened(each) for each in (data, saved.data))
    assert saved.format == "jpeg" and saved.coefficients_changed_outside == 0
    assert told.size == told_after.size and told.mode == told_after.mode
    assert told.quantization == told_after.quantization and told.layer == told_after.layer
    assert told.info.get("progressive") == told_after.info.get("progressive")
    assert told.getexif().get(0x0112) == told_after.getexif().get(0x0112)
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        cover = (1, 1) if number == 0 else sampling(told)
        free = beyond(mask, old, cover)
        assert np.array_equal(old[free], new[free])


def sampling(opened: Any) -> tuple[int, int]:
    _, across, down, _ = opened.layer[0]
    return down, across


# --- blocks ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_blocks_beyond_the_mask_keep_their_coefficients(seed: int, tmp_path: Path) -> None:
    hold(a_jpeg(seed, orientation=seed % 8 + 1, grey=seed % 5 == 4), seed, tmp_path)


@pytest.mark.slow
def test_two_hundred_jpegs_keep_their_coefficients(tmp_path: Path) -> None:
    for seed in range(100, 300):
        hold(a_jpeg(seed, orientation=seed % 8 + 1, grey=seed % 7 == 0), seed, tmp_path)


def test_an_empty_mask_changes_nothing(tmp_path: Path) -> None:
    data = a_jpeg(3)
    photo = load_image(data)
    nothing = np.zeros(photo.size, np.bool_)
    saved = save_result(data, Change(photo.rgb, None, nothing), BY, SavingWish())
    assert saved.samples_changed_outside == saved.coefficients_changed_outside == 0
    for old, new in zip(planes(data, tmp_path), planes(saved.data, tmp_path), strict=True):
        assert np.array_equal(old, new)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_fill_is_where_the_mask_was(orientation: int) -> None:
    """Decoded and turned by Pillow; and the other pixels hardly move."""
    data = a_jpeg(8, quality=95, subsampling="4:4:4", orientation=orientation)
    photo = load_image(data)
    mask = np.zeros(photo.size, np.bool_)
    mask[5:14, 3:16] = True
    result = photo.rgb.copy()
    result[mask] = (200, 40, 90)
    saved = save_result(data, Change(result, None, mask), BY, SavingWish())
    seen = load_image(saved.data).rgb.astype(int)
    assert np.abs(seen[mask] - (200, 40, 90)).mean() < 8
    moved = np.abs(seen - photo.rgb)[~mask]
    assert moved.max() <= 12 and moved.mean() < 1
    assert saved.samples_changed_outside > 0 or moved.max() == 0


def test_nearly_all_of_what_a_block_loses_is_lost_inside_of_the_mask() -> None:
    """Beside the mask errors are at most two thirds of what plain rounding makes there."""
    data = a_jpeg(8, quality=60, grey=True)
    photo = load_image(data)
    mask = np.zeros(photo.size, np.bool_)
    mask[3:21, 3:21] = np.tri(18, dtype=np.bool_)
    result = photo.rgb.copy()
    result[mask] = 255 - result[mask]
    saved = save_result(data, Change(result, None, mask), BY, SavingWish())
    seen = load_image(saved.data).rgb.astype(int)
    plain = io.BytesIO()
    table = opened(data).quantization
    Pil.fromarray(result[..., 0]).save(plain, "JPEG", qtables=table)
    rounded = load_image(plain.getvalue()).rgb.astype(int)
    ours, theirs = (np.abs(each - photo.rgb)[~mask].sum() for each in (seen, rounded))
    assert 0 < ours < theirs * 2 / 3


# --- colours -----------------------------------------------------------------------------


def test_a_fill_is_in_the_files_own_colours() -> None:
    """In a profile whose red and blue are swapped, the numbers for red are those of blue."""
    profile = swapped_profile()
    data = a_jpeg(5, quality=98, subsampling="4:4:4", icc_profile=profile)
    photo = load_image(data)
    red = np.zeros_like(photo.rgb) + np.array([200, 60, 20], np.uint8)
    everywhere = np.ones(photo.size, np.bool_)
    saved = save_result(data, Change(red, None, everywhere), BY, SavingWish())
    opened = Pil.open(io.BytesIO(saved.data))
    assert opened.info["icc_profile"] == profile
    assert np.abs(np.asarray(opened).astype(int) - (20, 60, 200)).max() <= 6


def swapped_profile() -> bytes:
    """sRGB, with the columns of red and blue under each other's names."""
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return plain.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")


# --- what cannot be kept -----------------------------------------------------------------


@pytest.mark.parametrize(("data", "why"), [(a_jpeg(2, progressive=False)[:-2], "end")], ids=["end"])
def test_what_cannot_be_kept_is_said(data: bytes, why: str) -> None:
    saved, _ = erased(data, 1)
    assert saved.format != "jpeg" and saved.coefficients_changed_outside is None
    assert saved.notes[0].id == "note.saving.no_jpeg"
    assert str(saved.notes[0].values["why"]) in str(saved.notes[0])
    assert saved.notes[0].values["why"] != why and "jpeg" not in formats_for(data)


def test_a_header_that_the_library_refuses_costs_a_sentence() -> None:
    """Reading its coefficients would end the process."""
    from methods._saving.jpeg import coefficients
    from methods._saving.jpeg.layout import Unkept, layout_of

    layout = layout_of(a_jpeg(2, progressive=False, optimize=False))
    at = layout.data.index(b"\xff\xc4")
    broken = layout.data[: at + 5] + b"\xff" * 16 + layout.data[at + 21 :]
    for data in (broken, b"x"):
        with pytest.raises(Unkept) as caught:
            coefficients.read(_with_data(layout, data))
        assert caught.value.sentence.values["why"]


def _with_data(layout: Any, data: bytes) -> Any:
    from dataclasses import replace

    return replace(layout, data=data)


def test_another_format_is_a_wish_away() -> None:
    data = a_jpeg(4)
    assert formats_for(data) == ("jpeg", "png", "tiff")
    saved, _ = erased(data, 1, "png")
    assert saved.format == "png" and saved.samples_changed_outside == 0
