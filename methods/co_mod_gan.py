"""Co-Mod-GAN: a card that says why the method is not run here.

Paper: Zhao, Cui, Sheng, Dong, Liang, Chang, Xu, "Large Scale Image Completion via Co-Modulated
Generative Adversarial Networks", ICLR 2021.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from methods._base import (
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
)

if TYPE_CHECKING:
    import torch

OBSTACLE = Text("eraser.co_mod_gan.unavailable")


class CoModGan(Eraser[Settings]):
    """Listed because the comparisons of the field name it; nothing stands in for it."""

    spec = EraserSpec(
        id="co_mod_gan",
        name="Co-Mod-GAN",
        summary=Text("eraser.co_mod_gan.summary"),
        paper=Paper(
            "Large Scale Image Completion via Co-Modulated Generative Adversarial Networks",
            "https://arxiv.org/abs/2103.10428",
            2021,
        ),
        license="Nvidia Source Code License-NC",
        non_commercial=True,
        rank=900,
        notes=(Text("eraser.co_mod_gan.note.1"),),
        unavailable=OBSTACLE,
    )

    def load(self, device: DeviceName, dtype: torch.dtype | None = None) -> NoReturn:
        """Raises Unavailable."""
        raise Unavailable(
            "eraser_unavailable", eraser=self.spec.id, title=self.spec.name, why=OBSTACLE
        )

    def unload(self) -> None:
        """Nothing is held."""

    def erase(
        self, image: Image, mask: Mask, settings: Settings, seed: int, progress: Progress
    ) -> Image:
        """Raises Unavailable."""
        self.load("cpu")
