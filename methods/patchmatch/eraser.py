"""PatchMatch: fills the hole with patches of the same picture, found by random search.

Paper: Barnes, Shechtman, Finkelstein, Goldman, "PatchMatch: A Randomized Correspondence
Algorithm for Structural Image Editing", ACM Transactions on Graphics 28(3), 2009. Computed
by the package pypatchmatch (C++).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

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
    Text,
    Unavailable,
    setting,
)

if TYPE_CHECKING:
    import torch


class PatchMatchSettings(Settings):
    """How large the compared patches are."""

    patch_size: int = setting(
        3,
        "setting.patchmatch.patch_size",
        ge=3,
        le=15,
    )


class PatchMatch(Eraser[PatchMatchSettings]):
    """pypatchmatch's image completion, from coarse to fine."""

    spec = EraserSpec(
        id="patchmatch",
        name="PatchMatch",
        summary=Text("eraser.patchmatch.summary"),
        paper=Paper(
            "PatchMatch: A Randomized Correspondence Algorithm for Structural Image Editing",
            "https://doi.org/10.1145/1531326.1531330",
            2009,
        ),
        license="MIT",
        learned=False,
        default=True,
        canvas=Canvas(longest_side=1024, context=0.5, min_context=64, pieces=24),
        devices=("cpu",),
        rank=20,
        holds_device=False,
        notes=(Text("eraser.patchmatch.note.1"), Text("eraser.patchmatch.note.2")),
    )
    Settings = PatchMatchSettings

    def load(self, device: DeviceName, dtype: torch.dtype | None = None) -> None:
        """Check that the package's library loads on this machine."""
        import patchmatch

        if not patchmatch.patchmatch_available:
            raise Unavailable("package_broken.library", packages="pypatchmatch")

    @classmethod
    def notes_on(cls, masks: Sequence[Mask], settings: PatchMatchSettings) -> tuple[Text, ...]:
        """That the bound on its work has cost resolution, and how much."""
        from methods.patchmatch.bound import scale

        least = min(scale(mask, settings.patch_size) for mask in masks)
        percent = int(100 * least)
        return (Text("eraser.patchmatch.reduced", percent=percent),) if least < 1 else ()

    def unload(self) -> None:
        """Nothing is held."""

    def erase(
        self,
        image: Image,
        mask: Mask,
        settings: PatchMatchSettings,
        seed: int,
        progress: Progress,
    ) -> Image:
        """In a process of its own, which Stop ends; the same seed gives the same picture."""
        import cv2

        from methods.patchmatch.bound import plan
        from methods.patchmatch.process import inpaint

        call = plan(image, mask, settings.patch_size)
        filled = inpaint(call.image, call.mask, call.patch_size, seed, progress)
        if filled.shape == image.shape:
            return filled
        size = (image.shape[1], image.shape[0])
        return np.asarray(cv2.resize(filled, size, interpolation=cv2.INTER_CUBIC))
