"""The soft edge as the page shows it: that of the erasers that are chosen there."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from methods import (
    BadInput,
    Canvas,
    Job,
    Mask,
    get_eraser,
    paste_weight,
    settings_of,
    widest_feather,
)
from segmentation import feather_png
from ui.service.answers import PlainEdge


@dataclass(frozen=True, slots=True)
class SoftEdge:
    """png: the overlay. width: pixels of the photo over which the fill fades in, in its widest
    patch. eraser: whose edge it is; None where none is chosen. count: how many are chosen."""

    png: bytes
    width: float
    eraser: str | None
    count: int

    def described(self) -> PlainEdge:
        """For the page, in whole tenths of a pixel."""
        return {"width": round(self.width, 1), "eraser": self.eraser, "count": self.count}


@dataclass(frozen=True, slots=True)
class _Way:
    """How one eraser sees a photo."""

    eraser: str | None
    canvas: Canvas
    whole_picture: bool = False


def soft_edge(mask: Mask, scale: float, jobs: Sequence[Job]) -> SoftEdge:
    """The edge that these jobs paste; of several, the widest. Without any, the least there is.

    mask: (h, w), as shown; scale: its size against the photo's.
    """
    ways = _ways(jobs) or [_Way(None, Canvas())]
    widths = [widest_feather(mask, way.canvas, way.whole_picture, scale) for way in ways]
    width, way = max(zip(widths, ways, strict=True), key=lambda pair: pair[0])
    weight = paste_weight(mask, way.canvas, way.whole_picture, scale)
    return SoftEdge(feather_png(weight), width, way.eraser, len(jobs))


def _ways(jobs: Sequence[Job]) -> list[_Way]:
    """One a job; what cannot be run is left out: its fault is told at the run, and the mask is
    to be seen meanwhile."""
    ways = []
    for job in jobs:
        with suppress(BadInput):
            eraser = get_eraser(job.eraser)
            settings = settings_of(eraser, job.settings)
            ways.append(_Way(job.eraser, eraser.canvas_for(settings), settings.whole_picture))
    return ways
