"""Small folders of photos and masks for the tests of tables."""

from __future__ import annotations

import zlib
from pathlib import Path

import cv2
import numpy as np

from methods import Image, Mask, png_bytes, view_jpeg
from segmentation import mask_png

SIZE = (120, 160)


def scene(seed: int = 0, size: tuple[int, int] = SIZE) -> Image:
    """A smooth picture with a few edges, another one for each seed."""
    chance = np.random.default_rng(seed)
    picture = chance.integers(40, 220, (*size, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(picture, (0, 0), 9)
    rows = np.arange(size[0])[:, None, None] // 20 % 2
    return np.clip((soft - soft.mean()) * 6 + 120 + 30 * rows, 0, 255).astype(np.uint8)


def hole(size: tuple[int, int] = SIZE, shift: int = 0) -> Mask:
    """A disc in the middle."""
    rows, columns = np.ogrid[: size[0], : size[1]]
    reach = min(size) / 5
    return (rows - size[0] / 2) ** 2 + (columns - size[1] / 2 - shift) ** 2 < reach**2


def put_case(
    folder: Path,
    name: str,
    seed: int = 0,
    size: tuple[int, int] = SIZE,
    truth: bool = False,
) -> None:
    """NAME.png and NAME-mask.png, and NAME-truth.png where asked."""
    folder.mkdir(parents=True, exist_ok=True)
    clean, mask = scene(seed, size), hole(size)
    photo = clean.copy()
    photo[mask] = (220, 30, 30)
    (folder / f"{name}.png").write_bytes(png_bytes(photo))
    (folder / f"{name}-mask.png").write_bytes(mask_png(mask))
    if truth:
        (folder / f"{name}-truth.png").write_bytes(png_bytes(clean))


def huge_png(width: int, height: int) -> bytes:
    """A black PNG of one bit a pixel: 100 megapixels are a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return len(data).to_bytes(4, "big") + checked + zlib.crc32(checked).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([1, 0, 0, 0, 0])
    rows = zlib.compress(bytes((width + 7) // 8 + 1) * height, 9)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def small_jpeg(seed: int = 0) -> bytes:
    """A scene as JPEG."""
    return view_jpeg(scene(seed))
