"""FLUX.1 Fill: the makers' own inpainting model, plain or with a LoRA for removal.

Paper: Black Forest Labs, "FLUX.1 Tools", 2024 (FLUX.1-Fill-dev; they published no paper). The
stock pipeline, which gives every token the photo with a grey hole and the mask. The LoRA is by
lrzjason, "ObjectRemovalFluxFill", 2025, and leaves the prompt empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext

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
    DiffusionEraser,
    Part,
    Words,
    adapted,
    flux_pipeline,
    generator,
    pil,
    read_scheduler,
)
from methods._diffusion.published import published_by
from methods._diffusion.settings import MAX_PROMPT
from methods._flux.inputs import first_noise
from methods._flux.settings import FluxSettings
from methods._flux.weights import (
    FILL,
    FILL_SCHEDULER,
    FILL_TRANSFORMER,
    MEMORY,
    PROMPTS,
    SHARED,
    VAE,
    gated,
    read_lora,
)
from methods._weights.pins.manifest import repository

LORA = repository("flux1-fill-removal")
"""Version 2 of the LoRA."""

ADDITIONS = Part(LORA, "", read=read_lora)


class FluxFillSettings(FluxSettings):
    """The parameters of the stock pipeline, with its defaults."""

    prompt: str = setting(
        "",
        "setting.flux_fill.prompt",
        max_length=MAX_PROMPT,
    )
    removal_lora: bool = setting(
        False,
        "setting.flux_fill.removal_lora",
    )
    num_inference_steps: int = setting(50, "setting.flux_fill.num_inference_steps", ge=1, le=150)
    guidance_scale: float = setting(
        30.0,
        "setting.flux_fill.guidance_scale",
        ge=1,
        le=100,
    )


class FluxFill(DiffusionEraser[FluxFillSettings]):
    """The stock pipeline of FLUX.1-Fill-dev."""

    half = "bfloat16"
    spec = EraserSpec(
        id="flux_fill",
        name="FLUX.1 Fill",
        summary=Text("eraser.flux_fill.summary"),
        paper=Paper("FLUX.1 Tools", "https://bfl.ai/flux-1-tools", 2024),
        license=FILL.license,
        non_commercial=True,
        weights=(*FILL.weights(), *SHARED.weights()),
        more_weights=(*LORA.weights(), *published_by(SHARED)),
        canvas=Canvas(short_side=768, multiple_of=16),  # long crops stay near a megapixel
        devices=("cuda", "cpu"),
        memory=MEMORY,
        rank=38,
        notes=(
            gated(FILL),
            Text("eraser.flux_fill.note.1"),
            Text("eraser.flux_fill.lora_license", license=LORA.license),
        ),
    )
    Settings = FluxFillSettings

    @classmethod
    def weights_for(cls, settings: FluxFillSettings) -> tuple[WeightFile, ...]:
        """All, and the LoRA where it is wanted; without the text encoders that are not here once
        the prompt's embedding is."""
        more = LORA.weights() if settings.removal_lora else ()
        return cls.still_needed((*cls.spec.weights, *more), settings)

    @classmethod
    def words(cls, settings: FluxFillSettings) -> Words:
        """The prompt, for T5."""
        return Words(PROMPTS, (settings.prompt,))

    def parts(self, settings: FluxFillSettings) -> Mapping[str, Part]:
        """The transformer, the VAE, and the LoRA where it is wanted."""
        parts = {"transformer": FILL_TRANSFORMER, "vae": VAE}
        return parts | ({"additions": ADDITIONS} if settings.removal_lora else {})

    def erase(
        self, image: Image, mask: Mask, settings: FluxFillSettings, seed: int, progress: Progress
    ) -> Image:
        """One run of the stock pipeline, which is spared the encoding of the whole photo: it
        would be covered by noise to the last bit."""
        import torch

        (prompt,) = self.embed(PROMPTS, [settings.prompt])
        loaded = self.loaded(settings)
        transformer, draw = loaded["transformer"], generator(seed)
        additions = loaded.get("additions")
        scheduler = read_scheduler(FILL_SCHEDULER.path())
        pipeline = flux_pipeline(loaded, scheduler, "FluxFillPipeline")
        with (
            torch.no_grad(),
            adapted(transformer, additions) if additions else nullcontext(),
            self.placed(pipeline, settings, mask.size),
        ):
            erased: Image = self.call(
                pipeline,
                seed,
                progress,
                image=pil(image),
                mask_image=pil(mask),
                height=mask.shape[0],
                width=mask.shape[1],
                latents=first_noise(pipeline, mask, draw, self.device),
                generator=draw,
                prompt_embeds=prompt.tokens,
                pooled_prompt_embeds=prompt.pooled,
                num_inference_steps=settings.num_inference_steps,
                guidance_scale=settings.guidance_scale,
            )
        return erased
