"""The size at which PowerPaint's authors work.

Source: the demo of the paper's repository, which resizes every picture before it is erased.
"""

from __future__ import annotations

SHORT_SIDE = 640
"""Pixels, to which the demo brings every picture."""


def authors_size(height: int, width: int) -> tuple[int, int]:
    """The size that the demo gives a picture, (height, width) in pixels: the shorter side 640, both
    multiples of 8 (cut by resizing, so the picture is bent by less than a percent)."""
    scale = SHORT_SIDE / min(height, width)
    return int(height * scale) // 8 * 8, int(width * scale) // 8 * 8
