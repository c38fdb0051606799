"""Attentive Eraser: a plain diffusion model that is kept from looking at the object.

Paper: Sun, Cui, Dong, Tang, "Attentive Eraser: Unleashing Diffusion Model's Object Removal
Potential via Self-Attention Redirection Guidance", AAAI 2025. Nothing is trained: the photo is
noised, and at every step what lies outside the hole is put back (blended latents), while
inside, the model's self-attention is turned away from the object (see `attentive_eraser.guidance`).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from methods._base import Canvas, EraserSpec, Image, Mask, Paper, Progress, Text, WeightFile
from methods._diffusion.eraser import DiffusionEraser, Part
from methods._diffusion.self_attention import TokenMasks, latent_mask
from methods.attentive_eraser.freeu import freeu
from methods.attentive_eraser.guidance import redirected_unet
from methods.attentive_eraser.models import MODELS
from methods.attentive_eraser.settings import AttentiveSettings

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

_BLUR_THRESHOLD = 0.1  # of the blurred mask


class AttentiveEraser(DiffusionEraser[AttentiveSettings]):
    """AAS, SARG and similarity suppression on SDXL, Stable Diffusion 2.1 or 1.5."""

    spec = EraserSpec(
        id="attentive_eraser",
        name="Attentive Eraser",
        summary=Text("eraser.attentive_eraser.summary"),
        sees_object=True,  # the start is the photo under noise, led away from the object
        paper=Paper(
            "Attentive Eraser: Unleashing Diffusion Model's Object Removal Potential via"
            " Self-Attention Redirection Guidance",
            "https://arxiv.org/abs/2412.12974",
            2025,
        ),
        license="CreativeML-OpenRAIL++-M",
        weights=MODELS["sdxl"].weights(),
        more_weights=(*MODELS["sd21"].weights(), *MODELS["sd15"].weights()),
        canvas=Canvas(short_side=1024, multiple_of=64),
        devices=("cuda", "mps", "cpu"),
        memory=10_600_000_000,  # in float32; half of it on a GPU
        rank=32,
        notes=(
            Text("eraser.attentive_eraser.note.1"),
            Text("eraser.attentive_eraser.note.2"),
            Text("eraser.attentive_eraser.note.3"),
        ),
    )
    Settings = AttentiveSettings

    @classmethod
    def canvas_for(cls, settings: AttentiveSettings) -> Canvas:
        """Of the resolution that is asked for, or the model's own."""
        side = settings.resolution or MODELS[settings.variant].resolution
        return replace(cls.spec.canvas, short_side=side)

    @classmethod
    def weights_for(cls, settings: AttentiveSettings) -> tuple[WeightFile, ...]:
        """Those of the chosen model."""
        return MODELS[settings.variant].weights()

    def parts(self, settings: AttentiveSettings) -> Mapping[str, Part]:
        """UNet and VAE of the chosen model."""
        base = MODELS[settings.variant].base
        return {"unet": Part(base, "unet"), "vae": Part(base, "vae")}

    def erase(
        self, image: Image, mask: Mask, settings: AttentiveSettings, seed: int, progress: Progress
    ) -> Image:
        """One run of the stock pipeline."""
        erased: Image = self.sample(_pixels(image), mask, settings, seed, progress)
        return erased

    def sample(
        self,
        pixels: torch.Tensor,
        mask: Mask,
        settings: AttentiveSettings,
        seed: int,
        progress: Progress,
        **more: object,
    ) -> Image | torch.Tensor:
        """One run of the stock pipeline on pixels (1, 3, H, W), float in 0 … 1.

        mask: (H, W). more: arguments for the pipeline, in place of ours. Returns what
        `DiffusionEraser.run` does.
        """
        model = MODELS[settings.variant]
        height, width = mask.shape
        masks = TokenMasks(grown(mask, settings.mask_blur), (height // 8, width // 8))
        (prompt,) = self.embed(model.prompts(), [settings.prompt])
        pipeline = model.pipeline(self.loaded(settings))
        call: dict[str, object] = {
            "image": pixels,
            "mask_image": _tensor(latent_mask(masks)),
            # Unused by a UNet of 4 channels: given, so that the VAE need not make it.
            "masked_image_latents": _tensor(np.zeros((4, *masks.latent), np.float32)),
            "prompt_embeds": prompt.tokens,
            "num_inference_steps": settings.num_inference_steps,
            "strength": settings.strength,
            "guidance_scale": 1.0,
        }
        if prompt.pooled is not None:
            call["pooled_prompt_embeds"] = prompt.pooled
        with ExitStack() as undo:
            undo.enter_context(freeu(pipeline.unet, settings.factors))
            undo.enter_context(redirected_unet(pipeline.unet, masks, settings.redirection))
            return self.run(
                pipeline, settings, seed, progress, height=height, width=width, **{**call, **more}
            )


def grown(mask: Mask, kernel: int) -> Mask:
    """The mask where its Gaussian blur reaches a tenth; kernel: odd size in pixels, 0 = as it is.

    The blur's width follows from the kernel's size as in torchvision, which the authors use.
    """
    if not kernel:
        return mask
    import cv2

    size = kernel | 1  # an even one means the next
    blurred = cv2.GaussianBlur(mask.astype(np.float32), (size, size), 0)
    return np.asarray(blurred >= _BLUR_THRESHOLD)


def _tensor(values: NDArray[np.floating]) -> torch.Tensor:
    """(h, w) or (c, h, w) to (1, c, h, w)."""
    import torch

    return torch.from_numpy(values.reshape(1, -1, *values.shape[-2:]))


def _pixels(image: Image) -> torch.Tensor:
    """(H, W, 3) uint8 to (1, 3, H, W) float32 in 0 … 1: the range that the pipelines widen."""
    return _tensor((image.astype(np.float32) / 255).transpose(2, 0, 1).copy())
