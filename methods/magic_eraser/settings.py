"""MagicEraser's settings: diffusers' own, the paper's, and those that our reading of it needs."""

from __future__ import annotations

from typing import Literal

from methods._base import setting
from methods._diffusion.settings import MAX_PROMPT, InpaintSettings
from methods.magic_eraser.attention import Formula, Refocus


class MagicSettings(InpaintSettings):
    """The start, the prompt, and how attention is refocused."""

    variant: Literal["sd15", "sd2"] = setting(
        "sd15",
        "setting.magic_eraser.variant",
    )
    init: Literal["auto", "lama", "migan", "telea"] = setting(
        "auto",
        "setting.magic_eraser.init",
    )
    prompt: str = setting(
        "",
        "setting.magic_eraser.prompt",
        max_length=MAX_PROMPT,
    )
    strength: float = setting(
        0.9,
        "setting.magic_eraser.strength",
        gt=0,
        le=1,
    )
    refocus_steps: float = setting(
        0.3,
        "setting.magic_eraser.refocus_steps",
        ge=0,
        le=1,
    )
    similar: Literal["class", "things"] = setting(
        "class",
        "setting.magic_eraser.similar",
    )
    formula: Formula = setting(
        "range",
        "setting.magic_eraser.formula",
    )
    lambda_pos: float = setting(
        0.3,
        "setting.magic_eraser.lambda_pos",
        ge=0,
        le=1,
    )
    lambda_neg: float = setting(
        0.3,
        "setting.magic_eraser.lambda_neg",
        ge=0,
        le=1,
    )
    lambda_power: float = setting(
        5.0,
        "setting.magic_eraser.lambda_power",
        ge=0,
        le=10,
    )
    area_weight: float = setting(
        1.0,
        "setting.magic_eraser.area_weight",
        ge=0,
        le=1,
    )

    @property
    def refocus(self) -> Refocus:
        """What the UNet's attention is to do differently."""
        executed = int(self.num_inference_steps * self.strength)
        return Refocus(
            steps=round(self.refocus_steps * executed),
            formula=self.formula,
            lambda_pos=self.lambda_pos,
            lambda_neg=self.lambda_neg,
            lambda_power=self.lambda_power,
            area_weight=self.area_weight,
        )
