"""Small files of every kind of samples, each with the samples that were put into it.

Nothing here is the program's: files are written, and read again, by Pillow, OpenCV, tifffile,
imagecodecs and pillow-heif. Where a format keeps what it is given, the samples that a file is
expected to hold are the ones that went in, and no decoder has a say in it.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import imagecodecs
import numpy as np
import pillow_heif
import tifffile
from numpy.typing import NDArray
from PIL import Image as Pil
from PIL import ImageOps

Samples = NDArray[Any]


@dataclass(frozen=True)
class Made:
    """A file. samples: (H, W, C), upright. saved_as: what a result of it is, if nothing is wished;
    deeper: by how many bits its numbers are shifted in a PNG or TIFF."""

    data: bytes
    samples: Samples
    saved_as: str
    deeper: int = 0


def made(kind: str, noise: np.random.Generator, size: tuple[int, int]) -> Made:
    """size: (H, W)."""
    return KINDS[kind](noise, size)


# --- what was written, read by others -----------------------------------------------------------


def stored(data: bytes) -> Samples:
    """(H, W, C): what a PNG, TIFF, WebP or AVIF holds, with palettes looked up; colours, then
    alpha."""
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return _stored_tiff(data)
    if data[:4] == b"\x89PNG" and data[24] == 16:
        return _stored_deep_png(data)
    if data[4:12] == b"ftypavif":  # by OpenCV's own libavif, for which Pillow has 8 bits alone
        return _in_order(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED))
    return _with_channels(_by_pillow(Pil.open(io.BytesIO(data))))


def _in_order(pixels: Any) -> Samples:
    order = [2, 1, 0, 3] if pixels.shape[2] == 4 else [2, 1, 0]
    return np.asarray(pixels[..., order])


def _stored_deep_png(data: bytes) -> Samples:
    pixels = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED))
    if data[25] == 4:  # grey with alpha, for which OpenCV has no form of its own
        return np.asarray(pixels[..., [0, 3]])
    if pixels.ndim == 2:
        return np.asarray(pixels[..., None])
    return _in_order(pixels)


def _stored_tiff(data: bytes) -> Samples:
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        if page.photometric == 3 or page.bitspersample == 1:
            return _with_channels(_by_pillow(Pil.open(io.BytesIO(data))))
        return _with_channels(page.asarray())


def _by_pillow(opened: Pil.Image) -> Samples:
    clear = "transparency" in opened.info
    if opened.mode == "P":
        return np.asarray(opened.convert("RGBA" if clear else "RGB"))
    if opened.mode == "1":
        return np.asarray(opened).astype(np.uint8) * 255
    return np.asarray(opened)


def _with_channels(samples: Samples) -> Samples:
    return samples[..., None] if samples.ndim == 2 else samples


def upright(samples: Samples, orientation: int) -> Samples:
    """As Pillow turns a picture of that orientation."""
    height, width = samples.shape[:2]
    places = Pil.fromarray(np.arange(height * width, dtype=np.int32).reshape(height, width))
    places.getexif()[274] = orientation
    turned = np.asarray(ImageOps.exif_transpose(places))
    return samples.reshape(height * width, -1)[turned]


# --- kinds ----------------------------------------------------------------------------------


def _some(noise: np.random.Generator, size: tuple[int, int], channels: int, bits: int) -> Samples:
    """Smooth enough that fills can be like it, with all values possible."""
    values = noise.integers(0, 1 << bits, (*size, channels))
    return values.astype(np.uint8 if bits == 8 else np.uint16)


def _flat(samples: Samples) -> Samples:
    return samples[..., 0] if samples.shape[-1] == 1 else samples


def _saved(picture: Pil.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _png(channels: int, bits: int) -> Callable[..., Made]:
    def make(noise: np.random.Generator, size: tuple[int, int]) -> Made:
        samples = _some(noise, size, channels, bits)
        return Made(bytes(imagecodecs.png_encode(_flat(samples))), samples, "png")

    return make


def _tiff(channels: int, bits: int, photometric: str, **options: Any) -> Callable[..., Made]:
    def make(noise: np.random.Generator, size: tuple[int, int]) -> Made:
        samples = _some(noise, size, channels, bits)
        laid = _flat(samples)
        if options.get("planarconfig") == "separate":
            laid = np.ascontiguousarray(np.moveaxis(samples, -1, 0))
        data = tiff_bytes(laid, photometric=photometric, **options)
        shift = 16 - bits if 8 < bits < 16 else 0
        return Made(data, samples, "tiff", shift)

    return make


def tiff_bytes(laid: Samples, **options: Any) -> bytes:
    """As tifffile writes it."""
    file = io.BytesIO()
    tifffile.imwrite(file, laid, metadata=None, **options)
    return file.getvalue()


def _turned_tiff(noise: np.random.Generator, size: tuple[int, int]) -> Made:
    orientation = int(noise.integers(1, 9))
    samples = _some(noise, size, 3, 16)
    tag = (274, 3, 1, orientation, True)
    data = tiff_bytes(samples, photometric="rgb", extratags=[tag])
    return Made(data, upright(samples, orientation), "tiff")


def _fractions(channels: int, kind: str, photometric: str, **options: Any) -> Callable[..., Made]:
    def make(noise: np.random.Generator, size: tuple[int, int]) -> Made:
        samples = noise.normal(0.5, 0.4, (*size, channels)).astype(kind)
        samples.ravel()[:3] = np.nan, -2, 1
        data = tiff_bytes(_flat(samples), photometric=photometric, **options)
        return Made(data, samples, "tiff")

    return make


def _turned(kind: str, saved_as: str, **options: Any) -> Callable[..., Made]:
    def make(noise: np.random.Generator, size: tuple[int, int]) -> Made:
        orientation = int(noise.integers(1, 9))
        exif = Pil.Exif()
        exif[274] = orientation
        picture = Pil.fromarray(_some(noise, size, 3, 8))
        data = _saved(picture, kind, exif=exif, **options)
        samples = np.asarray(Pil.open(io.BytesIO(data)))
        return Made(data, upright(samples, orientation), saved_as)

    return make


def _webp(noise: np.random.Generator, size: tuple[int, int]) -> Made:
    """With colours where nothing can be seen."""
    samples = _some(noise, size, 4, 8)
    samples[::2, :, 3] = 0
    data = _saved(Pil.fromarray(samples), "WEBP", lossless=True, exact=True)
    return Made(data, samples, "webp")


def _palette(kind: str) -> Callable[..., Made]:
    def make(noise: np.random.Generator, size: tuple[int, int]) -> Made:
        picture = Pil.fromarray(_some(noise, size, 3, 8)).quantize(20)
        data = _saved(picture, kind, transparency=3) if kind != "TIFF" else _saved(picture, kind)
        return Made(
            data, _by_pillow(Pil.open(io.BytesIO(data))), "tiff" if kind == "TIFF" else "png"
        )

    return make


def _bits(noise: np.random.Generator, size: tuple[int, int]) -> Made:
    levels = noise.integers(0, 2, size).astype(np.bool_)
    data = _saved(Pil.fromarray(levels), "PNG")
    return Made(data, levels[..., None].astype(np.uint8) * 255, "png")


def _inks(noise: np.random.Generator, size: tuple[int, int]) -> Made:
    picture = Pil.fromarray(_some(noise, size, 4, 8), "CMYK")
    data = _saved(picture, "JPEG", quality=95)
    return Made(data, np.asarray(Pil.open(io.BytesIO(data))), "jpeg")


def _avif(channels: int, bits: int) -> Callable[..., Made]:
    def make(noise: np.random.Generator, size: tuple[int, int]) -> Made:
        samples = _some(noise, size, channels, bits)
        data = imagecodecs.avif_encode(samples, level=100, bitspersample=bits, speed=10)
        return Made(bytes(data), samples, "avif", 16 - bits if bits > 8 else 0)

    return make


def _heic(noise: np.random.Generator, size: tuple[int, int]) -> Made:
    laid = (_some(noise, size, 3, 10) << 6).tobytes()
    file = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", size[::-1], laid).save(file, quality=90)
    seen = pillow_heif.open_heif(file.getvalue(), convert_hdr_to_8bit=False)
    return Made(file.getvalue(), np.asarray(seen) >> 6, "png", 6)


KINDS: dict[str, Callable[[np.random.Generator, tuple[int, int]], Made]] = {
    **{f"png, {c} x {b}": _png(c, b) for c in (1, 2, 3, 4) for b in (8, 16)},
    "png, palette": _palette("PNG"),
    "png, bits": _bits,
    "png, turned": _turned("PNG", "png"),
    "tiff, grey 8": _tiff(1, 8, "minisblack"),
    "tiff, grey 12": _tiff(1, 12, "minisblack", bitspersample=12),
    "tiff, 0 is white": _tiff(1, 16, "miniswhite"),
    "tiff, 16 lzw": _tiff(3, 16, "rgb", compression="lzw", predictor=True),
    "tiff, 16 tiles": _tiff(3, 16, "rgb", tile=(16, 16), compression="zlib"),
    "tiff, 16 planes": _tiff(3, 16, "rgb", planarconfig="separate", bigtiff=True),
    "tiff, 16 alpha": _tiff(4, 16, "rgb", extrasamples=["unassalpha"], byteorder=">"),
    "tiff, 16 multiplied": _tiff(4, 16, "rgb", extrasamples=["assocalpha"]),
    "tiff, inks 8": _tiff(4, 8, "separated"),
    "tiff, inks 16": _tiff(4, 16, "separated"),
    "tiff, lab": _tiff(3, 8, "cielab"),
    "tiff, turned": _turned_tiff,
    "tiff, lab 16": _tiff(3, 16, "cielab"),
    "tiff, 12 in colour": _tiff(3, 12, "rgb", bitspersample=12),
    "tiff, grey and alpha": _tiff(2, 16, "minisblack", extrasamples=["unassalpha"]),
    "tiff, fractions": _fractions(1, "f4", "minisblack"),
    "tiff, fractions in colour": _fractions(3, "f4", "rgb"),
    "tiff, halves": _fractions(4, "f2", "rgb", extrasamples=["assocalpha"], byteorder=">"),
    "tiff, palette": _palette("TIFF"),
    "jpeg": _turned("JPEG", "jpeg", quality=90),
    "jpeg, inks": _inks,
    "webp": _turned("WEBP", "webp", quality=80),
    "webp, lossless": _webp,
    "gif": _palette("GIF"),
    "bmp": lambda noise, size: _of_bmp(noise, size),
    "avif, 8": _avif(3, 8),
    "avif, 10": _avif(3, 10),
    "avif, 12 alpha": _avif(4, 12),
    "heic, 10": _heic,
}


def _of_bmp(noise: np.random.Generator, size: tuple[int, int]) -> Made:
    samples = _some(noise, size, 3, 8)
    return Made(_saved(Pil.fromarray(samples), "BMP"), samples, "png")
