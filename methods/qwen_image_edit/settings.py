"""Qwen-Image-Edit's settings."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from methods._base import setting
from methods._diffusion.eraser import TransformerSettings
from methods._diffusion.highlight import Mark
from methods._diffusion.settings import MAX_PROMPT

REMOVE = "Remove the red highlighted object from the scene."
"""What the additions for removal were trained on, word by word."""

FILL = "Fill the green area with the background that surrounds it."
NOTHING = " "
"""The negative prompt of the model's authors."""


class QwenImageEditSettings(TransformerSettings):
    """How the object is shown, and what the model is told."""

    mark: Mark = setting(
        "tint",
        "How the model is told which object is meant: under a red veil (tint); in a red box (box);"
        " covered with green, which it is to fill (cover); by your prompt alone (none).",
        "如何告诉模型要移除哪个物体：蒙上红色（tint）、画红框（box）、"
        "用绿色盖住并让它填充（cover），或只靠提示词（none）。",
    )
    prompt: str = setting(
        "",
        "The instruction, in English or Chinese. Empty: the one that fits the mark.",
        "指令（中文或英文）。留空则使用与标记方式相配的指令。",
        max_length=MAX_PROMPT,
    )
    remover: bool = setting(
        True,
        "Use the additions that were trained for removal; they know the red marks (tint, box).",
        "使用为移除物体而训练的附加权重；仅适用于红色标记（tint、box）。",
    )
    lightning: bool = setting(
        False,
        "Use the additions that make it work in four steps without guidance: 20 times fewer"
        " passes, less detail.",
        "使用 4 步、无引导的附加权重：计算次数减少到二十分之一，细节较少。",
    )
    num_inference_steps: int = setting(
        0,
        "Steps from noise to picture; 0 is the authors' number: 40, or 4 with lightning.",
        "从噪声到图片的步数；0 表示作者的取值：40，使用 lightning 时为 4。",
        ge=0,
        le=100,
    )
    true_cfg_scale: float = setting(
        4.0,
        "How strictly the instruction is followed; 1 takes half the time. Not with lightning.",
        "遵循指令的程度；1 用时减半。使用 lightning 时无效。",
        ge=1,
        le=10,
    )
    keep_background: bool = setting(
        True,
        "Hold what is not selected in place at every step, so that the filling fits to it; else"
        " the model paints the whole picture anew, and may shift it.",
        "每一步都固定未选中的部分，使填充与其吻合；否则模型会重画整张图片，可能产生偏移。",
    )

    @property
    def steps(self) -> int:
        """The number that counts."""
        return self.num_inference_steps or (4 if self.lightning else 40)

    @property
    def guidance(self) -> float:
        """The scale that counts; 1 = none."""
        return 1.0 if self.lightning else self.true_cfg_scale

    @property
    def removing(self) -> bool:
        """Whether the additions for removal are used."""
        return self.remover and self.mark in ("tint", "box")

    @property
    def instruction(self) -> str:
        """What the model is told."""
        return self.prompt or (FILL if self.mark == "cover" else REMOVE)

    @model_validator(mode="after")
    def _say_what(self) -> Self:
        if self.mark == "none" and not self.prompt.strip():
            raise ValueError("without a mark the prompt must say what to remove")
        return self
