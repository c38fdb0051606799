"""Small canvases for the erasers on tiny networks: what a test looks at is seldom their size."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from methods import Settings, get_eraser, list_erasers

SIDE = 128
SMALLER = 8
"""How much smaller, in each direction, the pictures are that Qwen's encoders see."""


def shrink_canvases(patch: pytest.MonkeyPatch) -> None:
    """For the diffusion models, whose tiny networks take any size."""
    for spec in list_erasers():
        kind = get_eraser(spec.id)
        if "memory" in kind.Settings.model_fields:
            patch.setattr(kind, "canvas_for", classmethod(_small_canvas))


def _small_canvas(kind: Any, settings: Settings) -> Any:
    square = kind.spec.canvas.square and SIDE
    longest = None if square else SIDE
    small = {"square": square, "longest_side": longest, "short_side": None, "area": None}
    return replace(kind.spec.canvas, **small)


def shrink_pictures(patch: pytest.MonkeyPatch) -> None:
    """The area that both pipelines of Qwen bring a picture to is a number in their code."""
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_inpaint as inpaint
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as plus

    for module in (inpaint, plus):
        patch.setattr(module, "calculate_dimensions", _smaller(module.calculate_dimensions))


def _smaller(whole: Any) -> Any:
    return lambda area, ratio: whole(area // SMALLER**2 if area > 400_000 else area, ratio)
