"""Numbers on results: what is measured, and the one call that measures it.

    readings = judge(photo, mask, result)
    readings = judge(photo, mask, result, truth=clean, features=look, finds=find)

A number carries a remark in plain language only where it is bad enough for an eye to agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from methods._base import Image, Mask
from methods._metrics_base import Metric as Metric
from methods._metrics_base import Reading as Reading
from methods._metrics_edge import color_shift, profiles_of, seam
from methods._metrics_list import DEFINITIONS
from methods._metrics_scene import Scene, scene_of
from methods._metrics_texture import leftover, repetition, sharpness
from methods._metrics_truth import against_truth

METRICS: Mapping[str, Metric] = MappingProxyType({metric.id: metric for metric in DEFINITIONS})
"""Every number there is, by its id, in the order in which readings come."""

Features: TypeAlias = Callable[[Image], NDArray[np.float32]]
"""(H, W, 3) uint8 to (h, w, C): a network's features on a grid that covers the picture."""

Finds: TypeAlias = Callable[[Image], float]
"""The score, 0 … 1, with which a detector finds the object's name on a picture."""


def judge(
    photo: Image,
    mask: Mask,
    result: Image,
    *,
    truth: Image | None = None,
    features: Features | None = None,
    finds: Finds | None = None,
) -> tuple[Reading, ...]:
    """Every number that can be had, in the order of METRICS.

    photo, result: (H, W, 3) uint8 RGB; mask: (H, W) bool, what was to be erased; truth: the
    photo as it is without the object, where that is known. What a number is missing for
    (a mask of a few pixels, no weights on this machine) leaves it out. Raises ValueError for
    pictures of different sizes.
    """
    scene = scene_of(photo, mask, result, truth)
    found = dict(_of_scene(scene))
    if truth is not None:
        found |= against_truth(result, mask, truth)
    return tuple(metric.read(found[name]) for name, metric in METRICS.items() if name in found)


def _of_scene(scene: Scene) -> Iterator[tuple[str, float]]:
    """What needs neither a truth nor a network."""
    profiles = profiles_of(scene)
    values = {
        "seam": None if profiles is None else seam(profiles),
        "color_shift": None if profiles is None else color_shift(profiles),
        "sharpness": sharpness(scene),
        "repetition": repetition(scene),
        "leftover": leftover(scene),
    }
    return ((name, value) for name, value in values.items() if value is not None)
