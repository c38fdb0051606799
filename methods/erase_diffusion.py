"""Erase Diffusion without its training: self-rectifying attention on SD 2 inpainting.

Paper: Liu, Zhou, Shang, Lin, Cui, "Erase Diffusion: Empowering Object Removal Through Calibrating
Diffusion Pathways", CVPR 2025. The trained model (chain-rectifying optimisation, CRO) was never
published, nor its code. What needs no training is its self-rectifying attention (SRA): tokens
inside the hole attend to the tokens outside it only, at every layer and step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from methods._base import Canvas, EraserSpec, Image, Mask, Paper, Progress, Text
from methods._diffusion.eraser import (
    ClipPrompts,
    DiffusionEraser,
    InpaintSettings,
    Part,
    attention_processors,
    pil,
    read_scheduler,
    sd_inpaint_pipeline,
    transformer_blocks,
)
from methods._diffusion.repositories import SD2_INPAINTING as BASE
from methods._diffusion.self_attention import SelfAttention, TokenMasks, Tokens

if TYPE_CHECKING:
    import torch
    from diffusers.models.attention_processor import AttentionProcessor

PROMPTS = ClipPrompts(Part(BASE, "tokenizer"), Part(BASE, "text_encoder"))


class SelfRectifyingAttention(SelfAttention):
    """SRA at one layer: m'_ij = -inf where both i and j lie in the hole, also for i = j."""

    def __init__(self, before: AttentionProcessor, masks: TokenMasks) -> None:
        super().__init__(before)
        self._masks = masks

    def attend(self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        """All (B, heads, N, d)."""
        return rectified(query, key, value, self._masks.tokens(query.shape[2], query.device))


def rectified(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, tokens: Tokens
) -> torch.Tensor:
    """softmax(q kᵀ / √d + m') v; all (B, heads, N, d).

    The paper multiplies the scores by m', which would turn negative ones into +inf; what it
    means is that the pairs are left out. Where the hole has all tokens no pair would be left, and
    attention stays the model's own.
    """
    import torch

    attention = torch.nn.functional.scaled_dot_product_attention
    inside, outside = tokens.inside, tokens.outside
    if not len(inside) or not len(outside):
        return attention(query, key, value)
    known = attention(query.index_select(2, outside), key, value)
    hole = attention(
        query.index_select(2, inside), key.index_select(2, outside), value.index_select(2, outside)
    )
    result = torch.empty_like(value)
    result.index_copy_(2, outside, known)
    result.index_copy_(2, inside, hole)
    return result


class EraseDiffusion(DiffusionEraser[InpaintSettings]):
    """The stock pipeline with SRA in all of its UNet's self-attention layers."""

    spec = EraserSpec(
        id="erase_diffusion",
        name="Erase Diffusion (attention only)",
        summary=Text("eraser.erase_diffusion.summary"),
        paper=Paper(
            "Erase Diffusion: Empowering Object Removal Through Calibrating Diffusion Pathways",
            "https://arxiv.org/abs/2503.07026",
            2025,
        ),
        license="CreativeML-OpenRAIL++-M",
        weights=BASE.weights(),
        canvas=Canvas(short_side=512, multiple_of=64),
        devices=("cuda", "mps", "cpu"),
        memory=3_800_000_000,  # in float32; half of it on a GPU
        rank=44,
        notes=(
            Text("eraser.erase_diffusion.note.1"),
            Text("eraser.erase_diffusion.note.2"),
            Text("eraser.erase_diffusion.note.3"),
        ),
    )
    Settings = InpaintSettings

    def parts(self, settings: InpaintSettings) -> Mapping[str, Part]:
        """UNet and VAE."""
        return {"unet": Part(BASE, "unet"), "vae": Part(BASE, "vae")}

    def erase(
        self, image: Image, mask: Mask, settings: InpaintSettings, seed: int, progress: Progress
    ) -> Image:
        """One run of the stock pipeline."""
        positive, negative = self.embed(PROMPTS, [settings.prompt, settings.negative_prompt])
        loaded = self.loaded(settings)
        pipeline = sd_inpaint_pipeline(loaded, read_scheduler(Part(BASE, "scheduler").path()))
        height, width = mask.shape
        masks = TokenMasks(mask, (height // 8, width // 8))
        with attention_processors(loaded["unet"], rectifying(loaded["unet"], masks)):
            erased: Image = self.run(
                pipeline,
                settings,
                seed,
                progress,
                image=pil(image),
                mask_image=pil(mask),
                height=height,
                width=width,
                prompt_embeds=positive.tokens,
                negative_prompt_embeds=negative.tokens,
                num_inference_steps=settings.num_inference_steps,
                guidance_scale=guidance_of(settings),
                strength=settings.strength,
            )
        return erased


def rectifying(unet: torch.nn.Module, masks: TokenMasks) -> dict[str, AttentionProcessor]:
    """SRA for every self-attention layer of a UNet, by the keys of its processors."""
    keys = [block.self_attention for block in transformer_blocks(unet)]
    own = unet.attn_processors
    return {key: SelfRectifyingAttention(own[key], masks) for key in keys}


def guidance_of(settings: InpaintSettings) -> float:
    """Between two equal prompts there is nothing to guide by: 1 halves the work."""
    same = settings.prompt == settings.negative_prompt
    return 1.0 if same else settings.guidance_scale
