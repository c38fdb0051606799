"""SmartEraser's preparation of masks: one object at a time, slightly enlarged, cut out for CLIP."""

from __future__ import annotations

import cv2
import numpy as np

from methods._base import Image, Mask

MOST_OBJECTS = 6
"""Each takes a whole run; more parts than this share the runs of the largest."""

_SPECK = 0.001  # of the canvas: what is smaller is no object of its own
_MOST_COVER = 0.7  # of the canvas
_MOST_ROUNDS = 100


def objects(mask: Mask) -> list[Mask]:
    """The connected parts of the mask, largest first; each True pixel is in exactly one.

    Specks, and parts beyond the `MOST_OBJECTS` largest, belong to the object nearest to them.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    sizes = stats[1:, cv2.CC_STAT_AREA]
    order = np.argsort(-sizes, kind="stable")[:MOST_OBJECTS]
    chosen = [int(i) for i in order if sizes[i] >= _SPECK * mask.size] or [int(order[0])]
    if len(chosen) == count - 1:
        return [labels == i + 1 for i in chosen]
    apart = [_distance(labels == i + 1) for i in chosen]
    nearest = np.argmin(apart, axis=0)
    return [mask & (nearest == place) for place in range(len(chosen))]


def _distance(part: Mask) -> np.ndarray:
    """(H, W) float32: of each pixel to the part."""
    return cv2.distanceTransform((~part).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def enlarged(mask: Mask, ratio: float) -> Mask:
    """The mask grown until it has `ratio` times its area: as the network was trained, because
    a hole that ends at the object's very edge leaves its rim. Not where it would cover most of
    the canvas."""
    area = int(np.count_nonzero(mask))
    wanted = int(area * ratio)
    grown = mask.astype(np.uint8)
    for _ in range(_MOST_ROUNDS):
        missing = wanted - int(np.count_nonzero(grown))
        if missing <= 0:
            break
        side = max(3, int(np.sqrt(missing / 10)))
        grown = cv2.dilate(grown, np.ones((side, side), np.uint8))
    if np.count_nonzero(grown) > _MOST_COVER * mask.size:
        return mask
    return grown.astype(np.bool_)


def cut_out(image: Image, mask: Mask) -> Image:
    """The object alone: the picture within the mask's box, white where the mask is not."""
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    box = (slice(y, y + height), slice(x, x + width))
    return np.where(mask[box][..., None], image[box], np.uint8(255))
