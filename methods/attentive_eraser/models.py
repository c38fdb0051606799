"""The models that Attentive Eraser works on, and its sampling on each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from methods._base import WeightFile
from methods._diffusion.eraser import (
    ClipPrompts,
    Component,
    Part,
    Repository,
    SdxlPrompts,
    sd_inpaint_pipeline,
    sdxl_inpaint_pipeline,
)
from methods._diffusion.repositories import SD15, SD21, SDXL

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

_TEXT = ("tokenizer", "text_encoder")
_SDXL_TEXT = (*_TEXT, "tokenizer_2", "text_encoder_2")


@dataclass(frozen=True, slots=True)
class Model:
    """One base model, its UNet with 4 channels.

    text: its tokenizers and text encoders. resolution: the shorter side, in pixels, of what it
    was trained on. steps_offset: of the noise schedule, which the authors leave at 0 with
    SDXL, while the pipeline of the others puts it at 1.
    """

    base: Repository
    text: tuple[str, ...]
    resolution: int
    steps_offset: int

    @property
    def is_sdxl(self) -> bool:
        """Whether it has two text encoders."""
        return len(self.text) > 2

    def weights(self) -> tuple[WeightFile, ...]:
        """All files but the scheduler's, which is ours."""
        return self.base.weights("unet", "vae", *self.text)

    def prompts(self) -> ClipPrompts:
        """What turns texts into embeddings."""
        parts = [Part(self.base, name) for name in self.text]
        return SdxlPrompts(*parts) if self.is_sdxl else ClipPrompts(*parts)

    def pipeline(self, loaded: Mapping[str, Component]) -> DiffusionPipeline:
        """The stock inpainting pipeline: for a UNet of 4 channels it puts back, after every step,
        what lies outside the mask. With the authors' DDIM."""
        from diffusers import DDIMScheduler

        scheduler = DDIMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            clip_sample=False,
            set_alpha_to_one=False,
            steps_offset=self.steps_offset,
        )
        make = sdxl_inpaint_pipeline if self.is_sdxl else sd_inpaint_pipeline
        return make(loaded, scheduler)


MODELS = {
    "sdxl": Model(SDXL, _SDXL_TEXT, 1024, steps_offset=0),
    "sd21": Model(SD21, _TEXT, 512, steps_offset=1),
    "sd15": Model(SD15, _TEXT, 512, steps_offset=1),
}
