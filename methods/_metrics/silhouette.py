"""What an eye sees of an object that is gone: its shape, in another tone, or its colour.

Both are looked for inside the hole, where neither rim nor seam reach.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._base import Image, Mask
from methods._geometry.masks import bounding_box
from methods._metrics.edge import profiles_of, steady_step
from methods._metrics.scene import Scene
from methods._photo.tone import tone_of

_DEPTHS = (0.12, 0.2, 0.3, 0.42, 0.55)
"""Of the greatest depth of the hole: the outlines along which a shape may end."""

_CELL = 16  # pixels over which colours are averaged
_LEAST_DEPTH = 16.0  # pixels; what is less deep is wholly seen at the edge


def silhouette(scene: Scene) -> float | None:
    """ΔE of the clearest step of tone along an outline inside the hole, all around the same way.

    An object's shadow of itself follows the mask some pixels inside; what a photo shows there
    steps here and there and in all directions. See `steady_step`.
    """
    deepest = float(scene.depth.max())
    if deepest < _LEAST_DEPTH:
        return None
    steps = [_step(scene, share * deepest) for share in _DEPTHS]
    known = [step for step in steps if step is not None]
    return max(known, default=None)


def _step(scene: Scene, depth: float) -> float | None:
    inner = scene.depth > depth
    profiles = profiles_of(Scene(scene.before, scene.after, inner))
    return None if profiles is None else steady_step(profiles)


def tint(photo: Image, mask: Mask, result: Image) -> float | None:
    """ΔE by which the fill's colours are off the only ones that the photo's medium has.

    None for a photo in colour. Luma is left out: what counts is colour where none can be, in the
    mean of cells of 16 pixels, because JPEG scatters chroma.
    """
    if mask.all():
        return None
    tone = tone_of(photo, mask)
    if tone is None:
        return None
    x0, y0, x1, y1 = bounding_box(mask)
    fill, hole = result[y0:y1, x0:x1], mask[y0:y1, x0:x1]
    off = (_chroma(fill) - _chroma(tone.applied(fill))) * hole[..., None]
    share = cv2.blur(hole.astype(np.float32), (_CELL, _CELL))
    means = cv2.blur(off, (_CELL, _CELL))[hole] / share[hole][:, None]
    return float(np.linalg.norm(means, axis=1).mean())


def _chroma(pixels: Image) -> NDArray[np.float32]:
    """(h, w, 2) a* and b* of (h, w, 3) uint8."""
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return np.asarray(lab[..., 1:])
