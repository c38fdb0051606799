"""ObjectClear's attention-guided fusion: only where the model looked for the object is its
picture taken; elsewhere the photo's detail stays, in the colours of the new picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from methods._base import Image

if TYPE_CHECKING:
    import torch

_LEVELS = 5
_RIM = 21  # pixels: the diameter by which the region grows
_TILE = 8


def normalised(attention: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """A layer's attention to one token as a picture.

    attention: (B, N) of a layer at half the latents' resolution; size: (h, w) of the latents.
    Returns (B, 1, h, w), each in 0 … 1 from its least to its greatest value.
    """
    from torch.nn.functional import interpolate

    height, width = (-(-side // 2) for side in size)  # as the UNet halves odd sides
    small = attention.float().reshape(-1, 1, height, width)
    large = interpolate(small, size=size, mode="bilinear", align_corners=False)
    low, high = large.amin((2, 3), keepdim=True), large.amax((2, 3), keepdim=True)
    return (large - low) / (high - low + 1e-8)


def fuse(photo: Image, filled: Image, attention: NDArray[np.uint8]) -> Image:
    """The two pictures by the attention to the object.

    photo, filled: (H, W, 3) uint8; attention: (h, w) uint8 of any size, from 129 on = taken
    from `filled`, whose rim is blurred. Truncated to uint8, as the authors do.
    """
    import cv2

    height, width = photo.shape[:2]
    found = (attention > 128).astype(np.float32)
    region = cv2.resize(found, (width, height), interpolation=cv2.INTER_NEAREST)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_RIM, _RIM))
    rim = cv2.GaussianBlur(cv2.dilate(region, kernel), (9, 9), sigmaX=2)
    share = np.clip(np.maximum(region, rim), 0, 1)[..., None]
    outside = 1 - region[..., None]
    recoloured = _recoloured(photo * outside, filled * outside)
    fused: Image = (recoloured * (1 - share) + filled * share).astype(np.uint8)
    return fused


def _recoloured(detail: NDArray[np.float32], color: NDArray[np.float32]) -> Image:
    """The fine structure of one picture on the coarse one of another; both 0 … 255."""
    height, width = detail.shape[:2]
    pad = ((0, -height % _TILE), (0, -width % _TILE), (0, 0))
    first, second = (np.pad(x, pad, mode="reflect") / np.float32(255) for x in (detail, color))
    mixed = (first - _coarse(first)) + _coarse(second)
    return np.clip(mixed * 255, 0, 255).astype(np.uint8)[:height, :width]


def _coarse(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """What is left of (H, W, 3) after five rounds of blurring, each twice as wide."""
    import cv2

    weights = np.outer([1, 2, 1], [1, 2, 1]).astype(np.float32) / 16
    height, width = picture.shape[:2]
    for level in range(_LEVELS):
        picture = cv2.filter2D(picture, -1, weights, borderType=cv2.BORDER_REPLICATE)
        if level:
            small = (round(height / 2**level), round(width / 2**level))
            picture = _scaled(_scaled(picture, small), (height, width))
    return picture


def _scaled(picture: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Linear between the samples, corners on corners; nothing is averaged in shrinking."""
    import torch

    tensor = torch.from_numpy(picture.transpose(2, 0, 1)[None].copy())
    scaled: torch.Tensor = torch.nn.functional.interpolate(
        tensor, size=size, mode="bilinear", align_corners=True
    )
    return np.ascontiguousarray(scaled[0].numpy().transpose(1, 2, 0))
