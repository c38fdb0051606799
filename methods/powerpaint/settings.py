"""PowerPaint's settings."""

from __future__ import annotations

from typing import Literal

from methods._base import setting
from methods._diffusion.eraser import DiffusionSettings
from methods._diffusion.settings import MAX_PROMPT
from methods.powerpaint.prompts import Task


class PowerPaintSettings(DiffusionSettings):
    """The controls of the authors' demo."""

    version: Literal["v1", "v1_merged", "v2"] = setting(
        "v1",
        "setting.powerpaint.version",
    )
    task: Task = setting(
        "object-removal",
        "setting.powerpaint.task",
    )
    prompt: str = setting(
        "",
        "setting.powerpaint.prompt",
        max_length=MAX_PROMPT,
    )
    negative_prompt: str = setting(
        "",
        "setting.powerpaint.negative_prompt",
        max_length=MAX_PROMPT,
    )
    fitting_degree: float = setting(
        1.0,
        "setting.powerpaint.fitting_degree",
        ge=0,
        le=1,
    )
    num_inference_steps: int = setting(45, "setting.powerpaint.num_inference_steps", ge=1, le=150)
    guidance_scale: float = setting(
        12.0,
        "setting.powerpaint.guidance_scale",
        ge=1,
        le=30,
    )
    authors_resize: bool = setting(
        False,
        "setting.powerpaint.authors_resize",
    )
