"""How near a result comes to the photo as it is without the object, where that is known.

SSIM is scikit-image's, LPIPS the lpips package's; over three areas: the picture, the mask's box
and the mask. Outside the mask a result equals the photo, so the numbers of the whole picture
are always good for a small object; those of the mask tell erasers apart.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._base import Image, Mask, Text, UserError
from methods._geometry.masks import Box, bounding_box
from methods._metrics.lpips import LPIPS_WEIGHTS, lpips_map
from methods._weights.store import find_weights

logger = logging.getLogger(__name__)

AREAS = ("", "_box", "_mask")
"""Ends of the ids: the picture, the box around the mask, the mask."""

MOST_PSNR = 100.0
"""dB of two equal pictures, whose PSNR has no bound."""

SSIM_HALO, LPIPS_HALO = 16, 256
"""Pixels around a place that its value depends on, and more."""

SSIM_BAND, LPIPS_BAND = 1_000_000, 4_000_000
"""Pixels that are compared at a time. LPIPS stretches its coarse maps over the picture, so that
its parts are only nearly those of the whole: it gets as much at a time as memory allows."""

Compare: TypeAlias = Callable[[Image, Image], NDArray[np.float32]]
"""Two (H, W, 3) uint8 pictures to an (H, W) map."""


def against_truth(result: Image, mask: Mask, truth: Image) -> dict[str, float]:
    """{"psnr", "psnr_box", "psnr_mask", "ssim", …}; pictures (H, W, 3) uint8 of one size.

    LPIPS only where its weights are on this machine.
    """
    differs = _differing(result, truth, mask)
    found = _psnr_of(result, mask, truth, differs)
    view = _grown(differs, SSIM_HALO, mask.shape)
    parts = (_cut(result, view), _cut(truth, view))
    found |= _over_areas("ssim", banded(ssim_map, *parts, SSIM_HALO, SSIM_BAND), mask, view, 1.0)
    return found | _lpips_of(result, mask, truth)


def _lpips_of(result: Image, mask: Mask, truth: Image) -> dict[str, float]:
    """Empty where the network cannot be had; over all of the picture, as it is defined."""
    if why_no_lpips() is not None:
        return {}
    try:
        values = banded(lpips_map, result, truth, LPIPS_HALO, LPIPS_BAND)
    except UserError as error:
        logger.warning("LPIPS is left out: %s", error)
        return {}
    return _over_areas("lpips", values, mask, (0, 0, mask.shape[1], mask.shape[0]), 0.0)


def why_no_lpips() -> Text | None:
    """What is in the way of LPIPS here; None: nothing."""
    if find_weights(LPIPS_WEIGHTS) is not None:
        return None
    command = "python -m methods fetch lpips"
    return Text("note.lpips.missing", command=command)


def ssim_map(result: Image, truth: Image) -> NDArray[np.float32]:
    """(H, W) SSIM with the paper's Gaussian window of 11 pixels (sigma 1.5), mean of R, G, B."""
    from skimage.metrics import structural_similarity

    _, values = structural_similarity(
        truth.astype(np.float32),
        result.astype(np.float32),
        channel_axis=2,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    return np.asarray(values.mean(axis=2), dtype=np.float32)


def banded(
    compare: Compare, first: Image, second: Image, halo: int, most: int
) -> NDArray[np.float32]:
    """compare(first, second) in bands of about `most` pixels, each seen with its halo."""
    height, width = first.shape[:2]
    rows = max(64, most // width)
    parts = []
    for top in range(0, height, rows):
        start, end = max(0, top - halo), min(height, top + rows + halo)
        values = compare(first[start:end], second[start:end])
        parts.append(values[top - start : min(top + rows, height) - start])
    return np.concatenate(parts)


def _differing(result: Image, truth: Image, mask: Mask) -> Box:
    """The box around the mask and all pixels that differ: outside of it nothing does."""
    touched = cv2.absdiff(result, truth).max(axis=2) > 0
    return bounding_box(touched | mask)


def _grown(box: Box, halo: int, size: tuple[int, ...]) -> Box:
    x0, y0, x1, y1 = box
    return max(0, x0 - halo), max(0, y0 - halo), min(size[1], x1 + halo), min(size[0], y1 + halo)


def _cut(picture: Image, box: Box) -> Image:
    return picture[box[1] : box[3], box[0] : box[2]]


def _psnr_of(result: Image, mask: Mask, truth: Image, differs: Box) -> dict[str, float]:
    difference = cv2.absdiff(_cut(result, differs), _cut(truth, differs)).astype(np.float32)
    squares = (difference**2).mean(axis=2)
    return {
        name.replace("error", "psnr"): _decibels(value)
        for name, value in _over_areas("error", squares, mask, differs, 0.0).items()
    }


def _decibels(mean_square: float) -> float:
    """PSNR of pictures of 0 … 255."""
    return min(MOST_PSNR, float(10 * np.log10(255**2 / max(mean_square, 1e-9))))


def _over_areas(
    name: str, values: NDArray[np.float32], mask: Mask, view: Box, same: float
) -> dict[str, float]:
    """The mean over the picture, the mask's box and the mask, of a map that is known in `view`
    and has the value of two equal pictures elsewhere."""
    hole = mask[view[1] : view[3], view[0] : view[2]]
    x0, y0, x1, y1 = bounding_box(hole)
    elsewhere = same * (mask.size - values.size)
    means = (
        (float(values.sum(dtype=np.float64)) + elsewhere) / mask.size,
        float(values[y0:y1, x0:x1].mean(dtype=np.float64)),
        float(values[hole].mean(dtype=np.float64)),
    )
    return {f"{name}{end}": mean for end, mean in zip(AREAS, means, strict=True)}
