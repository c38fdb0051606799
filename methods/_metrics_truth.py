"""How near a result comes to the photo as it is without the object, where that is known.

PSNR and SSIM are scikit-image's; over three areas: the picture, the mask's box and the mask.
Outside the mask a result equals the photo, so the numbers of the whole picture of a small
object are always good, and only those of the mask tell erasers apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from methods._base import Image, Mask
from methods._patches import bounding_box

AREAS = ("", "_box", "_mask")
"""Ends of the ids: the picture, the box around the mask, the mask."""

MOST_PSNR = 100.0
"""dB of two equal pictures, whose PSNR has no bound."""

Maps: TypeAlias = Callable[[Image, Image], NDArray[np.float32]]


def against_truth(result: Image, mask: Mask, truth: Image) -> dict[str, float]:
    """{"psnr", "psnr_box", "psnr_mask", "ssim", …}; pictures (H, W, 3) uint8 of one size."""
    x0, y0, x1, y1 = bounding_box(mask)
    box = (slice(y0, y1), slice(x0, x1))
    errors = (result.astype(np.float32) - truth.astype(np.float32)) ** 2
    found = {
        "psnr": _psnr(errors.mean()),
        "psnr_box": _psnr(errors[box].mean()),
        "psnr_mask": _psnr(errors[mask].mean()),
    }
    return found | over_areas("ssim", ssim_map(result, truth), mask)


def over_areas(name: str, values: NDArray[np.float32], mask: Mask) -> dict[str, float]:
    """The mean of a map over the picture, the mask's box and the mask."""
    x0, y0, x1, y1 = bounding_box(mask)
    parts = (values, values[y0:y1, x0:x1], values[mask])
    return {f"{name}{end}": float(part.mean()) for end, part in zip(AREAS, parts, strict=True)}


def _psnr(mean_square: np.floating) -> float:
    """dB, for pictures of 0 … 255."""
    return min(MOST_PSNR, float(10 * np.log10(255**2 / max(float(mean_square), 1e-9))))


def ssim_map(result: Image, truth: Image) -> NDArray[np.float32]:
    """(H, W) SSIM with the paper's Gaussian window of 11 pixels (sigma 1.5), mean of R, G, B."""
    from skimage.metrics import structural_similarity

    _, values = structural_similarity(
        truth,
        result,
        channel_axis=2,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    return np.asarray(values.mean(axis=2), dtype=np.float32)
