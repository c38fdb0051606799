"""Masks: growing and shrinking, cleaning, and how they travel to the page.

A mask is bool, (H, W), True = erase. Nothing here changes the mask it is given. All the work
is done in the box around the True pixels, so that a small object on a large photo is cheap.
"""

from __future__ import annotations

import io
import math
import zlib
from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL.PngImagePlugin import PngInfo

from methods import Mask, reduce_mask
from segmentation._prompts.prompts import shown_size

SPECKLE = 0.01
"""What is smaller than this share of the largest piece is a speckle of the network."""

OVERLAY_COLOR = (216, 30, 91)
"""RGB of the mask where it is shown; nothing else in the program has this colour."""

Window = tuple[slice, slice]


def window_of(mask: Mask, margin: int = 0) -> Window | None:
    """The box around the True pixels with a margin, cut at the mask's edges; None if empty."""
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        return None
    columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
    return (
        slice(max(int(rows[0]) - margin, 0), int(rows[-1]) + 1 + margin),
        slice(max(int(columns[0]) - margin, 0), int(columns[-1]) + 1 + margin),
    )


def dilate(mask: Mask, pixels: float) -> Mask:
    """Grow a mask by a disc of radius `pixels`, or shrink it by one when negative.

    Exact Euclidean distances between pixel centres (no chain of small kernels): the result
    holds every pixel within `pixels` of the mask, or loses every pixel within `pixels` of
    its outside. What lies beyond the photo's edge counts as neither, so shrinking does not
    eat an object that the edge cuts off. Fractions are allowed. Returns a new (H, W) bool.
    """
    window = window_of(mask, math.ceil(abs(pixels)) + 1)
    if window is None or pixels == 0:
        return mask.copy()
    result = np.zeros_like(mask)
    part = mask[window]
    if pixels > 0:
        result[window] = distance_to(part) <= pixels
    else:
        result[window] = part if part.all() else part & (distance_to(~part) > -pixels)
    return result


def distance_to(target: Mask) -> NDArray[np.float32]:
    """(H, W) exact distance from each pixel to the nearest True one, which must exist."""
    return cv2.distanceTransform((~target).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def drop_speckles(
    mask: Mask, share: float = SPECKLE, keep: Iterable[tuple[float, float]] = ()
) -> Mask:
    """Without the pieces (8-connected) smaller than `share` of the largest one.

    keep: (x, y) pixels; a piece that holds one of them stays whatever its size, because
    the user has pointed at it.
    """
    window = window_of(mask)
    if window is None:
        return mask.copy()
    part = mask[window]
    _, labels, stats, _ = cv2.connectedComponentsWithStats(part.view(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    wanted = areas >= share * areas[1:].max()
    wanted[0] = False  # label 0 is the background
    for x, y in keep:
        row, column = int(y) - window[0].start, int(x) - window[1].start
        if 0 <= row < part.shape[0] and 0 <= column < part.shape[1] and part[row, column]:
            wanted[labels[row, column]] = True
    result = np.zeros_like(mask)
    result[window] = wanted[labels]
    return result


def fill_holes(mask: Mask, share: float = 1.0, keep: Iterable[tuple[float, float]] = ()) -> Mask:
    """With every hole filled that is smaller than `share` of the mask's area.

    A hole is a 4-connected background region that does not touch the edge of the box
    around the mask. keep: (x, y) pixels; a hole that holds one of them stays open.
    """
    window = window_of(mask, margin=1)
    if window is None:
        return mask.copy()
    padded = np.pad(mask[window], 1)
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~padded).view(np.uint8), connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] < share * int(mask.sum())
    small[[0, labels[0, 0]]] = False  # the mask itself, and the outside
    inner = labels[1:-1, 1:-1]
    for x, y in keep:
        row, column = int(y) - window[0].start, int(x) - window[1].start
        if 0 <= row < inner.shape[0] and 0 <= column < inner.shape[1]:
            small[inner[row, column]] = False
    result = mask.copy()
    result[window] |= small[inner]
    return result


def shown_mask(mask: Mask, longest_side: int | None) -> Mask:
    """The mask with its longer side reduced to `longest_side`, areas as they are (at least half
    of a pixel's). The mask itself where it is no larger, or for None."""
    size = shown_size((mask.shape[0], mask.shape[1]), longest_side)
    return mask if size == mask.shape else reduce_mask(mask, size, "half")


def overlay_png(
    mask: Mask, color: tuple[int, int, int] = OVERLAY_COLOR, opacity: float = 1.0
) -> bytes:
    """A PNG of one bit a pixel: `color` at `opacity` where True, clear elsewhere.

    color: RGB, 0 … 255; opacity: 0 … 1, where whoever shows it does not see to that.
    A few kB and a few ms at 1600 pixels.
    """
    picture = PilImage.frombytes("P", mask.shape[::-1], mask.view(np.uint8).tobytes())
    picture.putpalette([0, 0, 0, *color])
    return _png(picture, bits=1, transparency=bytes([0, round(255 * opacity)]))


def margin_png(mask: Mask, shown: Mask, color: tuple[int, int, int] = OVERLAY_COLOR) -> bytes:
    """A PNG of the mask with the margin that erasers fill beyond it.

    mask, shown: (h, w) bool, the second with the margin: see `methods.margin_around`. `color` in
    full in the mask, paler in the margin, clear elsewhere. Hardly larger than `overlay_png`.
    """
    levels = mask.view(np.uint8) + shown.view(np.uint8)
    picture = PilImage.frombytes("P", mask.shape[::-1], levels.tobytes())
    picture.putpalette([0, 0, 0, *color, *color])
    return _png(picture, bits=2, transparency=bytes([0, _MARGIN_OPACITY, 255]))


_MARGIN_OPACITY = 110


def mask_png(mask: Mask, comment: str = "") -> bytes:
    """A black and white PNG of one bit a pixel, white = erase. comment: the file's "Comment"."""
    if not comment:
        return _png(PilImage.fromarray(mask))
    words = PngInfo()
    words.add_itxt("Comment", comment)
    return _png(PilImage.fromarray(mask), pnginfo=words)


def _png(picture: PilImage.Image, **options: int | bytes | PngInfo) -> bytes:
    """Run lengths (Z_RLE) pack the long runs of a mask smaller and faster than matching does."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_type=zlib.Z_RLE, **options)
    return buffer.getvalue()
