"""CLIPAway: Stable Diffusion inpainting, guided by what the background looks like to CLIP.

Paper: Ekin, Yildirim, Caglar, Erdem, Erdem, Dundar, "CLIPAway: Harmonizing Focused Embeddings for
Removing Objects via Diffusion Models", NeurIPS 2024. Alpha-CLIP looks at the object and at the
rest; the part of the rest's embedding that points to the object is taken away, and what is left
becomes four words beside an empty prompt (IP-Adapter).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from methods._base import Canvas, EraserSpec, Image, Mask, Paper, Progress, Text, setting
from methods._diffusion.eraser import (
    ClipPrompts,
    Component,
    DiffusionEraser,
    InpaintSettings,
    Part,
    attention_processors,
    generator,
    pil,
    read_scheduler,
    sd_inpaint_pipeline,
)
from methods._diffusion.placement import on_device
from methods._diffusion.repositories import SD15_INPAINTING
from methods._diffusion.tensors import mask_tensor
from methods.clipaway.weights import ADAPTER, ALPHA_CLIP, IP_ADAPTER, PROJECTION, REPOSITORY

if TYPE_CHECKING:
    import torch

PROMPTS = ClipPrompts(Part(SD15_INPAINTING, "tokenizer"), Part(SD15_INPAINTING, "text_encoder"))
_MEAN = np.array((0.48145466, 0.4578275, 0.40821073), np.float32)
_SPREAD = np.array((0.26862954, 0.26130258, 0.27577711), np.float32)
_ALPHA_MEAN, _ALPHA_SPREAD = 0.5, 0.26


class ClipAwaySettings(InpaintSettings):
    """The parameters of the authors' script, with its defaults."""

    negative_prompt: str = setting(
        "monochrome, lowres, bad anatomy, worst quality, low quality",
        "setting.clipaway.negative_prompt",
        max_length=1000,
    )
    scale: float = setting(
        1.0,
        "setting.clipaway.scale",
        ge=0,
        le=2,
    )


class ClipAway(DiffusionEraser[ClipAwaySettings]):
    """The stock pipeline with longer prompts and a processor in each cross-attention."""

    spec = EraserSpec(
        id="clipaway",
        name="CLIPAway",
        summary=Text("eraser.clipaway.summary"),
        sees_object=True,  # the embedding to be taken away is the object's
        paper=Paper(
            "CLIPAway: Harmonizing Focused Embeddings for Removing Objects via Diffusion Models",
            "https://arxiv.org/abs/2406.09368",
            2024,
        ),
        license="MIT (code), Apache-2.0 (adapters), CreativeML-OpenRAIL-M (base)",
        weights=(*REPOSITORY.weights(), *IP_ADAPTER.weights(), *SD15_INPAINTING.weights()),
        canvas=Canvas(short_side=512, multiple_of=64),
        devices=("cuda", "mps", "cpu"),
        memory=5_100_000_000,  # in float32; half of it on a GPU
        rank=36,
        notes=(
            Text("eraser.clipaway.note.1"),
            Text("eraser.clipaway.note.2"),
        ),
    )
    Settings = ClipAwaySettings

    def parts(self, settings: ClipAwaySettings) -> Mapping[str, Part]:
        """UNet and VAE, and the three networks that look at the picture."""
        return {
            "unet": Part(SD15_INPAINTING, "unet"),
            "vae": Part(SD15_INPAINTING, "vae"),
            "alpha_clip": ALPHA_CLIP,
            "projection": PROJECTION,
            "adapter": ADAPTER,
        }

    def erase(
        self, image: Image, mask: Mask, settings: ClipAwaySettings, seed: int, progress: Progress
    ) -> Image:
        """One run of the stock pipeline from noise of its own generator, as its authors do."""
        import torch

        loaded = self.loaded(settings)
        texts = self.embed(PROMPTS, [settings.prompt, settings.negative_prompt])
        pictures = self.picture_words(*self.views(image, mask, loaded), loaded)
        prompt, negative = (
            torch.cat([text.tokens, words], dim=1)
            for text, words in zip(texts, pictures, strict=True)
        )
        call: dict[str, torch.Tensor] = {}
        if settings.strength == 1:
            shape = (1, 4, mask.shape[0] // 8, mask.shape[1] // 8)
            call["latents"] = torch.randn(shape, generator=generator(seed)).to(self.dtype)
        scheduler = read_scheduler(Part(SD15_INPAINTING, "scheduler").path())
        pipeline, adapter = sd_inpaint_pipeline(loaded, scheduler), loaded["adapter"]
        changed = adapter.processors(loaded["unet"], settings.scale)
        with (
            self.placed(pipeline, settings, mask.size, [adapter]),
            attention_processors(loaded["unet"], changed),
        ):
            erased: Image = self.call(
                pipeline,
                seed,
                progress,
                image=pil(image),
                mask_image=pil(mask),
                height=mask.shape[0],
                width=mask.shape[1],
                prompt_embeds=prompt,
                negative_prompt_embeds=negative,
                num_inference_steps=settings.num_inference_steps,
                guidance_scale=settings.guidance_scale,
                strength=settings.strength,
                **call,
            )
        return erased

    def views(
        self, image: Image, mask: Mask, loaded: Mapping[str, Component]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Alpha-CLIP's embeddings of the object and of all else, (1, C) each."""
        import torch
        from torch.nn.functional import interpolate

        encoder = loaded["alpha_clip"]
        size = (encoder.config.image_size,) * 2
        # A picture that is not square is squeezed, not cut, so that the mask stays on it.
        small = np.asarray(pil(image).resize(size, resample=3), dtype=np.float32) / 255  # bicubic
        pixels = torch.from_numpy(
            (small - np.array(_MEAN, np.float32)) / np.array(_SPREAD, np.float32)
        )
        found = []
        with torch.no_grad(), on_device(encoder, self.device):
            for region in (mask, ~mask):
                where = interpolate(mask_tensor(region), size, mode="bilinear", antialias=True)
                where = (where - _ALPHA_MEAN) / _ALPHA_SPREAD
                given = torch.cat([pixels.permute(2, 0, 1)[None], where], dim=1)
                found.append(encoder(given.to(self.device, self.dtype)).image_embeds.cpu())
        return found[0], found[1]

    def picture_words(
        self, thing: torch.Tensor, rest: torch.Tensor, loaded: Mapping[str, Component]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(1, 4, C) for the prompt and for the negative one, on the CPU."""
        import torch

        mlp, adapter = loaded["projection"], loaded["adapter"]
        with torch.no_grad(), on_device(mlp, self.device), on_device(adapter, self.device):
            views = torch.cat([thing, rest, torch.zeros_like(rest)]).to(self.device)
            thing, rest, nothing = mlp(views).split(1)
            kept = without(rest.float(), thing.float()).to(self.dtype)
            words = adapter(torch.cat([kept, nothing])).cpu()
        return words[:1], words[1:]


def without(rest: torch.Tensor, thing: torch.Tensor) -> torch.Tensor:
    """(1, C): `rest` less its component along `thing` (the paper's projection block)."""
    along = thing / thing.norm()
    return rest - (rest * along).sum() * along
