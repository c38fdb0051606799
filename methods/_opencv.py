"""What the two classical erasers of OpenCV share: they carry colours inwards from the rim."""

from __future__ import annotations

import numpy as np

from methods._base import Image, Mask, Settings, setting


class RadiusSettings(Settings):
    """How far the erasers of OpenCV look."""

    radius: int = setting(
        5,
        "setting.opencv.radius",
        ge=1,
        le=15,
    )


def inpaint(image: Image, mask: Mask, radius: int, method: int) -> Image:
    """`cv2.inpaint` on our arrays. method: cv2.INPAINT_TELEA or cv2.INPAINT_NS."""
    import cv2

    filled: Image = cv2.inpaint(image, mask.astype(np.uint8), radius, method)
    return filled
