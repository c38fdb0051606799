"""A JPEG of four inks comes back as one: CMYK and YCCK, read by jpeglib and Pillow."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import imagecodecs
import jpeglib
import numpy as np
import pytest
from PIL import Image as Pil

from methods import Change, MadeBy, SavedFile, SavingWish, formats_for, load_image, save_result
from profiles import ink_profile

BY = MadeBy("Eraser Lab 1", ("telea, radius 5",))
SIZE = (51, 70)
HOLE = (slice(20, 31), slice(33, 50))


def inks() -> np.ndarray:
    small = np.random.default_rng(4).integers(0, 256, (4, 5, 4), np.uint8)
    return np.asarray(cv2.resize(small, SIZE[::-1], interpolation=cv2.INTER_CUBIC))


def cmyk(**options: object) -> bytes:
    file = io.BytesIO()
    Pil.fromarray(inks(), "CMYK").save(file, "JPEG", quality=93, **options)
    return file.getvalue()


def ycck() -> bytes:
    encoded = imagecodecs.jpeg8_encode(inks(), 93, colorspace="CMYK", outcolorspace="YCCK")
    return bytes(encoded)


FILES = {
    "cmyk": cmyk,
    "cmyk, progressive": lambda: cmyk(progressive=True),
    "cmyk, restarts": lambda: cmyk(restart_marker_blocks=3),
    "ycck, with a quarter of the colours": ycck,
}


def erased(data: bytes) -> tuple[SavedFile, np.ndarray]:
    photo = load_image(data)
    mask = np.zeros(photo.size, np.bool_)
    mask[HOLE] = True
    result = photo.rgb.copy()
    result[mask] = (200, 90, 30)
    return save_result(data, Change(result, None, mask), BY, SavingWish()), mask


def planes(data: bytes, folder: Path) -> list[np.ndarray]:
    path = folder / "read.jpg"
    path.write_bytes(data)
    read = jpeglib.read_dct(str(path))
    return [read.Y, read.Cb, read.Cr, read.K]


@pytest.mark.parametrize("name", FILES)
def test_blocks_beyond_the_mask_keep_their_coefficients(name: str, tmp_path: Path) -> None:
    data = FILES[name]()
    saved, mask = erased(data)
    told, again = (Pil.open(io.BytesIO(each)) for each in (data, saved.data))
    assert saved.format == "jpeg" and saved.coefficients_changed_outside == 0
    assert formats_for(data) == ("jpeg", "tiff")
    for what in ("mode", "size", "layer", "quantization"):
        assert getattr(told, what) == getattr(again, what)
    for key in ("adobe_transform", "progressive"):
        assert told.info.get(key) == again.info.get(key)
    fewest = min(plane.shape[0] for plane in planes(data, tmp_path))
    for old, new in zip(planes(data, tmp_path), planes(saved.data, tmp_path), strict=True):
        cover = 8 if old.shape[0] > fewest or fewest == -(-SIZE[0] // 8) else 16
        for row, column in np.ndindex(old.shape[:2]):
            part = mask[row * cover : (row + 1) * cover, column * cover : (column + 1) * cover]
            assert part.any() or np.array_equal(old[row, column], new[row, column])
        assert not np.array_equal(old, new)


@pytest.mark.parametrize("name", FILES)
def test_the_fill_has_its_colour(name: str) -> None:
    saved, mask = erased(FILES[name]())
    seen = load_image(saved.data).rgb[mask].astype(int)
    assert np.abs(np.median(seen, axis=0) - (200, 90, 30)).max() <= 12


def test_a_profile_that_does_not_tell_the_inks_is_said() -> None:
    """It says how inks look, and not the way back."""
    data = cmyk(icc_profile=ink_profile().replace(b"B2A0", b"none"))
    saved, _ = erased(data)
    assert saved.format != "jpeg" and saved.notes[0].id == "note.saving.no_jpeg"
