"""OmniEraser: FLUX.1 that sees the photo without the object, and the object without the photo.

Paper: Wei, Yin, Zhang, Zhou, Wang, Ban, Cao, Sun, He, Liang, Ma, "OmniEraser: Remove Objects and
Their Effects in Images with Paired Video-Frame Data", 2025 (their "Object-Background Guidance").
Both pictures are encoded and stand, with the mask, beside the noise of every token; a LoRA has
learned to read them. Their script encodes the whole photo too, for nothing: left out here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from methods._base import (
    Canvas,
    EraserSpec,
    Image,
    Mask,
    Paper,
    Progress,
    Text,
    WeightFile,
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
from methods._diffusion.tensors import mask_tensor
from methods._flux.inputs import beside_the_noise, encoded, first_noise, packed
from methods._flux.settings import FluxSettings
from methods._flux.weights import (
    DEV,
    MEMORY,
    PROMPTS,
    SCHEDULER,
    SHARED,
    TRANSFORMER,
    VAE,
    gated,
)
from methods.omnieraser.weights import ADDITIONS, REPOSITORY, WEIGHTS

if TYPE_CHECKING:
    import torch
    from diffusers import DiffusionPipeline

PROMPT = "There is nothing here."


class OmniEraser(DiffusionEraser[FluxSettings]):
    """The stock pipeline of FLUX.1-dev with a wider input and a LoRA."""

    half = "bfloat16"
    spec = EraserSpec(
        id="omnieraser",
        name="OmniEraser",
        summary=Text("eraser.omnieraser.summary"),
        sees_object=True,  # the object is half of its guidance
        paper=Paper(
            "OmniEraser: Remove Objects and Their Effects in Images with Paired Video-Frame Data",
            "https://arxiv.org/abs/2501.07397",
            2025,
        ),
        license=f"{DEV.license}, {REPOSITORY.license}",
        non_commercial=True,
        weights=WEIGHTS,
        more_weights=published_by(SHARED),
        canvas=Canvas(short_side=1024, multiple_of=16),
        devices=("cuda", "cpu"),
        memory=MEMORY,
        rank=36,
        notes=(
            gated(DEV),
            Text("eraser.omnieraser.note.1"),
            Text("eraser.omnieraser.note.2"),
        ),
    )
    Settings = FluxSettings

    @classmethod
    def weights_for(cls, settings: FluxSettings) -> tuple[WeightFile, ...]:
        """All; without the text encoders that are not here once their embedding is."""
        return cls.still_needed(cls.spec.weights, settings)

    @classmethod
    def words(cls, settings: FluxSettings) -> Words:
        """The one prompt, for T5."""
        return Words(PROMPTS, (PROMPT,))

    def parts(self, settings: FluxSettings) -> Mapping[str, Part]:
        """FLUX.1-dev's transformer, which others use too, the VAE, and the LoRA."""
        return {"transformer": TRANSFORMER, "vae": VAE, "additions": ADDITIONS}

    def erase(
        self, image: Image, mask: Mask, settings: FluxSettings, seed: int, progress: Progress
    ) -> Image:
        """One run of the stock pipeline."""
        import torch

        (prompt,) = self.embed(PROMPTS, [PROMPT])
        loaded = self.loaded(settings)
        transformer, draw = loaded["transformer"], generator(seed)
        pipeline = flux_pipeline(loaded, read_scheduler(SCHEDULER.path()))
        with (
            torch.no_grad(),
            adapted(transformer, loaded["additions"]),
            self.placed(pipeline, settings, mask.size),
        ):
            noise = first_noise(pipeline, mask, draw, self.device)
            seen = guidance(pipeline, image, mask, draw, self.device)
            with beside_the_noise(transformer, seen):
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


def guidance(
    pipeline: DiffusionPipeline, image: Image, mask: Mask, draw: torch.Generator, device: str
) -> torch.Tensor:
    """What stands beside the noise, (1, tokens, 192): the photo with a black hole, the object on
    black, and where the hole is not, 16 times."""
    import torch

    # The library's own arithmetic: its last digit differs from that of `pixel_tensor`.
    vae = pipeline.vae
    pixels = pipeline.image_processor.preprocess(pil(image)).to(vae.dtype).to(device)
    hole = mask_tensor(mask).to(vae.dtype).to(device)
    cut_out = encoded(vae, torch.where(hole > 0, pixels, -1), draw)  # in the authors' order
    masked = encoded(vae, torch.where(hole > 0, -1, pixels), draw)
    small = torch.nn.functional.interpolate(hole, masked.shape[2:])
    kept = (1 - small).to(masked.dtype).expand_as(masked)
    return packed(torch.cat([masked, cut_out, kept], dim=1))
