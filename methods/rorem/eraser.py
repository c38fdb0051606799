"""RORem: SDXL inpainting, fine-tuned on 200 000 removals that people judged.

Paper: Li, Yang, Guo, Zhang, "RORem: Training a Robust Object Remover with Human-in-the-Loop",
CVPR 2025. The stock pipeline on their UNet; the variant "lcm" adds their distilled LoRA and takes
four steps. Their demo squeezes every picture into a square of 512; here the crop keeps its shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from methods._base import (
    Canvas,
    DeviceName,
    EraserSpec,
    Image,
    Mask,
    Paper,
    Progress,
    Text,
    WeightFile,
)
from methods._diffusion.components import identity, part_bytes
from methods._diffusion.eraser import (
    DiffusionEraser,
    Part,
    pil,
    read_scheduler,
    sdxl_inpaint_pipeline,
)
from methods.rorem.settings import RoremSettings
from methods.rorem.weights import (
    FAST_UNET,
    LCM,
    PROMPTS,
    REPOSITORY,
    UNET,
    VAE,
)

if TYPE_CHECKING:
    from diffusers import SchedulerMixin


class Rorem(DiffusionEraser[RoremSettings]):
    """The stock SDXL inpainting pipeline on RORem's UNet."""

    spec = EraserSpec(
        id="rorem",
        name="RORem",
        summary=Text("eraser.rorem.summary"),
        paper=Paper(
            "RORem: Training a Robust Object Remover with Human-in-the-Loop",
            "https://arxiv.org/abs/2501.00740",
            2025,
        ),
        license=REPOSITORY.license,
        weights=REPOSITORY.weights(),
        more_weights=LCM.weights(),
        canvas=Canvas(short_side=512, multiple_of=64),
        devices=("cuda", "mps", "cpu"),
        memory=10_600_000_000,  # in float32; half of it on a GPU
        rank=35,
        notes=(
            Text("eraser.rorem.note.1"),
            Text("eraser.rorem.note.2"),
        ),
    )
    Settings = RoremSettings

    @classmethod
    def weights_for(cls, settings: RoremSettings) -> tuple[WeightFile, ...]:
        """The whole model, and for lcm the additions."""
        more = LCM.weights() if settings.variant == "lcm" else ()
        return (*cls.spec.weights, *more)

    def parts(self, settings: RoremSettings) -> Mapping[str, Part]:
        """UNet and VAE."""
        return {"unet": FAST_UNET if settings.variant == "lcm" else UNET, "vae": VAE}

    def memory(self, settings: RoremSettings, device: DeviceName) -> Mapping[str, int]:
        """The 4-step UNet takes what RORem's takes: the additions are worked into it."""
        dtype = self.precision_on(device)
        held = {"unet": part_bytes(UNET, dtype), "vae": part_bytes(VAE, dtype)}
        return {identity(p, dtype): held[name] for name, p in self.parts(settings).items()}

    def erase(
        self, image: Image, mask: Mask, settings: RoremSettings, seed: int, progress: Progress
    ) -> Image:
        """One run of the stock pipeline. An empty negative prompt is all zeros, as there."""
        positive, negative = self.embed(PROMPTS, [settings.prompt, settings.negative_prompt])
        if not settings.negative_prompt:
            negative = positive.zeros()
        pipeline = sdxl_inpaint_pipeline(self.loaded(settings), scheduler(settings.variant))
        erased: Image = self.run(
            pipeline,
            settings,
            seed,
            progress,
            image=pil(image),
            mask_image=pil(grown(mask, settings.dilate_size)),
            height=mask.shape[0],
            width=mask.shape[1],
            prompt_embeds=positive.tokens,
            pooled_prompt_embeds=positive.pooled,
            negative_prompt_embeds=negative.tokens,
            negative_pooled_prompt_embeds=negative.pooled,
            num_inference_steps=settings.steps,
            guidance_scale=settings.guidance_scale,
            strength=settings.strength,
        )
        return erased


def scheduler(variant: str) -> SchedulerMixin:
    """The model's own, or for the 4-step variant the one of consistency models."""
    own = read_scheduler(Part(REPOSITORY, "scheduler").path())
    if variant != "lcm":
        return own
    from diffusers import LCMScheduler

    return LCMScheduler.from_config(own.config)


def grown(mask: Mask, size: int) -> Mask:
    """The mask dilated by a square of `size` pixels; 0 = as it is. Never the whole picture."""
    if not size:
        return mask
    import cv2
    import numpy as np

    grown = cv2.dilate(mask.astype(np.uint8), np.ones((size, size), np.uint8)).astype(bool)
    return mask if grown.all() else grown
