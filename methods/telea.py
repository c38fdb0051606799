"""Telea's method: carries colours inwards from the rim of the hole, nearest pixels first.

Paper: Telea, "An Image Inpainting Technique Based on the Fast Marching Method", Journal of
Graphics Tools 9(1), 2004. Computed by OpenCV.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from methods._base import (
    Canvas,
    DeviceName,
    Eraser,
    EraserSpec,
    Image,
    Mask,
    Paper,
    Progress,
    Text,
)
from methods._opencv import RadiusSettings, inpaint

if TYPE_CHECKING:
    import torch


class Telea(Eraser[RadiusSettings]):
    """`cv2.inpaint` with INPAINT_TELEA."""

    spec = EraserSpec(
        id="telea",
        name="Telea",
        summary=Text("eraser.telea.summary"),
        paper=Paper(
            "An Image Inpainting Technique Based on the Fast Marching Method",
            "https://doi.org/10.1080/10867651.2004.10487596",
            2004,
        ),
        license="Apache-2.0",
        learned=False,
        seeded=False,
        default=True,
        canvas=Canvas(longest_side=1024, context=0.1, min_context=32, pieces=64),
        devices=("cpu",),
        holds_device=False,
        rank=30,
        notes=(Text("eraser.telea.note.1"),),
    )
    Settings = RadiusSettings

    def load(self, device: DeviceName, dtype: torch.dtype | None = None) -> None:
        """Bring in OpenCV, so that its loading does not count as erasing."""
        import cv2  # noqa: F401

    def unload(self) -> None:
        """Nothing is held."""

    def erase(
        self, image: Image, mask: Mask, settings: RadiusSettings, seed: int, progress: Progress
    ) -> Image:
        """One short call."""
        import cv2

        filled = inpaint(image, mask, settings.radius, cv2.INPAINT_TELEA)
        progress(1, 1)
        return filled
