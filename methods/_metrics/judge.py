"""Numbers on results: what is measured, and the one call that measures it.

    readings = judge(photo, mask, result)
    readings = judge(photo, mask, result, truth=clean, features=look, finds=find)

A number carries a remark in plain language only where it is bad enough for an eye to agree.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from methods._base import Image, Mask, Text, UserError
from methods._geometry.masks import bounding_box
from methods._metrics.base import Metric as Metric
from methods._metrics.base import PlainReading as PlainReading
from methods._metrics.base import Reading as Reading
from methods._metrics.definitions import DEFINITIONS
from methods._metrics.edge import color_shift, profiles_of, rim, seam
from methods._metrics.features import Features as Features
from methods._metrics.features import of_features
from methods._metrics.repetition import repetition
from methods._metrics.scene import Scene, scene_of, with_margin
from methods._metrics.silhouette import silhouette, tint
from methods._metrics.texture import leftover, sharpness
from methods._metrics.truth import against_truth, why_no_lpips
from methods._metrics.windows import windows_of

logger = logging.getLogger(__name__)

METRICS: Mapping[str, Metric] = MappingProxyType({metric.id: metric for metric in DEFINITIONS})
"""Every number there is, by its id, in the order in which readings come."""

EXPLAINED_BY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "seam": ("rim", "color_shift", "leftover", "leftover_features"),
        "sharpness": ("leftover",),
        "tint": ("leftover", "color_shift"),
        "color_shift": ("leftover", "leftover_features"),
        "silhouette": ("leftover", "leftover_features", "tint", "color_shift", "rim"),
        "leftover_features": ("leftover", "sharpness"),
        "inserted": ("leftover", "leftover_features", "repetition", "sharpness"),
    }
)
"""A remark is left out where one of these says why: what is still there is not also new, and a
blur is no object, however strange it looks to a network."""

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
    photo as it is without the object, where that is known. features and finds may be slow;
    without them nothing is (0.3 s for 2 megapixels). What a number is missing for (a mask of a
    few pixels, no weights on this machine) leaves it out. Raises ValueError for pictures of
    different sizes.
    """
    scene = scene_of(photo, mask, result)
    found = dict(_of_scene(scene))
    found |= _at_full_size(windows_of(photo, mask, result, scene.scale))
    off = tint(photo, mask, result)
    found |= {} if off is None else {"tint": off}
    if features is not None:
        found |= _where_possible(lambda: dict(of_features(scene, mask, result, features)))
    if finds is not None:
        found |= _where_possible(lambda: {"leftover_words": _score(mask, result, finds)})
    if truth is not None:
        found |= against_truth(result, mask, truth)
    return _read(found)


def why_missing(metric_id: str) -> Text | None:
    """What keeps this number from being had on this machine; None: nothing."""
    return why_no_lpips() if metric_id.startswith("lpips") else None


def _read(found: Mapping[str, float]) -> tuple[Reading, ...]:
    bad = {name for name, value in found.items() if METRICS[name].is_bad(value)}
    readings = []
    for name, metric in METRICS.items():
        if name in found:
            explained = bad.intersection(EXPLAINED_BY.get(name, ()))
            reading = metric.read(found[name])
            readings.append(replace(reading, remark=None) if explained else reading)
    return tuple(readings)


def _where_possible(measure: Callable[[], dict[str, float]]) -> dict[str, float]:
    """Nothing where what a number needs cannot be had now (a network, memory)."""
    try:
        return measure()
    except UserError as error:
        logger.warning("numbers are left out: %s", error)
        return {}


def _score(mask: Mask, result: Image, finds: Finds) -> float:
    """How well the object's name fits what is seen where it was."""
    x0, y0, x1, y1 = with_margin(bounding_box(mask), mask.shape, 0.1)
    return float(finds(np.ascontiguousarray(result[y0:y1, x0:x1])))


def _at_full_size(windows: Sequence[Scene]) -> dict[str, float]:
    """What a reduced picture hides, in the mean of the windows that have it."""
    found: dict[str, list[float]] = {}
    for window in windows:
        for name, value in _of_edge(window):
            found.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in found.items()}


def _of_scene(scene: Scene) -> Iterator[tuple[str, float]]:
    """What needs neither a truth nor a network."""
    yield from _of_edge(scene)
    values = {
        "silhouette": silhouette(scene),
        "repetition": repetition(scene),
        "leftover": leftover(scene),
    }
    yield from ((name, value) for name, value in values.items() if value is not None)


def _of_edge(scene: Scene) -> Iterator[tuple[str, float]]:
    """What shows in a few pixels along the edge; a reduced picture loses it."""
    profiles = profiles_of(scene)
    values = {
        "rim": None if profiles is None else rim(profiles),
        "seam": None if profiles is None else seam(profiles),
        "color_shift": None if profiles is None else color_shift(profiles),
        "sharpness": sharpness(scene),
    }
    yield from ((name, value) for name, value in values.items() if value is not None)
