"""Pictures and masks as the networks take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from methods._base import Image, Mask

if TYPE_CHECKING:
    import torch


def pixel_tensor(image: Image) -> torch.Tensor:
    """(H, W, 3) uint8 to (1, 3, H, W) float32 in -1 … 1."""
    import torch

    values = image.transpose(2, 0, 1)[None].astype(np.float32) / np.float32(127.5) - 1
    return torch.from_numpy(values)


def mask_tensor(mask: Mask) -> torch.Tensor:
    """(H, W) bool to (1, 1, H, W) float32, 1 = erase."""
    import torch

    return torch.from_numpy(mask[None, None].astype(np.float32))
