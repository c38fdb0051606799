"""PatchMatch: fills the hole with patches of the same picture, found by random search.

Paper: Barnes, Shechtman, Finkelstein, Goldman, "PatchMatch: A Randomized Correspondence
Algorithm for Structural Image Editing", ACM Transactions on Graphics 28(3), 2009. Computed
by the package pypatchmatch (C++).
"""

from __future__ import annotations

import threading
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
    Settings,
    Text,
    Unavailable,
    setting,
)

if TYPE_CHECKING:
    import torch

_library = threading.Lock()
"""The random seed is a global variable of the C++ library: one call at a time."""


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
        canvas=Canvas(longest_side=1024, context=0.5, min_context=64),
        devices=("cpu",),
        rank=20,
        notes=(Text("eraser.patchmatch.note.1"),),
    )
    Settings = PatchMatchSettings

    def load(self, device: DeviceName, dtype: torch.dtype | None = None) -> None:
        """Check that the package's library loads on this machine."""
        import patchmatch

        if not patchmatch.patchmatch_available:
            raise Unavailable("package_broken.library", packages="pypatchmatch")

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
        """One call that cannot be interrupted; the same seed gives the same picture."""
        import patchmatch

        with _library:
            patchmatch.set_random_seed(seed)
            filled: Image = patchmatch.inpaint(image, mask, patch_size=settings.patch_size)
        progress(1, 1)
        return filled
