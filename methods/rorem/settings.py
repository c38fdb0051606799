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
        "setting.rorem.variant",
    )
    prompt: str = setting(
        _PROMPT,
        "setting.rorem.prompt",
        max_length=1000,
    )
    negative_prompt: str = setting(
        _NEGATIVE,
        "setting.rorem.negative_prompt",
        max_length=1000,
    )
    num_inference_steps: int = setting(
        0,
        "setting.rorem.num_inference_steps",
        ge=0,
        le=150,
    )
    guidance_scale: float = setting(
        1.0,
        "setting.rorem.guidance_scale",
        ge=1,
        le=30,
    )
    strength: float = setting(
        0.99,
        "setting.rorem.strength",
        gt=0,
        lt=1,
    )
    dilate_size: int = setting(
        20,
        "setting.rorem.dilate_size",
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
