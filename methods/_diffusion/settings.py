"""Settings that erasers on diffusion models have in common."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from methods._base import Settings, setting
from methods._diffusion.placement import Memory
from methods._diffusion.quantization import Quantization

MAX_PROMPT = 1000
"""Characters; CLIP reads 77 tokens and cuts the rest."""


class DiffusionSettings(Settings):
    """Where the model lies while it works: common to all erasers on diffusion models."""

    memory: Memory = setting("fast", "setting.diffusion.memory", common=True)

    @property
    def least_memory(self) -> Memory:
        """The lowest step that the model can be brought to with the other settings."""
        return "small"


class TransformerSettings(DiffusionSettings):
    """What erasers on a large transformer have in common besides."""

    quantization: Quantization = setting("none", "setting.diffusion.quantization", common=True)

    @property
    def least_memory(self) -> Memory:
        """nf4 cannot come to the device layer by layer."""
        return "balanced" if self.quantization == "nf4" else "small"


class InpaintSettings(DiffusionSettings):
    """The parameters of diffusers' inpainting pipelines, under their own names."""

    prompt: str = setting(
        "",
        "setting.diffusion.prompt",
        max_length=MAX_PROMPT,
    )
    negative_prompt: str = setting(
        "",
        "setting.diffusion.negative_prompt",
        max_length=MAX_PROMPT,
    )
    num_inference_steps: int = setting(
        50,
        "setting.diffusion.num_inference_steps",
        ge=1,
        le=150,
    )
    guidance_scale: float = setting(
        7.5,
        "setting.diffusion.guidance_scale",
        ge=1,
        le=30,
    )
    strength: float = setting(
        1.0,
        "setting.diffusion.strength",
        gt=0,
        le=1,
    )

    @model_validator(mode="after")
    def _take_a_step(self) -> Self:
        if int(self.num_inference_steps * self.strength) < 1:
            raise ValueError("num_inference_steps times strength must be at least 1")
        return self
