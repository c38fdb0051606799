"""An eraser's pixels, 8-bit sRGB, in the colours and at the depth of the file that they go into."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._base import Image
from methods._photo.color import profile_counts
from methods._saving.samples.original import Original, Samples
from methods._saving.samples.patch import AROUND
from methods._saving.samples.profiles import from_srgb, lab_from_srgb

_SEED = 20
_DEEP = 257
"""From 8 bits to 16."""

_WIDE = 2 * (AROUND // 3) + 1
"""Pixels; three such means reach as far as there is anything around the mask."""


def softened(rgb: Image, first_row: int = 0) -> NDArray[np.uint16]:
    """(h, w, 3) uint8 with levels between its own, 0 … 65535.

    Where a picture changes slowly, 8 bits show steps. They are smoothed, but no value leaves the
    interval that was rounded to its level; what is left of the steps goes under in noise of half a
    level. Black and white stay what they are. first_row: so that bands have noise of their own.
    """
    levels = rgb.astype(np.float32)
    smooth = levels
    for _ in range(3):  # which comes close to a Gaussian, at the same cost for any width
        smooth = cv2.blur(smooth, (_WIDE, _WIDE), borderType=cv2.BORDER_REFLECT)
    smooth -= levels
    np.clip(smooth, -0.5, 0.5, out=smooth)
    noise = np.random.default_rng((_SEED, first_row)).random(rgb.shape, np.float32)
    noise -= 0.5
    noise *= (rgb > 0) & (rgb < 255)
    smooth += noise
    smooth += levels
    smooth *= _DEEP
    return np.clip(np.rint(smooth, out=smooth), 0, 65535, out=smooth).astype(np.uint16)


def colours_for(rgb: Image, original: Original, first_row: int = 0) -> Samples:
    """(h, w, C) of the original's dtype, its colours without alpha. rgb: (h, w, 3) uint8, sRGB."""
    if original.bits <= 8 and original.space in ("rgb", "grey") and not _counts(original):
        return _as_stored(_grey(rgb) if original.space == "grey" else rgb, 255, original)
    fine = softened(rgb, first_row) if original.deep else rgb.astype(np.uint16) * np.uint16(_DEEP)
    if original.space == "lab":
        return lab_from_srgb(fine, original.samples.dtype)
    return _as_stored(_in_space(fine, original), 65535, original)


def _counts(original: Original) -> bool:
    mode = {"grey": "L", "rgb": "RGB", "cmyk": "CMYK"}.get(original.space)
    return mode is not None and _profile_counts(original.icc, mode)


_profile_counts = lru_cache(maxsize=4)(profile_counts)


def _in_space(fine: NDArray[np.uint16], original: Original) -> NDArray[np.uint16]:
    """(h, w, C) uint16: sRGB in the original's space."""
    if _counts(original):
        moved = from_srgb(fine, original.icc or b"")
        several = original.space == "grey" and moved.shape[2] > 1
        return moved[..., 1:2] if several else moved  # a grey picture with a profile for colours
    if original.space == "cmyk":  # as `_photo` sees inks without a profile
        return np.dstack((65535 - fine, np.zeros(fine.shape[:2], np.uint16)))
    return _grey(fine) if original.space == "grey" else fine


def _grey(rgb: Samples) -> Samples:
    """(h, w, 1): luma; of equal channels their value, exactly."""
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    equal = (rgb[..., 0] == rgb[..., 1]) & (rgb[..., 1] == rgb[..., 2])
    return np.asarray(np.where(equal, rgb[..., 0], luma))[..., None]


def _as_stored(values: Samples, top: int, original: Original) -> Samples:
    """0 … top as the original stores them."""
    kind = original.samples.dtype
    if top != original.white:
        scaled = values * (original.white / top)
        values = scaled if kind.kind == "f" else np.clip(np.rint(scaled), 0, np.iinfo(kind).max)
    if original.deep and original.bits < 16:
        short = values.astype(np.uint16) >> np.uint16(16 - original.bits)
        values = repeated(short, original.bits)
    values = values.astype(kind)
    return kind.type(original.white) - values if original.inverted else values


def repeated(values: NDArray[np.uint16], bits: int) -> NDArray[np.uint16]:
    """Numbers of 8 < bits < 16 in 16 bits: their first bits follow behind the last, so that black
    and white stay what they are, and a shift gives the numbers back."""
    first, last = values << np.uint16(16 - bits), values >> np.uint16(2 * bits - 16)
    return (first | last).astype(np.uint16, copy=False)
