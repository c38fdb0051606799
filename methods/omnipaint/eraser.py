"""OmniPaint: FLUX.1 that looks at the photo with a hole while it paints.

Paper: Yu, Zeng, Zheng, Luo, "OmniPaint: Mastering Object-Oriented Editing via Disentangled
Insertion-Removal Inpainting", ICCV 2025; its removal. The photo, black where the object was, goes
through the transformer beside the noise, and a LoRA has learned to read it. The prompt is one
fixed embedding that the authors publish: no text encoder is needed.
"""

from __future__ import annotations

from collections.abc import Mapping

from methods._base import Canvas, EraserSpec, Image, Mask, Paper, Progress, Text
from methods._diffusion.eraser import (
    DiffusionEraser,
    Part,
    adapted,
    flux_pipeline,
    generator,
    pil,
    read_scheduler,
)
from methods._flux.inputs import encoded, first_noise, packed
from methods._flux.settings import FluxSettings
from methods._flux.weights import DEV, MEMORY, SCHEDULER, TRANSFORMER, VAE, gated
from methods.omnipaint.branch import photo_branch
from methods.omnipaint.weights import ADDITIONS, PROMPT, REPOSITORY, WEIGHTS


class OmniPaint(DiffusionEraser[FluxSettings]):
    """The stock pipeline of FLUX.1-dev with a second branch for the photo."""

    half = "bfloat16"
    pictures = 2
    spec = EraserSpec(
        id="omnipaint",
        name="OmniPaint",
        summary=Text("eraser.omnipaint.summary"),
        paper=Paper(
            "OmniPaint: Mastering Object-Oriented Editing via Disentangled Insertion-Removal"
            " Inpainting",
            "https://arxiv.org/abs/2503.08677",
            2025,
        ),
        license=f"{DEV.license}, {REPOSITORY.license}",
        non_commercial=True,
        weights=WEIGHTS,
        canvas=Canvas(longest_side=1024, multiple_of=16),
        devices=("cuda", "cpu"),
        memory=MEMORY,
        rank=37,
        notes=(
            gated(DEV),
            Text("eraser.omnipaint.note.1"),
            Text("eraser.omnipaint.note.2"),
        ),
    )
    Settings = FluxSettings

    def parts(self, settings: FluxSettings) -> Mapping[str, Part]:
        """FLUX.1-dev's transformer, which others use too, the VAE, the LoRA and the prompt."""
        return {
            "transformer": TRANSFORMER,
            "vae": VAE,
            "additions": ADDITIONS,
            "prompt": PROMPT,
        }

    def erase(
        self, image: Image, mask: Mask, settings: FluxSettings, seed: int, progress: Progress
    ) -> Image:
        """One run of the stock pipeline."""
        import torch

        loaded = self.loaded(settings)
        prompt, transformer, draw = loaded["prompt"], loaded["transformer"], generator(seed)
        pipeline = flux_pipeline(loaded, read_scheduler(SCHEDULER.path()))
        with (
            torch.no_grad(),
            adapted(transformer, loaded["additions"]),
            self.placed(pipeline, settings, mask.size),
        ):
            noise = first_noise(pipeline, mask, draw, self.device)
            holed = image * ~mask[..., None]
            pixels = pipeline.image_processor.preprocess(pil(holed)).to(self.dtype).to(self.device)
            photo = packed(encoded(pipeline.vae, pixels, draw))
            with photo_branch(transformer, photo):
                erased: Image = self.call(
                    pipeline,
                    seed,
                    progress,
                    height=mask.shape[0],
                    width=mask.shape[1],
                    latents=noise,
                    prompt_embeds=prompt.tokens,
                    pooled_prompt_embeds=prompt.pooled,
                    num_inference_steps=settings.num_inference_steps,
                    guidance_scale=settings.guidance_scale,
                )
        return erased
