"""SDXL inpainting 0.1: the baseline of the erasers that are built on SDXL.

Paper: Podell, English, Lacey, Blattmann, Dockhorn, Müller, Penna, Rombach, "SDXL: Improving
Latent Diffusion Models for High-Resolution Image Synthesis", ICLR 2024. The model was
fine-tuned for inpainting by the makers of diffusers; the pipeline is theirs, with the
defaults of the model's card.
"""

from __future__ import annotations

from collections.abc import Mapping

from methods._base import Canvas, EraserSpec, Image, Mask, Paper, Progress, Text, setting
from methods._diffusion.eraser import (
    DiffusionEraser,
    InpaintSettings,
    Part,
    SdxlPrompts,
    pil,
    read_scheduler,
    sdxl_inpaint_pipeline,
)
from methods._diffusion.repositories import SDXL_INPAINTING

PROMPTS = SdxlPrompts(
    Part(SDXL_INPAINTING, "tokenizer"),
    Part(SDXL_INPAINTING, "text_encoder"),
    Part(SDXL_INPAINTING, "tokenizer_2"),
    Part(SDXL_INPAINTING, "text_encoder_2"),
)


class SdxlSettings(InpaintSettings):
    """The pipeline's parameters with the defaults of the model's card."""

    num_inference_steps: int = setting(
        20,
        "setting.sdxl_inpainting.num_inference_steps",
        ge=1,
        le=150,
    )
    guidance_scale: float = setting(
        8.0,
        "setting.sdxl_inpainting.guidance_scale",
        ge=1,
        le=30,
    )
    strength: float = setting(
        0.99,
        "setting.sdxl_inpainting.strength",
        gt=0,
        le=1,
    )


class SdxlInpainting(DiffusionEraser[SdxlSettings]):
    """diffusers' StableDiffusionXLInpaintPipeline as it comes."""

    spec = EraserSpec(
        id="sdxl_inpainting",
        name="SDXL Inpainting",
        summary=Text("eraser.sdxl_inpainting.summary"),
        paper=Paper(
            "SDXL: Improving Latent Diffusion Models for High-Resolution Image Synthesis",
            "https://arxiv.org/abs/2307.01952",
            2024,
        ),
        license="CreativeML-OpenRAIL++-M",
        weights=SDXL_INPAINTING.weights(),
        canvas=Canvas(short_side=1024, multiple_of=64),
        devices=("cuda", "mps", "cpu"),
        memory=10_600_000_000,  # in float32; half of it on a GPU
        rank=41,
        notes=(Text("eraser.sdxl_inpainting.note.1"),),
    )
    Settings = SdxlSettings

    def parts(self, settings: SdxlSettings) -> Mapping[str, Part]:
        """UNet and VAE."""
        return {"unet": Part(SDXL_INPAINTING, "unet"), "vae": Part(SDXL_INPAINTING, "vae")}

    def erase(
        self, image: Image, mask: Mask, settings: SdxlSettings, seed: int, progress: Progress
    ) -> Image:
        """One run of the stock pipeline. An empty negative prompt is all zeros, as there."""
        positive, negative = self.embed(PROMPTS, [settings.prompt, settings.negative_prompt])
        if not settings.negative_prompt:
            negative = positive.zeros()
        scheduler = read_scheduler(Part(SDXL_INPAINTING, "scheduler").path())
        pipeline = sdxl_inpaint_pipeline(self.loaded(settings), scheduler)
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
            pooled_prompt_embeds=positive.pooled,
            negative_prompt_embeds=negative.tokens,
            negative_pooled_prompt_embeds=negative.pooled,
            num_inference_steps=settings.num_inference_steps,
            guidance_scale=settings.guidance_scale,
            strength=settings.strength,
        )
        return erased
