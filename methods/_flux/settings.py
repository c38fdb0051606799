"""Parameters that erasers on FLUX.1 have in common."""

from __future__ import annotations

from methods._base import setting
from methods._diffusion.eraser import TransformerSettings


class FluxSettings(TransformerSettings):
    """Both as the authors of OmniEraser and OmniPaint have them."""

    num_inference_steps: int = setting(
        28,
        "setting.flux.num_inference_steps",
        ge=1,
        le=150,
    )
    guidance_scale: float = setting(
        3.5,
        "setting.flux.guidance_scale",
        ge=1,
        le=100,
    )
