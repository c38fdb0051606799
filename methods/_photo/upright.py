"""Pictures as they lie in the file, turned as they are to be looked at."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from methods._photo.decode import Plane


def upright(pixels: Plane, orientation: int) -> Plane:
    """Turned by EXIF's orientation, 1 … 8 (TIFF 6.0 page 36); contiguous, read-only."""
    turn = _TURNS.get(orientation)
    turned = np.ascontiguousarray(pixels if turn is None else turn(pixels))
    turned.setflags(write=False)
    return turned


_TURNS: dict[int, Callable[[Plane], Plane]] = {
    2: lambda pixels: cv2.flip(pixels, 1),
    3: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_180),
    4: lambda pixels: cv2.flip(pixels, 0),
    5: lambda pixels: cv2.transpose(pixels),
    6: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE),
    7: lambda pixels: cv2.flip(cv2.transpose(pixels), -1),
    8: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE),
}
