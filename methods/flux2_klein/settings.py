"""FLUX.2 klein's settings."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from methods._base import setting
from methods._diffusion.eraser import Repository, TransformerSettings
from methods._diffusion.highlight import Mark
from methods._diffusion.settings import MAX_PROMPT
from methods.flux2_klein.weights import FILLING, REMOVING

FILL = "Fill the green spaces according to the image"
REMOVE = "Remove the highlighted object from the scene"
"""What the additions were trained on, word by word."""


class Flux2KleinSettings(TransformerSettings):
    """How the object is shown, and what the model is told."""

    mark: Mark = setting(
        "cover",
        "How the model is told which object is meant: covered with green, which it fills (cover);"
        " under a red veil (tint); in a red box (box); by your prompt alone (none).",
        "如何告诉模型要移除哪个物体：用绿色盖住并让它填充（cover）、蒙上红色（tint）、"
        "画红框（box），或只靠提示词（none）。",
    )
    prompt: str = setting(
        "",
        "The instruction, in English. Empty: the one that fits the mark.",
        "指令（英文）。留空则使用与标记方式相配的指令。",
        max_length=MAX_PROMPT,
    )
    adapter: bool = setting(
        True,
        "Use the additions that were trained for the mark; there are none for mark=none.",
        "使用针对该标记方式训练的附加权重；mark=none 时没有。",
    )
    adapter_scale: float = setting(
        1.1, "How strongly the additions count.", "附加权重的强度。", ge=0, le=2
    )
    num_inference_steps: int = setting(
        4,
        "Steps from noise to picture: the model was made for 4; more invent more.",
        "从噪声到图片的步数：模型为 4 步而设计；步数越多，凭空添加的内容越多。",
        ge=1,
        le=50,
    )
    keep_background: bool = setting(
        True,
        "Hold what is not selected in place at every step, so that the filling fits to it; else"
        " the model paints the whole picture anew.",
        "每一步都固定未选中的部分，使填充与其吻合；否则模型会重画整张图片。",
    )

    @property
    def instruction(self) -> str:
        """What the model is told."""
        return self.prompt or (FILL if self.mark == "cover" else REMOVE)

    @property
    def additions(self) -> Repository | None:
        """Those that these settings need."""
        if self.mark == "none" or not self.adapter:
            return None
        return FILLING if self.mark == "cover" else REMOVING

    @model_validator(mode="after")
    def _say_what(self) -> Self:
        if self.mark == "none" and not self.prompt.strip():
            raise ValueError("without a mark the prompt must say what to remove")
        return self
