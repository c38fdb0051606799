"""sRGB to a file's own colour space, with 16 bits a colour: LittleCMS, through imagecodecs.

Pillow's own LittleCMS knows 8 bits a colour, which would show as steps in a file of 16.
"""

from __future__ import annotations

import io
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import ImageCms

_RELATIVE, _BLACK_POINT = 1, 0x2000
"""Relative colorimetric, with black point compensation: as `_photo.color` does the other way."""


def from_srgb(fine: NDArray[np.uint16], profile: bytes) -> NDArray[np.uint16]:
    """(h, w, C) uint16, in the profile's space: 1 grey, 3 RGB or 4 inks.

    fine: (h, w, 3) uint16, sRGB. profile: one that `_photo.color.profile_counts` knows.
    """
    return _moved(fine, profile, _SPACES[_space_of(profile)])


def lab_from_srgb(fine: NDArray[np.uint16], kind: np.dtype) -> NDArray[np.uint8 | np.uint16]:
    """(h, w, 3), CIE L*a*b* (D50) as TIFF stores it (TIFF 6.0, section 23): L* from 0, a* and b*
    signed; kind: uint8 or uint16."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    values = _moved(fine, profile, "lab") / 257  # L* 0 … 255, a* and b* with 128 = none
    if kind == np.uint8:
        return np.rint(values).astype(np.uint8) ^ np.array([0, 128, 128], np.uint8)
    light, *colours = np.moveaxis(values, -1, 0)
    signed = [np.rint((each - 128) * 256).astype(np.int16).view(np.uint16) for each in colours]
    return np.dstack((np.rint(light * 257).astype(np.uint16), *signed))


def _moved(fine: NDArray[np.uint16], profile: bytes, space: str) -> NDArray[np.uint16]:
    from imagecodecs import cms_transform

    moved = cms_transform(
        np.ascontiguousarray(fine),
        _srgb(),
        profile,
        colorspace="rgb",
        outcolorspace=space,
        outdtype="uint16",
        intent=_RELATIVE,
        flags=_BLACK_POINT,
    )
    return np.asarray(moved).reshape(*fine.shape[:2], -1)


_SPACES = {"GRAY": "gray", "RGB": "rgb", "CMYK": "cmyk"}


def _space_of(profile: bytes) -> str:
    return str(ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.xcolor_space).strip()


@cache
def _srgb() -> bytes:
    return bytes(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
