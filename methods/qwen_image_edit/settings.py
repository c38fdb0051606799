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
        "setting.qwen_image_edit.mark",
    )
    prompt: str = setting(
        "",
        "setting.qwen_image_edit.prompt",
        max_length=MAX_PROMPT,
    )
    remover: bool = setting(
        True,
        "setting.qwen_image_edit.remover",
    )
    lightning: bool = setting(
        False,
        "setting.qwen_image_edit.lightning",
    )
    num_inference_steps: int = setting(
        0,
        "setting.qwen_image_edit.num_inference_steps",
        ge=0,
        le=100,
    )
    true_cfg_scale: float = setting(
        4.0,
        "setting.qwen_image_edit.true_cfg_scale",
        ge=1,
        le=10,
    )
    keep_background: bool = setting(
        True,
        "setting.qwen_image_edit.keep_background",
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
