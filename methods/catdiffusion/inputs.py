"""What CAT-Diffusion's networks are shown of a picture and its mask."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from methods._base import Image, Mask

CLIP_SIDE = 224
_PATCH = 14
_GREY = 127.0


class Views(NamedTuple):
    """for_clip: (224, 224, 3) uint8, the hole grey. patches: (256,) bool, those of CLIP's patches
    that touch the hole. latent_mask: (H / 8, W / 8) float32, 1 = hole (½ where it cannot be
    told). without: (H, W, 3) float32 in -1 … 1, the hole black."""

    for_clip: Image
    patches: Mask
    latent_mask: NDArray[np.float32]
    without: NDArray[np.float32]


def views(image: Image, mask: Mask) -> Views:
    """image: (H, W, 3) uint8, H and W multiples of 8; mask: (H, W) bool.

    Resized as the authors do it (Pillow's cubic filter, in uint8), so that what was learned fits.
    """
    height, width = mask.shape
    hole = Pillow.fromarray(mask.astype(np.uint8) * 255)
    small = np.asarray(hole.resize((CLIP_SIDE, CLIP_SIDE))) / 255.0
    photo = np.asarray(Pillow.fromarray(image).resize((CLIP_SIDE, CLIP_SIDE)))
    grey = photo * (1 - small[..., None]) + _GREY * small[..., None]
    tiles = small.reshape(CLIP_SIDE // _PATCH, _PATCH, CLIP_SIDE // _PATCH, _PATCH)
    latent = np.asarray(hole.resize((width // 8, height // 8))) / 255.0
    return Views(
        grey.astype(np.uint8),
        tiles.round().any(axis=(1, 3)).ravel(),
        np.where(latent == 0.5, 0.5, latent > 0.5).astype(np.float32),
        (image * ~mask[..., None] / 127.5 - 1).astype(np.float32),
    )
