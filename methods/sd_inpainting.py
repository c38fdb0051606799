"""Stable Diffusion inpainting: the baseline that erasers are measured against.

Paper: Rombach, Blattmann, Lorenz, Esser, Ommer, "High-Resolution Image Synthesis with Latent
Diffusion Models", CVPR 2022. The models are Runway's 1.5 and Stability AI's 2.0, fine-tuned
for inpainting; the pipeline is diffusers' own, with its own defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from methods._base import (
    Canvas,
    EraserSpec,
    Image,
    Mask,
    Paper,
    Progress,
    Text,
    WeightFile,
    setting,
)
from methods._diffusion.eraser import (
    ClipPrompts,
    DiffusionEraser,
    InpaintSettings,
    Part,
    pil,
    read_scheduler,
    sd_inpaint_pipeline,
)
from methods._diffusion.repositories import SD2_INPAINTING, SD15_INPAINTING

_BASES = {"sd15": SD15_INPAINTING, "sd2": SD2_INPAINTING}


class SdSettings(InpaintSettings):
    """Which of the two models, and the pipeline's parameters."""

    variant: Literal["sd15", "sd2"] = setting(
        "sd15",
        "setting.sd_inpainting.variant",
    )


class SdInpainting(DiffusionEraser[SdSettings]):
    """diffusers' StableDiffusionInpaintPipeline as it comes."""

    spec = EraserSpec(
        id="sd_inpainting",
        name="SD Inpainting",
        summary=Text("eraser.sd_inpainting.summary"),
        paper=Paper(
            "High-Resolution Image Synthesis with Latent Diffusion Models",
            "https://arxiv.org/abs/2112.10752",
            2022,
        ),
        license="CreativeML-OpenRAIL-M",
        weights=SD15_INPAINTING.weights(),
        more_weights=SD2_INPAINTING.weights(),
        canvas=Canvas(short_side=512, multiple_of=64),
        devices=("cuda", "mps", "cpu"),
        memory=3_800_000_000,  # in float32; half of it on a GPU
        rank=40,
        notes=(
            Text("eraser.sd_inpainting.note.1"),
            Text("eraser.sd_inpainting.note.2"),
        ),
    )
    Settings = SdSettings

    @classmethod
    def weights_for(cls, settings: SdSettings) -> tuple[WeightFile, ...]:
        """Those of the chosen model."""
        return _BASES[settings.variant].weights()

    def parts(self, settings: SdSettings) -> Mapping[str, Part]:
        """UNet and VAE of the chosen model."""
        base = _BASES[settings.variant]
        return {"unet": Part(base, "unet"), "vae": Part(base, "vae")}

    def erase(
        self, image: Image, mask: Mask, settings: SdSettings, seed: int, progress: Progress
    ) -> Image:
        """One run of the stock pipeline."""
        base = _BASES[settings.variant]
        prompts = ClipPrompts(Part(base, "tokenizer"), Part(base, "text_encoder"))
        positive, negative = self.embed(prompts, [settings.prompt, settings.negative_prompt])
        scheduler = read_scheduler(Part(base, "scheduler").path())
        pipeline = sd_inpaint_pipeline(self.loaded(settings), scheduler)
        erased: Image = self.run(
            pipeline,
            settings,
            seed,
            progress,
            image=pil(image),
            mask_image=pil(mask),
            height=image.shape[0],
            width=image.shape[1],
            prompt_embeds=positive.tokens,
            negative_prompt_embeds=negative.tokens,
            num_inference_steps=settings.num_inference_steps,
            guidance_scale=settings.guidance_scale,
            strength=settings.strength,
        )
        return erased
