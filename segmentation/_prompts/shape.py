"""How the mask is to be shaped, as a person says it."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field, model_validator

from methods import BadInput
from segmentation._prompts.prompts import Prompt

DILATE_RANGE = (-64, 256)
"""Pixels of the photo by which a selection may shrink or grow."""


def check_dilate(pixels: float) -> None:
    """Raise BadInput unless `pixels` is a number within DILATE_RANGE."""
    low, high = DILATE_RANGE
    if not (math.isfinite(pixels) and low <= pixels <= high):
        raise BadInput("dilate_out_of_range", low=-low, high=high)


PERCENT_RANGE = (-50, 100)
"""Percent of an object's size by which it may shrink or grow."""

MAX_SMOOTH = 64
"""Pixels of the photo."""


def usual_growth(size: tuple[int, int]) -> int:
    """By how many pixels a selection grows where nobody has said anything else.

    A few pixels cover the soft rim that a selected object keeps, and more of them on a larger
    photo: 0.8 % of its longer side; but of a panorama not more than 1.5 % of the shorter one.
    size: the photo's (H, W). Never under 3.
    """
    return max(3, round(min(0.008 * max(size), 0.015 * min(size))))


class Shape(Prompt):
    """How the selected mask is shaped, in the order in which it happens.

    drop_speckles: without the network's specks and pinholes, and without the crumbs that
    an eraser stroke or a negative box leaves. fill_holes: without any holes. smooth: radius
    in pixels of the photo. precision: 0 = exact, 1 = the box of each object; see `loosen`.
    dilate: in pixels of the photo, or in percent of each object's size, which is the square
    root of its area; negative shrinks. invert: everything else instead.
    """

    dilate: float = Field(default=0.0, strict=True, allow_inf_nan=False)
    dilate_unit: Literal["px", "%"] = "px"
    fill_holes: bool = Field(default=False, strict=True)
    drop_speckles: bool = Field(default=True, strict=True)
    smooth: float = Field(default=0.0, strict=True, ge=0, le=MAX_SMOOTH, allow_inf_nan=False)
    precision: float = Field(default=0.0, strict=True, ge=0, le=1, allow_inf_nan=False)
    invert: bool = Field(default=False, strict=True)

    @model_validator(mode="after")
    def _dilates_within_range(self) -> Shape:
        if self.dilate_unit == "px":
            check_dilate(self.dilate)
        else:
            check_percent(self.dilate)
        return self

    def scaled(self, scale: float) -> Shape:
        """The same shape for a mask that is reduced by `scale`."""
        pixels = self.dilate * (scale if self.dilate_unit == "px" else 1)
        return self.model_copy(update={"dilate": pixels, "smooth": self.smooth * scale})


def grown_as_usual(shape: Shape, size: tuple[int, int]) -> Shape:
    """The shape; where it does not say how far a selection grows, by `usual_growth` of a photo
    of size (H, W)."""
    if shape.model_fields_set & {"dilate", "dilate_unit"}:
        return shape
    return shape.model_copy(update={"dilate": float(usual_growth(size))})


def check_percent(percent: float) -> None:
    """Raise BadInput unless `percent` is a number within PERCENT_RANGE."""
    low, high = PERCENT_RANGE
    if not (math.isfinite(percent) and low <= percent <= high):
        raise BadInput("dilate_percent_out_of_range", low=-low, high=high)
