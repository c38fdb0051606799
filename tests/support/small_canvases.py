"""Smaller canvases for the erasers on diffusion models, whose tiny networks take any size."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from methods import Settings, get_eraser, list_erasers

SIDE = 128


def shrink_canvases(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the length of a test: it is the way that counts there, not the pixels."""
    for spec in list_erasers():
        kind = get_eraser(spec.id)
        if "memory" in kind.Settings.model_fields:
            monkeypatch.setattr(kind, "canvas_for", classmethod(_small_canvas))


def _small_canvas(kind: Any, settings: Settings) -> Any:
    square = kind.spec.canvas.square and SIDE
    longest = None if square else SIDE
    small = {"square": square, "longest_side": longest, "short_side": None, "area": None}
    return replace(kind.spec.canvas, **small)
