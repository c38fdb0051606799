"""Photo and mask files in, PNG and JPEG out: every kind of file, every kind of damage."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as Pil
from PIL import ImageCms
from PIL.JpegImagePlugin import JpegImageFile

from methods._base import BadInput, Image
from methods._photo.color import PROFILE_IGNORED
from methods._photo.files import load_image
from methods._photo.header import exif_orientation
from methods._photo.load import (
    EIGHT_BITS,
    FIRST_PICTURE,
    WIDE_COLORS,
    Limits,
    Photo,
    png_bytes,
    view_jpeg,
)
from tiers import EXAMPLES


def ramp(height: int = 40, width: int = 60) -> Image:
    """Smooth and asymmetrical, so that JPEG keeps it and every rotation shows."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    channels = (x / width, y / height, (x + 2 * y) / (width + 2 * height))
    return np.round(np.stack(channels, -1) * 255).astype(np.uint8)


def saved(pixels: NDArray[Any] | Pil.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture = Pil.fromarray(pixels) if isinstance(pixels, np.ndarray) else pixels
    if kind == "HEIF":
        from pillow_heif import from_pillow

        from_pillow(picture).save(file, quality=-1, chroma=444, **options)
    else:
        picture.save(file, kind, **options)
    return file.getvalue()


def refused(source: Any, **options: Any) -> BadInput:
    with pytest.raises(BadInput) as caught:
        load_image(source, **options)
    return caught.value


def alpha_of(photo: Photo) -> NDArray[np.uint8]:
    assert photo.alpha is not None
    return photo.alpha


def difference(a: NDArray[Any], b: NDArray[Any]) -> int:
    return int(np.abs(a.astype(int) - b.astype(int)).max())


# --- formats -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "shown", "options", "tolerance"),
    [
        ("PNG", "PNG", {}, 0),
        ("BMP", "BMP", {}, 0),
        ("TIFF", "TIFF", {}, 0),
        ("TIFF", "TIFF", {"compression": "tiff_lzw"}, 0),
        ("TIFF", "TIFF", {"compression": "tiff_adobe_deflate"}, 0),
        ("TIFF", "TIFF", {"compression": "jpeg", "quality": 95}, 12),
        ("TIFF", "TIFF", {"big_tiff": True}, 0),
        ("WEBP", "WEBP", {"lossless": True}, 0),
        ("WEBP", "WEBP", {"quality": 95}, 24),
        ("JPEG", "JPEG", {"quality": 95, "subsampling": 0}, 6),
        ("JPEG", "JPEG", {"quality": 95, "subsampling": 0, "progressive": True}, 6),
        ("AVIF", "AVIF", {"quality": 95, "subsampling": "4:4:4"}, 8),
        ("HEIF", "HEIC", {}, 3),
        ("GIF", "GIF", {}, 40),
    ],
)
def test_formats(kind: str, shown: str, options: dict[str, Any], tolerance: int) -> None:
    photo = load_image(saved(ramp(), kind, **options))
    assert photo.format == shown
    assert photo.rgb.shape == (40, 60, 3)
    assert photo.rgb.dtype == np.uint8
    assert difference(photo.rgb, ramp()) <= tolerance
    assert photo.alpha is None
    assert photo.notes == ()
    assert photo.size == (40, 60)


def test_result_is_contiguous_and_read_only() -> None:
    for data in (saved(ramp(), "PNG"), saved(ramp(), "JPEG", exif=_exif(6))):
        photo = load_image(data)
        assert photo.rgb.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            photo.rgb[0, 0] = 1


def test_jpeg_equals_pillow_bit_for_bit(examples_dir: Path) -> None:
    for options in ({}, {"subsampling": 2}, {"progressive": True}, {"keep_rgb": True}):
        data = saved(ramp(77, 131), "JPEG", quality=80, **options)
        assert np.array_equal(load_image(data).rgb, np.asarray(Pil.open(io.BytesIO(data))))
    path = examples_dir / "dogs.jpg"
    assert np.array_equal(load_image(path).rgb, np.asarray(Pil.open(path).convert("RGB")))


def test_sources_are_equal(tmp_path: Path) -> None:
    data = saved(ramp(), "PNG")
    path = tmp_path / "summer.png"
    path.write_bytes(data)
    with path.open("rb") as file:
        photos = [load_image(source) for source in (data, path, str(path), file, io.BytesIO(data))]
    assert all(np.array_equal(photo.rgb, ramp()) for photo in photos)
    assert [photo.name for photo in photos] == ["The file", *["summer.png"] * 2, *["The file"] * 2]
    assert load_image(data, name="../a/b\\c\n.png").name == "c.png"


def test_key_tells_pixels_and_shape_apart() -> None:
    black = load_image(saved(np.zeros((4, 6, 3), np.uint8), "PNG"))
    again = load_image(saved(np.zeros((4, 6, 3), np.uint8), "BMP"))
    tall = load_image(saved(np.zeros((6, 4, 3), np.uint8), "PNG"))
    assert black.key == again.key
    assert len(black.key) == 64
    assert len({black.key, tall.key, load_image(saved(ramp(), "PNG")).key}) == 3


# --- colour modes ------------------------------------------------------------------------


def test_grey_bilevel_and_palette() -> None:
    grey = ramp()[..., 0]
    for kind in ("PNG", "JPEG", "TIFF", "WEBP"):
        rgb = load_image(saved(grey, kind)).rgb
        assert difference(rgb[..., 0], grey) <= 6
    two = grey > 100
    for kind in ("PNG", "TIFF", "BMP"):
        rgb = load_image(saved(Pil.fromarray(two), kind)).rgb
        assert np.array_equal(rgb[..., 1], np.where(two, 255, 0))
    palette = Pil.fromarray(ramp()).quantize(64)
    for kind in ("PNG", "GIF", "BMP", "TIFF"):
        assert np.array_equal(
            load_image(saved(palette, kind)).rgb, np.asarray(palette.convert("RGB"))
        )


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled(kind: str) -> None:
    values = np.linspace(0, 65535, 600).astype(np.uint16).reshape(20, 30)
    photo = load_image(saved(values, kind))
    assert difference(photo.rgb[..., 2], np.round(values / 257)) <= 1
    assert photo.rgb.max() == 255
    assert photo.notes == (EIGHT_BITS,)
    assert load_image(saved(values // 4, kind)).rgb.max() == 64  # scaled, not stretched


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bit_color_is_scaled(suffix: str) -> None:
    values = ramp().astype(np.uint16) * 257
    done, data = cv2.imencode(suffix, values[..., ::-1])
    photo = load_image(bytes(data))
    assert done
    assert difference(photo.rgb, ramp()) <= 1
    assert photo.notes == (EIGHT_BITS,)


def test_sixteen_bit_grey_with_white_as_zero() -> None:
    values = np.linspace(0, 65535, 600).astype(np.uint16).reshape(20, 30)
    data = bytearray(saved(values, "TIFF"))
    at = data.find(struct.pack("<HHI", 262, 3, 1))
    data[at + 8] = 0
    assert difference(load_image(bytes(data)).rgb[..., 0], 255 - values / 257) <= 1


@pytest.mark.parametrize(
    ("values", "white"),
    [
        (np.linspace(0, 1, 64, dtype=np.float32), 1.0),
        (np.linspace(-3, 255, 64, dtype=np.float32), 255.0),
        (np.linspace(0, 40000, 64, dtype=np.float32), 65535.0),
        (np.linspace(0, 1e9, 64, dtype=np.float32), 1e9),
        (np.linspace(0, 60000, 64).astype(np.int32), 65535.0),
        (np.linspace(-5, 200, 64).astype(np.int32), 255.0),
    ],
)
def test_floats_and_long_integers(values: NDArray[Any], white: float) -> None:
    photo = load_image(saved(values.reshape(8, 8), "TIFF"))
    expected = np.clip(values.astype(np.float64), 0, None) * 255 / white
    assert difference(photo.rgb[..., 0].ravel(), np.round(expected)) <= 1
    assert photo.notes == (EIGHT_BITS,)


def test_not_a_number_is_black() -> None:
    values = np.full((4, 4), 0.5, np.float32)
    values[0, 0], values[1, 1] = np.nan, np.inf
    rgb = load_image(saved(values, "TIFF")).rgb
    assert rgb[0, 0].tolist() == [0, 0, 0]
    assert rgb[2, 2].tolist() == [128, 128, 128]


def test_cmyk_without_profile() -> None:
    picture = Pil.fromarray(ramp()).convert("CMYK")
    for kind in ("JPEG", "TIFF"):  # Pillow writes Adobe's inverted CMYK into a JPEG
        options = {"quality": 98} if kind == "JPEG" else {}
        assert difference(load_image(saved(picture, kind, **options)).rgb, ramp()) <= 8


def test_lab() -> None:
    white = Pil.new("LAB", (5, 4), (255, 128, 128))
    assert load_image(saved(white, "TIFF")).rgb.min() >= 250


# --- transparency ------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("WEBP", {"lossless": True})])
def test_transparency_is_kept_and_put_back(kind: str, options: dict[str, Any]) -> None:
    alpha = ramp()[..., 2]
    photo = load_image(saved(np.dstack((ramp(), alpha)), kind, exact=True, **options))
    assert photo.alpha is not None
    assert np.array_equal(photo.rgb, ramp())
    assert np.array_equal(alpha_of(photo), alpha)
    assert not photo.alpha.flags.writeable
    again = np.asarray(Pil.open(io.BytesIO(png_bytes(photo.rgb, photo.alpha))))
    assert np.array_equal(again, np.dstack((ramp(), alpha)))


def test_opaque_alpha_is_none() -> None:
    opaque = np.full((40, 60), 255, np.uint8)
    assert load_image(saved(np.dstack((ramp(), opaque)), "PNG")).alpha is None


def test_transparency_of_other_modes() -> None:
    half = np.zeros((40, 60), np.uint8)
    half[:, 30:] = 200
    grey = Pil.merge("LA", (Pil.fromarray(ramp()[..., 0]), Pil.fromarray(half)))
    photo = load_image(saved(grey, "PNG"))
    assert np.array_equal(alpha_of(photo), half)
    assert np.array_equal(photo.rgb[..., 1], ramp()[..., 0])
    palette = Pil.fromarray((half // 200).astype(np.uint8), "L").convert("P")
    photo = load_image(saved(palette, "PNG", transparency=0))
    assert np.array_equal(alpha_of(photo), np.where(half, 255, 0))
    photo = load_image(saved(palette, "GIF", transparency=1))
    assert np.array_equal(alpha_of(photo), np.where(half, 0, 255))
    colors = np.where(half[..., None], ramp(), np.uint8(7))
    photo = load_image(saved(colors, "PNG", transparency=(7, 7, 7)))
    assert np.array_equal(alpha_of(photo), np.where(half, 255, 0))
    deep = np.where(half, np.uint16(40000), np.uint16(9))
    photo = load_image(saved(deep, "PNG", transparency=9))
    assert np.array_equal(alpha_of(photo), np.where(half, 255, 0))


def test_transparent_heic_and_avif() -> None:
    pixels = np.dstack((ramp(64, 64), np.where(np.eye(64), 0, 255).astype(np.uint8)))
    for kind in ("HEIF", "AVIF"):
        photo = load_image(saved(pixels, kind))
        assert photo.alpha is not None
        assert photo.alpha[0, 0] < 40
        assert photo.alpha[0, 60] > 215


# --- orientation -------------------------------------------------------------------------


def _exif(orientation: int) -> bytes:
    exif = Pil.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def _upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """EXIF 2.32, 4.6.5: which side of the picture the first row and column are."""
    turned: dict[int, Callable[[], NDArray[Any]]] = {
        1: lambda: pixels,
        2: lambda: pixels[:, ::-1],
        3: lambda: pixels[::-1, ::-1],
        4: lambda: pixels[::-1],
        5: lambda: pixels.swapaxes(0, 1),
        6: lambda: np.rot90(pixels, -1),
        7: lambda: pixels[::-1, ::-1].swapaxes(0, 1),
        8: lambda: np.rot90(pixels),
    }
    return turned[orientation]()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "AVIF"])
def test_exif_orientation(kind: str, orientation: int) -> None:
    options: dict[str, Any] = {"quality": 95, "subsampling": "4:4:4"}
    tolerance, pixels = 8, ramp()
    if kind not in ("JPEG", "AVIF"):
        options, tolerance = {"lossless": True}, 0
        pixels = np.dstack((ramp(), ramp()[..., 2]))
    photo = load_image(saved(pixels, kind, exif=_exif(orientation), **options))
    assert difference(photo.rgb, _upright(ramp(), orientation)) <= tolerance
    assert photo.rgb.shape == _upright(ramp(), orientation).shape
    if pixels.shape[2] == 4:
        assert np.array_equal(alpha_of(photo), _upright(ramp()[..., 2], orientation))


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_heic_orientation(orientation: int) -> None:
    photo = load_image(saved(ramp(), "HEIF", exif=_exif(orientation)))
    assert difference(photo.rgb, _upright(ramp(), orientation)) <= 3


def test_broken_exif_is_upright() -> None:
    for exif in (b"", b"Exif\0\0II*\0", b"MM\0*\0\0\0\x08\xff\xff", b"II*\0\xff\xff\xff\x7f"):
        assert exif_orientation(exif) == 1
    assert exif_orientation(_exif(9)) == 1
    assert exif_orientation(_exif(6)) == 6
    photo = load_image(saved(ramp(), "JPEG", exif=b"Exif\0\0rubbish"))
    assert photo.rgb.shape == (40, 60, 3)


# --- colour profiles ---------------------------------------------------------------------


def _icc(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A minimal ICC version 2 profile (ICC.1:2001, 6.1 and 6.2)."""
    table, body, start = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, value in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(value))
        body += value + b"\0" * (-len(value) % 4)
    size = 128 + len(table) + len(body)
    kind, connection = (b"prtr", b"Lab ") if space == b"CMYK" else (b"mntr", b"XYZ ")
    head = struct.pack(">I4xI4s4s4s12x4s", size, 0x02100000, kind, space, connection, b"acsp")
    illuminant = _xyz(0.9642, 1, 0.8249)[8:]
    return (head.ljust(68, b"\0") + illuminant).ljust(128, b"\0") + table + body


def _xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def _gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH2x", 1, round(value * 256))


def _adobe_rgb() -> bytes:
    """Adobe RGB (1998): primaries adapted to D50, gamma 2.2."""
    return _icc(
        b"RGB ",
        {
            b"wtpt": _xyz(0.9642, 1, 0.8249),
            b"rXYZ": _xyz(0.60974, 0.31111, 0.01947),
            b"gXYZ": _xyz(0.20528, 0.62567, 0.06087),
            b"bXYZ": _xyz(0.14919, 0.06322, 0.74457),
            **{name: _gamma(2.19921875) for name in (b"rTRC", b"gTRC", b"bTRC")},
        },
    )


def _grey_gamma(value: float) -> bytes:
    return _icc(b"GRAY", {b"wtpt": _xyz(0.9642, 1, 0.8249), b"kTRC": _gamma(value)})


def test_wide_gamut_becomes_srgb() -> None:
    """(200, 100, 50) in Adobe RGB is (227, 100, 42) in sRGB, by the two standards."""
    pixels = np.full((20, 30, 3), (200, 100, 50), np.uint8)
    for kind in ("PNG", "TIFF", "JPEG"):
        options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
        photo = load_image(saved(pixels, kind, icc_profile=_adobe_rgb(), **options))
        assert difference(photo.rgb[5, 5], _adobe_to_srgb((200, 100, 50))) <= 3, kind
        assert photo.notes == ()
    photo = load_image(saved(pixels, "WEBP", icc_profile=_adobe_rgb(), lossless=True))
    assert difference(photo.rgb[5, 5], _adobe_to_srgb((200, 100, 50))) <= 3
    for kind in ("AVIF", "HEIF"):
        photo = load_image(saved(pixels, kind, icc_profile=_adobe_rgb()))
        assert difference(photo.rgb[5, 5], _adobe_to_srgb((200, 100, 50))) <= 6, kind


def _adobe_to_srgb(color: tuple[int, int, int]) -> NDArray[Any]:
    """The standards' formulas: decode, two matrices over XYZ (D65), sRGB's curve."""
    linear = (np.array(color) / 255) ** 2.19921875
    to_xyz = [[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]]
    to_rgb = [[3.24045, -1.53714, -0.49853], [-0.96927, 1.87601, 0.04156], [0.05564, -0.204, 1.057]]
    light = np.clip(np.array(to_rgb) @ (np.array(to_xyz) @ linear), 0, 1)
    curve = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(curve * 255)


def test_real_profiles(examples_dir: Path) -> None:
    """The rocket's photo is in Adobe RGB, the astronaut's in one of the many sRGBs."""
    stored = np.asarray(Pil.open(examples_dir / "rocket.jpg"))
    shown = load_image(examples_dir / "rocket.jpg").rgb
    for y, x in ((100, 100), (300, 320), (420, 600)):
        r, g, b = stored[y, x].tolist()
        assert difference(shown[y, x], _adobe_to_srgb((r, g, b))) <= 3
    stored = np.asarray(Pil.open(examples_dir / "astronaut.png"))
    assert np.array_equal(load_image(examples_dir / "astronaut.png").rgb, stored)


def test_srgb_profile_changes_no_pixel() -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for kind in ("PNG", "JPEG", "TIFF"):
        tagged, bare = saved(ramp(), kind, icc_profile=icc), saved(ramp(), kind)
        assert np.array_equal(load_image(tagged).rgb, load_image(bare).rgb)


def test_grey_profile() -> None:
    grey = np.full((20, 30), 100, np.uint8)
    photo = load_image(saved(grey, "PNG", icc_profile=_grey_gamma(1.0)))
    light = 100 / 255
    expected = round(255 * (1.055 * light ** (1 / 2.4) - 0.055))
    assert difference(photo.rgb[3, 3], np.array([expected] * 3)) <= 2
    alpha = np.full((20, 30), 9, np.uint8)
    layered = Pil.merge("LA", (Pil.fromarray(grey), Pil.fromarray(alpha)))
    photo = load_image(saved(layered, "PNG", icc_profile=_grey_gamma(1.0)))
    assert difference(photo.rgb[3, 3], np.array([expected] * 3)) <= 2


def test_rgb_profile_on_grey_picture() -> None:
    grey = np.full((20, 30), 100, np.uint8)
    photo = load_image(saved(grey, "JPEG", quality=100, icc_profile=_adobe_rgb()))
    assert photo.notes == ()
    assert difference(photo.rgb[3, 3], _adobe_to_srgb((100, 100, 100))) <= 3


@pytest.mark.parametrize("icc", [b"rubbish" * 50, b"x", _adobe_rgb()[:200], _grey_gamma(2.2)])
def test_unusable_profile_is_ignored_with_a_note(icc: bytes) -> None:
    for kind in ("PNG", "JPEG"):
        photo = load_image(saved(ramp(), kind, icc_profile=icc))
        assert photo.notes == (PROFILE_IGNORED,)
        assert np.array_equal(photo.rgb, load_image(saved(ramp(), kind)).rgb)


def test_rgb_profile_on_cmyk_is_ignored_with_a_note() -> None:
    picture = Pil.fromarray(ramp()).convert("CMYK")
    photo = load_image(saved(picture, "TIFF", icc_profile=_adobe_rgb()))
    assert photo.notes == (PROFILE_IGNORED,)
    assert difference(photo.rgb, ramp()) <= 2


def test_cmyk_profile() -> None:
    """A profile that reads C, M, Y as inverted Lab-like ramps differs from the plain formula."""
    picture = Pil.new("CMYK", (20, 30), (255, 0, 0, 0))
    photo = load_image(saved(picture, "TIFF", icc_profile=_cmyk_profile()))
    assert photo.notes == ()
    # The profile says: one ink is mid-grey (L* = 50), whatever its colour.
    assert difference(photo.rgb[3, 3], np.array([119, 119, 119])) <= 6


def _cmyk_profile() -> bytes:
    """Two-point lut8 from CMYK to Lab: L* = 100 - 50 * (number of full inks), neutral."""
    nodes = np.array([[max(0, 255 - 128 * bin(n).count("1")), 128, 128] for n in range(16)])
    identity = bytes(range(256))
    head = struct.pack(">4s4xBBBx", b"mft1", 4, 3, 2)
    matrix = struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    table = nodes.astype(np.uint8).tobytes()
    lut = head + matrix + identity * 4 + table + identity * 3
    return _icc(b"CMYK", {b"wtpt": _xyz(0.9642, 1, 0.8249), b"A2B0": lut})


def test_wide_colors_without_profile_are_remarked() -> None:
    data = saved(ramp(), "AVIF")
    at = data.find(b"colrnclx")
    assert at > 0
    wide = data[: at + 8] + b"\0\x09\0\x10" + data[at + 12 :]  # BT.2020, PQ
    assert load_image(wide).notes == (WIDE_COLORS,)
    assert load_image(data).notes == ()


# --- several pictures --------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_first_picture_of_several(kind: str) -> None:
    red = Pil.new("RGB", (30, 20), (250, 10, 10))
    blue = Pil.new("RGB", (30, 20), (10, 10, 250))
    options = {"lossless": True} if kind == "WEBP" else {}
    photo = load_image(saved(red, kind, save_all=True, append_images=[blue] * 3, **options))
    assert difference(photo.rgb[10, 10], np.array([250, 10, 10])) <= 6
    assert photo.notes == (FIRST_PICTURE,)


def test_the_first_picture_of_a_jpeg_with_two_is_shown() -> None:
    red, blue = Pil.new("RGB", (30, 20), (250, 10, 10)), Pil.new("RGB", (30, 20), (10, 10, 250))
    photo = load_image(saved(red, "MPO", save_all=True, append_images=[blue]))
    assert photo.format == "JPEG"
    assert photo.notes == (FIRST_PICTURE,)
    assert difference(photo.rgb[10, 10], np.array([250, 10, 10])) <= 6


# --- bombs: refused by their headers -----------------------------------------------------


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _png_bomb(side: int) -> bytes:
    """A real picture of one bit a pixel, all zero: 400 megapixels in 50 kB."""
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * ((side // 8 + 1) * side), 9)
    chunks = _chunk(b"IHDR", head) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _with_size(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new)


@cache
def _bombs() -> dict[str, bytes]:
    """Small pictures whose headers claim 20000 x 20000 pixels, and a PNG that holds them."""
    tiny, small, huge = ramp(32, 32), 32, 20000
    heic = saved(ramp(64, 64), "HEIF")
    return {
        "PNG": _png_bomb(20000),
        "GIF": b"GIF89a" + struct.pack("<HH", huge, huge) + saved(tiny, "GIF")[10:],
        "BMP": _with_size(
            saved(tiny, "BMP"), struct.pack("<ii", small, small), struct.pack("<ii", huge, -huge)
        ),
        "JPEG": _with_size(
            saved(tiny, "JPEG"), struct.pack(">HH", small, small), struct.pack(">HH", huge, huge)
        ),
        "TIFF": saved(tiny, "TIFF")
        .replace(struct.pack("<HHIHH", 256, 4, 1, 32, 0), struct.pack("<HHII", 256, 4, 1, huge))
        .replace(struct.pack("<HHIHH", 257, 4, 1, 32, 0), struct.pack("<HHII", 257, 4, 1, huge))
        .replace(struct.pack("<HHIHH", 256, 3, 1, 32, 0), struct.pack("<HHII", 256, 4, 1, huge))
        .replace(struct.pack("<HHIHH", 257, 3, 1, 32, 0), struct.pack("<HHII", 257, 4, 1, huge)),
        "WEBP": _webp_claiming(16383),
        "HEIC": _with_size(heic, struct.pack(">II", 64, 64), struct.pack(">II", huge, huge)),
    }


def _webp_claiming(side: int) -> bytes:
    data = saved(np.dstack((ramp(), ramp()[..., 0])), "WEBP")
    at = data.find(b"VP8X") + 12
    return data[:at] + (side - 1).to_bytes(3, "little") * 2 + data[at + 6 :]


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "JPEG", "TIFF", "WEBP", "HEIC"])
def test_bombs_are_refused_by_their_headers(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = _bombs()[kind]
    _forbid_decoding(monkeypatch)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        error = refused(data, name=f"bomb.{kind}")
    assert error.code == "file_pixels"
    side = 16383 if kind == "WEBP" else 20000
    assert (error.details["width"], error.details["height"]) == (side, side)
    assert f"bomb.{kind}" in str(error)
    assert "50 megapixels" in str(error)


def _forbid_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(cv2, "imdecode", fail)
    monkeypatch.setattr(Pil.core, "new", fail)


def test_an_avif_that_lies_about_its_size() -> None:
    """The container says 64 x 64, the coded frame has 1200 x 1200 pixels."""
    data = saved(Pil.new("L", (1200, 1200), 90), "AVIF", speed=10)
    lie = _with_size(data, struct.pack(">II", 1200, 1200), struct.pack(">II", 64, 64))
    error = refused(lie, limits=Limits(megapixels=1))
    assert error.code == "file_pixels"
    assert error.details["width"] == 1200


@pytest.mark.parametrize(
    "options",
    [
        {"save_all": True, "append_images": [Pil.new("RGB", (48, 32))]},
        {"subsampling": "4:4:4", "quality": 100},
        {"tile_rows": 1, "tile_cols": 1, "speed": 8},
    ],
)
def test_honest_avif_sizes(options: dict[str, Any]) -> None:
    from methods._photo.av1 import largest_frame

    assert largest_frame(saved(Pil.new("RGB", (48, 32)), "AVIF", **options)) == (48, 32)


def test_limits_can_be_changed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = saved(ramp(), "PNG")
    assert refused(data, limits=Limits(megapixels=0.002)).code == "file_pixels"
    assert load_image(data, limits=Limits(megapixels=0.0024)).size == (40, 60)
    small = Limits(megabytes=len(data) / 1e6)
    assert load_image(data, limits=small).size == (40, 60)
    smaller = Limits(megabytes=(len(data) - 1) / 1e6)
    path = tmp_path / "photo.png"
    path.write_bytes(data)
    for source in (data, path, io.BytesIO(data)):
        assert refused(source, limits=smaller).code == "file_bytes"
    monkeypatch.setenv("ERASER_LAB_MAX_MEGAPIXELS", "0.001")
    assert Limits.from_environment() == Limits(0.001, 64)
    assert refused(data).code == "file_pixels"
    for wrong in ("-1", "0", "many", "nan", "inf"):
        monkeypatch.setenv("ERASER_LAB_MAX_MEGAPIXELS", wrong)
        with pytest.raises(ValueError, match="ERASER_LAB_MAX_MEGAPIXELS"):
            Limits.from_environment()


def test_a_stream_is_read_no_further_than_the_limit() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            assert size > 0
            self.given += min(size, 4096)
            return b"\x89" * min(size, 4096)

    stream = Endless()
    assert refused(stream, limits=Limits(megabytes=0.1)).code == "file_bytes"
    assert stream.given <= 0.1e6 + 4096


def test_endless_files_are_not_opened() -> None:
    for path in ("/dev/zero", "/dev/stdin"):
        if Path(path).exists():
            assert refused(path).code == "file_missing"


def test_pillows_own_limit_plays_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pil, "MAX_IMAGE_PIXELS", 10)
    for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert load_image(saved(ramp(), kind)).size == (40, 60)


# --- files that would keep a decoder busy ------------------------------------------------


def test_metadata_does_not_reach_the_decoder() -> None:
    """Pillow joins EXIF segments and GIF comments one by one: quadratic in the file's size."""
    jpeg = saved(ramp(), "JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", 60000) + b"Exif\0\0" + b"\1" * 59992
    photo = load_image(jpeg[:2] + segment * 300 + jpeg[2:])
    assert np.array_equal(photo.rgb, load_image(jpeg).rgb)
    gif = saved(ramp(), "GIF")
    palette_end = 13 + (3 << ((gif[10] & 7) + 1))
    comment = b"!\xfe" + (b"\xff" + b"c" * 255) * 40_000 + b"\0"
    photo = load_image(gif[:palette_end] + comment + gif[palette_end:])
    assert np.array_equal(photo.rgb, load_image(gif).rgb)


def test_tags_that_share_their_values_are_not_copied() -> None:
    """4000 entries of one megabyte each, all at one place: Pillow would hold four gigabytes."""
    tags = [(256, 4, 1, 8), (257, 4, 1, 8), (258, 3, 1, 8), (262, 3, 1, 1), (278, 4, 1, 8)]
    tags += [(273, 4, 1, 8), (279, 4, 1, 64)]
    tags += [(40000 + n, 7, 1 << 20, 8) for n in range(4000)]
    pixels = bytes(range(64)) + b"\0" * (1 << 20)
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *t) for t in tags)
    data = b"II*\0" + struct.pack("<I", 8 + len(pixels)) + pixels + directory + b"\0" * 4
    assert load_image(data).rgb[..., 0].ravel().tolist() == list(range(64))
    shared = data.replace(struct.pack("<HHII", 273, 4, 1, 8), struct.pack("<HHII", 273, 4, 9**7, 8))
    assert refused(shared).code == "file_damaged"


@pytest.mark.parametrize(
    "build",
    [
        lambda: _with_scans(saved(ramp(), "JPEG", progressive=True), 101),
        lambda: b"\xff\xd8" + b"\xff\xfe\0\2" * 30_000 + saved(ramp(), "JPEG")[2:],
        lambda: saved(ramp(), "PNG")[:33] + _chunk(b"teSt", b"") * 100_001,
        lambda: saved(ramp(), "WEBP")[:12] + b"TEST\0\0\0\0" * 20_001,
    ],
    ids=["scans", "segments", "PNG chunks", "WebP chunks"],
)
def test_too_many_parts(build: Callable[[], bytes]) -> None:
    assert refused(build()).code == "file_damaged"


def _with_scans(jpeg: bytes, count: int) -> bytes:
    """The last scan again and again: each costs the decoder a pass over all pixels."""
    last = jpeg.rfind(b"\xff\xda")
    return jpeg[:last] + jpeg[last:-2] * count + b"\xff\xd9"


def test_large_tiles_are_refused() -> None:
    tags = [(256, 4, 1, 16), (257, 4, 1, 16), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1)]
    tags += [(322, 4, 1, 60000), (323, 4, 1, 60000), (324, 4, 1, 8), (325, 4, 1, 64)]
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *t) for t in tags)
    data = b"II*\0" + struct.pack("<I", 72) + b"\0" * 64 + directory + b"\0" * 4
    assert refused(data).code == "file_damaged"


def test_run_length_bmp_is_refused() -> None:
    data = bytearray(saved(Pil.fromarray(ramp()).quantize(16), "BMP"))
    data[30] = 1
    assert refused(bytes(data)).code == "file_format"


# --- damage ------------------------------------------------------------------------------


KINDS = ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "HEIF"]


@pytest.mark.parametrize("kind", KINDS)
def test_truncated_files(kind: str) -> None:
    data = saved(ramp(200, 300), kind)
    for part in (0.9, 0.5, 0.1):
        error = refused(data[: int(len(data) * part)], name="photo.x")
        assert error.code == "file_damaged"
        assert (
            str(error) == "photo.x is damaged or incomplete; save it again or choose another file."
        )
    assert refused(data[:16]).code in ("file_damaged", "file_format")


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"P6 2 2 255 " + b"x" * 12,
        b"\0" * 99,
    ],
    ids=["SVG", "PDF", "PPM", "zeros"],
)
def test_other_files(data: bytes) -> None:
    error = refused(data, name="paper.pdf")
    assert error.code == "file_format"
    assert "HEIC" in str(error)


def test_formats_of_pillow_that_nobody_asked_for() -> None:
    for kind in ("ICO", "JPEG2000", "TGA", "PPM", "SGI", "EPS"):
        assert refused(saved(ramp(32, 32), kind)).code == "file_format"


def test_a_cameras_raw_file_is_not_mistaken_for_its_thumbnail() -> None:
    tiff = saved(ramp(), "TIFF", tiffinfo={50706: b"\1\4\0\0"})
    assert refused(tiff).code == "file_format"


def test_missing_empty_and_unreadable(tmp_path: Path) -> None:
    assert refused(b"").code == "file_empty"
    assert refused(tmp_path).code == "file_missing"
    error = refused(tmp_path / "gone.jpg")
    assert error.code == "file_missing"
    assert str(error).startswith("gone.jpg cannot be opened")
    assert str(tmp_path) not in str(error)
    assert refused("no\0name").code == "file_missing"


_SEEDS = {kind: saved(ramp(24, 32), kind) for kind in KINDS}


@settings(max_examples=EXAMPLES)
@given(st.sampled_from(KINDS), st.data())
def test_any_damage_is_a_picture_or_a_sentence(kind: str, data: st.DataObject) -> None:
    """Whatever bytes come: a valid photo or a BadInput, never another error."""
    damaged = bytearray(_SEEDS[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            photo = load_image(bytes(damaged), limits=Limits(megapixels=1))
        except BadInput as error:
            assert error.code in ("file_damaged", "file_format", "file_pixels")
        else:
            assert photo.rgb.dtype == np.uint8
            assert photo.rgb.shape == (*photo.size, 3)


# --- encoding ----------------------------------------------------------------------------


@settings(max_examples=30)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 9), st.booleans(), st.randoms())
def test_png_is_lossless(h: int, w: int, level: int, with_alpha: bool, random: Any) -> None:
    noise = np.random.default_rng(random.getrandbits(32))
    rgb = noise.integers(0, 256, (h, w, 3), np.uint8)
    alpha = noise.integers(0, 256, (h, w), np.uint8) if with_alpha else None
    before = rgb.copy()
    opened = Pil.open(io.BytesIO(png_bytes(rgb, alpha, compress_level=level)))
    opened.load()
    expected = rgb if alpha is None else np.dstack((rgb, alpha))
    assert np.array_equal(np.asarray(opened), expected)
    assert opened.info["srgb"] == 0
    assert np.array_equal(rgb, before)


def test_png_comes_back_through_load_image() -> None:
    photo = load_image(png_bytes(ramp()))
    assert np.array_equal(photo.rgb, ramp())
    assert photo.notes == ()


def test_view_jpeg() -> None:
    opened = Pil.open(io.BytesIO(view_jpeg(ramp(300, 500), longest_side=100)))
    assert opened.size == (100, 60)
    assert isinstance(opened, JpegImageFile)
    assert [layer[1:3] for layer in opened.layer] == [(1, 1)] * 3  # 4:4:4
    assert difference(np.asarray(opened), cv2.resize(ramp(300, 500), (100, 60))) <= 12
    assert Pil.open(io.BytesIO(view_jpeg(ramp(30, 50)))).size == (50, 30)
    assert Pil.open(io.BytesIO(view_jpeg(ramp(2, 3000), longest_side=100))).size == (100, 1)
    rough, fine = (len(view_jpeg(ramp(200, 200), quality=quality)) for quality in (30, 95))
    assert rough < fine
