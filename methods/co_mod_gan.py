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

OBSTACLE = Text(
    "Its weights are a pickle of TensorFlow 1, which no current Python runs and which would run"
    " code of its own on this machine.",
    "它的权重是 TensorFlow 1 的 pickle 文件：当前的 Python 无法运行，"
    "而且打开它会在本机执行其中的代码。",
)


class CoModGan(Eraser[Settings]):
    """Listed because the comparisons of the field name it; nothing stands in for it."""

    spec = EraserSpec(
        id="co_mod_gan",
        name="Co-Mod-GAN",
        summary=Text(
            "Invents plausible content for very large holes; named in many comparisons.",
            "能为很大的空缺生成合理内容；许多比较都提到它。",
        ),
        paper=Paper(
            "Large Scale Image Completion via Co-Modulated Generative Adversarial Networks",
            "https://arxiv.org/abs/2103.10428",
            2021,
        ),
        license="Nvidia Source Code License-NC",
        non_commercial=True,
        rank=900,
        notes=(
            Text(
                "A port to PyTorch with weights in a plain format would make it run; MAT and"
                " MI-GAN descend from it.",
                "若有 PyTorch 移植版和普通格式的权重即可运行；MAT 和 MI-GAN 由它发展而来。",
            ),
        ),
        unavailable=OBSTACLE,
    )

    def load(self, device: DeviceName, dtype: torch.dtype | None = None) -> NoReturn:
        """Raises Unavailable."""
        text = f"{self.spec.name} cannot be run here. {OBSTACLE.en}"
        raise Unavailable(
            text,
            "eraser_unavailable",
            eraser=self.spec.id,
            why=OBSTACLE.en,
            why_zh=OBSTACLE.zh,
        )

    def unload(self) -> None:
        """Nothing is held."""

    def erase(
        self, image: Image, mask: Mask, settings: Settings, seed: int, progress: Progress
    ) -> Image:
        """Raises Unavailable."""
        self.load("cpu")
