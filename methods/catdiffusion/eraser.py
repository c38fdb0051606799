"""CAT-Diffusion: puts an object that a prompt names into the hole. It inserts; it does not erase.

Paper: Chen, Chen, Pan, Li, Yao, Chen, Mei, "Improving Text-guided Object Inpainting with Semantic
Pre-inpainting", ECCV 2024. Stable Diffusion 1.5 inpainting with what `catdiffusion.network` adds.
No weights were published; a checkpoint of the user's own runs here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from methods._base import Canvas, EraserSpec, Image, Mask, Paper, Progress, Text, setting
from methods._diffusion.clip_vision import clip_pixels
from methods._diffusion.eraser import Component, DiffusionEraser, Part, pil, sd_inpaint_pipeline
from methods._diffusion.readers import unreadable
from methods._diffusion.settings import MAX_PROMPT, DiffusionSettings
from methods.catdiffusion.inputs import Views, views
from methods.catdiffusion.weights import HOW_TO_GET, WEIGHTS, LabelPrompts, parts, scheduler

if TYPE_CHECKING:
    import torch


class CatDiffusionSettings(DiffusionSettings):
    """What to insert, and the authors' parameters."""

    prompt: str = setting(
        "",
        "setting.catdiffusion.prompt",
        max_length=MAX_PROMPT,
    )
    num_inference_steps: int = setting(
        50,
        "setting.catdiffusion.num_inference_steps",
        ge=1,
        le=150,
    )
    guidance_scale: float = setting(
        7.5,
        "setting.catdiffusion.guidance_scale",
        ge=1,
        le=30,
    )


class CatDiffusion(DiffusionEraser[CatDiffusionSettings]):
    """diffusers' inpainting pipeline on a UNet that also attends to guessed CLIP features."""

    spec = EraserSpec(
        id="catdiffusion",
        name="CAT-Diffusion",
        summary=Text("eraser.catdiffusion.summary"),
        paper=Paper(
            "Improving Text-guided Object Inpainting with Semantic Pre-inpainting",
            "https://arxiv.org/abs/2409.08260",
            2024,
        ),
        license="MIT",
        weights=WEIGHTS,
        canvas=Canvas(square=512, min_context=128),
        devices=("cuda", "mps", "cpu"),
        memory=6_500_000_000,  # in float32; half of it on a GPU
        rank=90,
        notes=(
            HOW_TO_GET,
            Text("eraser.catdiffusion.note.1"),
        ),
    )
    Settings = CatDiffusionSettings

    def parts(self, settings: CatDiffusionSettings) -> Mapping[str, Part]:
        """UNet, VAE, CLIP's image encoder and the semantic inpainter."""
        return parts()

    def erase(
        self,
        image: Image,
        mask: Mask,
        settings: CatDiffusionSettings,
        seed: int,
        progress: Progress,
    ) -> Image:
        """Guess what CLIP would see in the hole, then paint it."""
        import torch

        from methods.catdiffusion.network import reference_words

        shown, loaded = views(image, mask), self.loaded(settings)
        prompt, empty = self.embed(LabelPrompts(), [settings.prompt, ""])
        tokens = self._semantics(shown, prompt.pooled, loaded)
        words = reference_words(tokens.to(self.device), settings.guidance_scale > 1)
        without = torch.from_numpy(shown.without.transpose(2, 0, 1)[None])
        erased: Image = self.run(
            sd_inpaint_pipeline(loaded, scheduler()),
            settings,
            seed,
            progress,
            image=pil(image),
            mask_image=torch.from_numpy(shown.latent_mask.repeat(8, 0).repeat(8, 1)[None, None]),
            masked_image_latents=without.to(self.dtype),  # encoded by the pipeline
            height=image.shape[0],
            width=image.shape[1],
            prompt_embeds=prompt.tokens,
            negative_prompt_embeds=empty.tokens,
            cross_attention_kwargs=words,
            num_inference_steps=settings.num_inference_steps,
            guidance_scale=settings.guidance_scale,
        )
        return erased

    def _semantics(
        self, shown: Views, label: torch.Tensor, loaded: Mapping[str, Component]
    ) -> torch.Tensor:
        """The semantic inpainter's tokens, (1, 64, C)."""
        import torch

        encoder, inpainter = loaded["image_encoder"], loaded["semantic_inpainter"]
        if encoder.config.hidden_size != inpainter.post_layernorm.weight.shape[0]:
            raise unreadable("catdiffusion")
        pixels = clip_pixels(shown.for_clip, encoder.config.image_size)
        with torch.no_grad():
            seen = encoder.vision_model(pixels.to(encoder.device, encoder.dtype))
            tokens: torch.Tensor = inpainter(
                seen.last_hidden_state,
                seen.pooler_output[:, None],
                label[:, None].to(seen.last_hidden_state),
                torch.from_numpy(shown.patches[None]).to(encoder.device),
            )
        return tokens
