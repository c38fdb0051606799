"""The parameters of RORem's scripts."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from methods._base import setting
from methods._diffusion.eraser import DiffusionSettings

_PROMPT = (
    "4K, high quality, masterpiece, Highly detailed, Sharp focus, Professional, photorealistic,"
    " realistic"
)
_NEGATIVE = (
    "low quality, worst, bad proportions, blurry, extra finger, Deformed, disfigured, unclear"
    " background"
)


class RoremSettings(DiffusionSettings):
    """The parameters of the authors' scripts, with their defaults."""

    variant: Literal["rorem", "lcm"] = setting(
        "rorem",
        "The model: RORem itself, or with its additions for 4 steps (lcm).",
        "模型：RORem 本身，或带有 4 步附加权重的版本（lcm）。",
    )
    prompt: str = setting(
        _PROMPT,
        "Words on quality, not on content; the authors found that they help. May be empty.",
        "描述质量而非内容的词；作者发现有帮助。可以留空。",
        max_length=1000,
    )
    negative_prompt: str = setting(
        _NEGATIVE,
        "What the filling should not show; counts only with a guidance_scale above 1.",
        "填充中不应出现的内容；仅在 guidance_scale 大于 1 时有效。",
        max_length=1000,
    )
    num_inference_steps: int = setting(
        0,
        "Steps from noise to picture; 0 is the authors' number: 50, or 4 with lcm. Without lcm"
        " 15 to 30 work well too.",
        "从噪声到图片的步数；0 表示作者的取值：50，lcm 为 4。不用 lcm 时 15 到 30 也可以。",
        ge=0,
        le=150,
    )
    guidance_scale: float = setting(
        1.0,
        "How strictly the prompts are followed; 1, the authors' value, takes half the time.",
        "遵循提示词的程度；作者使用 1，用时减半。",
        ge=1,
        le=30,
    )
    strength: float = setting(
        0.99,
        "How much noise covers what was there; the authors ask for less than 1.",
        "覆盖原内容的噪声强度；作者要求小于 1。",
        gt=0,
        lt=1,
    )
    dilate_size: int = setting(
        20,
        "Side, in pixels of the canvas, of the square by which the mask grows for the model; in"
        " the end only selected pixels change.",
        "模型所用遮罩按此边长（画布像素）的方形扩大；最终只改变选中的像素。",
        ge=0,
        le=100,
    )

    @property
    def steps(self) -> int:
        """The number that counts."""
        return self.num_inference_steps or (4 if self.variant == "lcm" else 50)

    @model_validator(mode="after")
    def _take_a_step(self) -> Self:
        if int(self.steps * self.strength) < 1:
            raise ValueError("num_inference_steps times strength must be at least 1")
        return self
