"""The settings of Attentive Eraser, under the names that its authors give them.

-1 stands for what they choose: it depends on the model.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from methods._base import setting
from methods._diffusion.settings import MAX_PROMPT, DiffusionSettings
from methods.attentive_eraser.freeu import FreeU
from methods.attentive_eraser.guidance import Redirection

_CHOSEN = -1


def _chosen(value: int) -> int | None:
    """A setting as `Redirection` has it."""
    return None if value == _CHOSEN else value


class AttentiveSettings(DiffusionSettings):
    """Sampling, guidance, the extent of the changed attention, and FreeU."""

    variant: Literal["sdxl", "sd21", "sd15"] = setting(
        "sdxl",
        "setting.attentive_eraser.variant",
    )
    prompt: str = setting(
        "",
        "setting.attentive_eraser.prompt",
        max_length=MAX_PROMPT,
    )
    num_inference_steps: int = setting(
        50,
        "setting.attentive_eraser.num_inference_steps",
        ge=1,
        le=150,
    )
    strength: float = setting(
        0.8,
        "setting.attentive_eraser.strength",
        gt=0,
        le=1,
    )
    rm_guidance_scale: float = setting(
        9.0,
        "setting.attentive_eraser.rm_guidance_scale",
        ge=0,
        le=30,
    )
    ss_steps: int = setting(
        9,
        "setting.attentive_eraser.ss_steps",
        ge=-1,
        le=150,
    )
    ss_scale: float = setting(
        0.3,
        "setting.attentive_eraser.ss_scale",
        ge=0,
        le=1,
    )
    AAS_start_step: int = setting(0, "setting.attentive_eraser.AAS_start_step", ge=0, le=150)
    AAS_end_step: int = setting(
        _CHOSEN,
        "setting.attentive_eraser.AAS_end_step",
        ge=_CHOSEN,
        le=150,
    )
    AAS_start_layer: int = setting(
        _CHOSEN,
        "setting.attentive_eraser.AAS_start_layer",
        ge=_CHOSEN,
        le=70,
    )
    AAS_end_layer: int = setting(
        _CHOSEN,
        "setting.attentive_eraser.AAS_end_layer",
        ge=_CHOSEN,
        le=70,
    )
    resolution: int = setting(
        0,
        "setting.attentive_eraser.resolution",
        ge=0,
        le=2048,
        multiple_of=64,
    )
    mask_blur: int = setting(
        0,
        "setting.attentive_eraser.mask_blur",
        ge=0,
        le=255,
    )
    freeu: Literal["auto", "on", "off"] = setting(
        "auto",
        "setting.attentive_eraser.freeu",
    )
    b1: float = setting(
        1.4,
        "setting.attentive_eraser.b1",
        ge=0,
        le=2,
    )
    b2: float = setting(
        1.6,
        "setting.attentive_eraser.b2",
        ge=0,
        le=2,
    )
    s1: float = setting(
        0.9,
        "setting.attentive_eraser.s1",
        ge=0,
        le=2,
    )
    s2: float = setting(
        0.2,
        "setting.attentive_eraser.s2",
        ge=0,
        le=2,
    )

    @model_validator(mode="after")
    def _take_a_step(self) -> Self:
        if int(self.num_inference_steps * self.strength) < 1:
            raise ValueError("num_inference_steps times strength must be at least 1")
        return self

    @property
    def redirection(self) -> Redirection:
        """What the UNet is to do differently."""
        return Redirection(
            rm_guidance_scale=self.rm_guidance_scale,
            ss_steps=self.ss_steps,
            ss_scale=self.ss_scale,
            start_step=self.AAS_start_step,
            end_step=_chosen(self.AAS_end_step),
            start_layer=_chosen(self.AAS_start_layer),
            end_layer=_chosen(self.AAS_end_layer),
        )

    @property
    def factors(self) -> FreeU | None:
        """FreeU's, or None where it is off."""
        used = self.variant != "sdxl" if self.freeu == "auto" else self.freeu == "on"
        return FreeU(self.b1, self.b2, self.s1, self.s2) if used else None
