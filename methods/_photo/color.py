"""Colour profiles to sRGB (ICC.1, through LittleCMS in Pillow)."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from PIL import Image as Pil
from PIL import ImageCms

from methods._base import Image, Text
from methods._photo.header import MAX_PROFILE
from methods._system.container import cores

PROFILE_IGNORED = Text("note.photo.profile_ignored")
_BAND = 256  # rows converted at a time, so that nothing of the photo's size is held twice
_NO_PROFILE = (ImageCms.PyCMSError, OSError, ValueError, TypeError)
_SPACE = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}


def to_srgb(picture: Pil.Image | Image, icc: bytes | None) -> tuple[Image, Text | None]:
    """(H, W, 3) uint8 sRGB and, where the profile was of no use, a remark.

    picture: (H, W) or (H, W, 3) uint8, or a Pillow picture of mode L, RGB, CMYK, LAB or any
    that Pillow itself converts to RGB. A profile that changes no colour by more than
    two levels leaves the pixels as they are. Relative colorimetric, with black point compensation,
    as photo editors do.
    """
    mode = _mode(picture)
    if mode == "LAB":
        return _convert(picture, _lab_transform()), None
    if icc is None:
        return _plain(picture), None
    try:
        transform, mode = _transform(icc, mode)
    except _NO_PROFILE:
        return _plain(picture), PROFILE_IGNORED
    if mode != "CMYK" and _changes_nothing(transform, mode):
        return _plain(picture), None
    return _convert(_plain(picture) if mode == "RGB" else picture, transform), None


def profile_counts(icc: bytes | None, mode: str) -> bool:
    """Whether `to_srgb` changes colours of a picture of that mode (L, RGB or CMYK) by that
    profile."""
    if icc is None:
        return False
    try:
        transform, mode = _transform(icc, mode)
    except _NO_PROFILE:
        return False
    return mode == "CMYK" or not _changes_nothing(transform, mode)


def _mode(picture: Pil.Image | Image) -> str:
    if isinstance(picture, np.ndarray):
        return "L" if picture.ndim == 2 else "RGB"
    return str(picture.mode)


def _plain(picture: Pil.Image | Image) -> Image:
    """RGB without a profile."""
    if not isinstance(picture, np.ndarray):
        return np.asarray(picture.convert("RGB"))
    return cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB) if picture.ndim == 2 else picture


def _transform(icc: bytes, mode: str) -> tuple[ImageCms.ImageCmsTransform, str]:
    """A transform to sRGB and the mode it takes; ValueError where the profile does not fit."""
    if not 128 <= len(icc) < MAX_PROFILE:
        raise ValueError("not the size of a profile")
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    space = profile.profile.xcolor_space.strip()
    if mode != "CMYK" and space == "RGB":
        mode = "RGB"  # a grey picture with an RGB profile is common and means R = G = B
    if _SPACE.get(mode) != space:
        raise ValueError(f"a {space} profile on a {mode} picture")
    return (
        ImageCms.buildTransform(
            profile,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        ),
        mode,
    )


def _lab_transform() -> ImageCms.ImageCmsTransform:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB")


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Most profiles are sRGB under one of its many names; try a lattice of colours."""
    steps = np.linspace(0, 255, 18).round().astype(np.uint8)
    if mode == "L":
        lattice = np.arange(256, dtype=np.uint8)[None]
    else:
        lattice = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(1, -1, 3)
    moved = cv2.absdiff(_convert(lattice, transform), _plain(lattice))
    return int(moved.max()) <= 2


def _convert(picture: Pil.Image | Image, transform: ImageCms.ImageCmsTransform) -> Image:
    if isinstance(picture, np.ndarray):
        height, width = picture.shape[:2]
    else:
        width, height = picture.size
    converted = np.empty((height, width, 3), np.uint8)

    def convert(top: int) -> None:
        bottom = min(top + _BAND, height)
        if isinstance(picture, np.ndarray):
            band = Pil.fromarray(picture[top:bottom])
        else:
            band = picture.crop((0, top, width, bottom))
        converted[top:bottom] = np.asarray(ImageCms.applyTransform(band, transform))

    with ThreadPoolExecutor(min(4, cores())) as threads:
        list(threads.map(convert, range(0, height, _BAND)))
    return converted
