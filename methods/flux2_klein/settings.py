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
        "setting.flux2_klein.mark",
    )
    prompt: str = setting(
        "",
        "setting.flux2_klein.prompt",
        max_length=MAX_PROMPT,
    )
    adapter: bool = setting(
        True,
        "setting.flux2_klein.adapter",
    )
    adapter_scale: float = setting(1.1, "setting.flux2_klein.adapter_scale", ge=0, le=2)
    num_inference_steps: int = setting(
        4,
        "setting.flux2_klein.num_inference_steps",
        ge=1,
        le=50,
    )
    keep_background: bool = setting(
        True,
        "setting.flux2_klein.keep_background",
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
