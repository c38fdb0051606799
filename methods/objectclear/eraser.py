"""ObjectClear: SDXL inpainting that is told what the object looks like, and looks for its effects.

Paper: Zhao, Wang, Ren, Yang, Zhou, Loy, "Precise Object and Effect Removal with Adaptive
Target-Aware Attention", CVPR 2026 (first published as "ObjectClear: Complete Object Removal via
Object-Effect Attention", 2025). The word "object" in a fixed prompt is replaced by an embedding
of the object's own picture; the model sees the whole photo; and the attention to that word says
in the end which pixels are new (attention-guided fusion).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

from methods._base import Canvas, EraserSpec, Image, Mask, Paper, Progress, Text, setting
from methods._diffusion.eraser import (
    Component,
    DiffusionEraser,
    DiffusionSettings,
    Part,
    generator,
    pil,
    read_scheduler,
    sdxl_inpaint_pipeline,
)
from methods._diffusion.placement import on_device
from methods._diffusion.tensors import mask_tensor, pixel_tensor
from methods.objectclear.fusion import fuse
from methods.objectclear.guide import TOKEN, Guide
from methods.objectclear.weights import PROMPTS, REPOSITORY, parts

if TYPE_CHECKING:
    import torch

PROMPT = "remove the instance of object"
_MEAN, _SPREAD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


class ObjectClearSettings(DiffusionSettings):
    """The parameters of the authors' inference script, with its defaults."""

    num_inference_steps: int = setting(20, "setting.objectclear.num_inference_steps", ge=2, le=150)
    guidance_scale: float = setting(
        2.5,
        "setting.objectclear.guidance_scale",
        ge=1,
        le=30,
    )
    apply_attention_guided_fusion: bool = setting(
        True,
        "setting.objectclear.apply_attention_guided_fusion",
    )


class ObjectClear(DiffusionEraser[ObjectClearSettings]):
    """The stock SDXL inpainting pipeline with a word for the object and its fusion."""

    spec = EraserSpec(
        id="objectclear",
        name="ObjectClear",
        summary=Text("eraser.objectclear.summary"),
        sees_object=True,  # the word for the object is made from its picture
        paper=Paper(
            "Precise Object and Effect Removal with Adaptive Target-Aware Attention",
            "https://arxiv.org/abs/2505.22636",
            2026,
        ),
        license=REPOSITORY.license,
        non_commercial=True,
        weights=REPOSITORY.weights(),
        canvas=Canvas(short_side=512, multiple_of=16),
        devices=("cuda", "mps", "cpu"),
        memory=11_700_000_000,  # in float32; half of it on a GPU
        rank=33,
        notes=(
            Text("eraser.objectclear.note.1"),
            Text("eraser.objectclear.note.2"),
        ),
    )
    Settings = ObjectClearSettings

    def parts(self, settings: ObjectClearSettings) -> Mapping[str, Part]:
        """UNet, VAE, the encoder of the object's picture, and what makes a word of it."""
        return parts()

    def erase(
        self, image: Image, mask: Mask, settings: ObjectClearSettings, seed: int, progress: Progress
    ) -> Image:
        """One run of the stock pipeline, and the fusion."""
        loaded = self.loaded(settings)
        (prompt,) = self.embed(PROMPTS, [PROMPT])
        words = prompt.tokens.clone()
        words[:, TOKEN] = self.object_word(image, mask, loaded)[:, 0]
        empty = prompt.zeros()
        pipeline = sdxl_inpaint_pipeline(
            loaded, read_scheduler(Part(REPOSITORY, "scheduler").path())
        )
        with ExitStack() as undo:
            undo.enter_context(self.placed(pipeline, settings, mask.size))
            draw = generator(seed)
            fused = settings.apply_attention_guided_fusion
            guide = Guide(pipeline, image, draw, progress, fused)
            undo.enter_context(guide.watching())
            filled: Image = self.call(
                pipeline,
                seed,
                progress,
                image=pil(image),
                mask_image=pil(mask),
                height=mask.shape[0],
                width=mask.shape[1],
                latents=guide.noise,
                masked_image_latents=guide.shown,
                generator=draw,
                prompt_embeds=words,
                pooled_prompt_embeds=prompt.pooled,
                negative_prompt_embeds=empty.tokens,
                negative_pooled_prompt_embeds=empty.pooled,
                num_inference_steps=settings.num_inference_steps,
                guidance_scale=settings.guidance_scale,
                strength=1.0,
                callback_on_step_end=guide.on_step_end,
                callback_on_step_end_tensor_inputs=["latents", "mask"],
            )
        if not settings.apply_attention_guided_fusion:
            return filled
        return fuse(image, filled, guide.attention())

    def object_word(
        self, image: Image, mask: Mask, loaded: Mapping[str, Component]
    ) -> torch.Tensor:
        """(1, 1, C), on the CPU: what the object looks like, as a word of the prompt.

        The cut-out is in -1 … 1 and black outside is 0, though CLIP's own normalisation is made
        for 0 … 1: so it was trained.
        """
        import torch
        from torch.nn.functional import interpolate

        encoder, word = loaded["picture"], loaded["word"]
        size = encoder.config.image_size
        cut = pixel_tensor(image) * mask_tensor(mask)
        small = interpolate(cut, (size, size), mode="bilinear", antialias=True)
        mean, spread = (torch.tensor(v).reshape(1, 3, 1, 1) for v in (_MEAN, _SPREAD))
        given = ((small - mean) / spread).to(self.dtype).to(self.device)
        with torch.no_grad(), on_device(encoder, self.device), on_device(word, self.device):
            found: torch.Tensor = word(encoder(given).image_embeds[:, None])
        return found.cpu()
