"""Fills the hole with one grey, in this program's own environment: put your method here.

docs/adding-an-eraser.md explains the contract.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from methods._base import (
    Canvas,
    DeviceName,
    Eraser,
    EraserSpec,
    Image,
    Mask,
    Paper,
    Progress,
    Settings,
    Verbatim,
    setting,
)


class OwnSettings(Settings):
    """Its controls."""

    level: int = setting(128, "The grey that fills the hole.", ge=0, le=255)


class Own(Eraser[OwnSettings]):
    """One grey with a little noise."""

    spec = EraserSpec(
        id="NAME",
        name="TITLE",
        summary=Verbatim({"en": "Fills the hole with one grey.", "zh": "用一种灰色填充。"}),
        paper=Paper("", "", 0),
        license="not stated",
        learned=False,
        canvas=Canvas(longest_side=1024),
        devices=("cpu",),
        holds_device=False,
    )
    Settings = OwnSettings

    def load(self, device: DeviceName, dtype: Any = None) -> None:
        """Bring weights onto the device; import heavy libraries here."""

    def unload(self) -> None:
        """Drop what `load` brought."""

    def erase(
        self, image: Image, mask: Mask, settings: OwnSettings, seed: int, progress: Progress
    ) -> Image:
        """image: (H, W, 3) uint8; mask: (H, W) bool; what is changed outside is thrown away."""
        noise = np.random.default_rng(seed).integers(-8, 9, image.shape)
        progress(1, 1)
        filled = np.clip(settings.level + noise, 0, 255).astype(np.uint8)
        return np.where(mask[..., None], filled, image)
