"""Navier-Stokes: continues lines of equal brightness into the hole, as a fluid would flow.

Paper: Bertalmio, Bertozzi, Sapiro, "Navier-Stokes, Fluid Dynamics, and Image and Video
Inpainting", CVPR 2001. Computed by OpenCV.
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


class NavierStokes(Eraser[RadiusSettings]):
    """`cv2.inpaint` with INPAINT_NS."""

    spec = EraserSpec(
        id="navier_stokes",
        name="Navier-Stokes",
        summary=Text("eraser.navier_stokes.summary"),
        paper=Paper(
            "Navier-Stokes, Fluid Dynamics, and Image and Video Inpainting",
            "https://doi.org/10.1109/CVPR.2001.990497",
            2001,
        ),
        license="Apache-2.0",
        learned=False,
        seeded=False,
        default=True,
        canvas=Canvas(longest_side=1024, context=0.1, min_context=32, pieces=64),
        devices=("cpu",),
        holds_device=False,
        rank=40,
        notes=(Text("eraser.navier_stokes.note.1"),),
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

        filled = inpaint(image, mask, settings.radius, cv2.INPAINT_NS)
        progress(1, 1)
        return filled
