"""PowerPaint: Stable Diffusion with learned words for "background" and "object".

Paper: Zhuang, Zeng, Liu, Yuan, Chen, "A Task is Worth One Word: Learning with Task Prompts for
High-Quality Versatile Image Inpainting", ECCV 2024. Version 1 is diffusers' own inpainting
pipeline with prompts of learned vectors: guidance leads towards P_ctxt and away from P_obj.
Version 2 puts a BrushNet beside an untouched Stable Diffusion.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from methods._base import Canvas, EraserSpec, Image, Mask, Paper, Progress, Text, WeightFile
from methods._diffusion.eraser import (
    ClipPrompts,
    DiffusionEraser,
    Part,
    Repository,
    pil,
    read_scheduler,
    sd_inpaint_pipeline,
    sd_pipeline,
)
from methods._diffusion.repositories import SD15_INPAINTING
from methods.powerpaint.authors_size import authors_size
from methods.powerpaint.brushnet import condition, guided_by
from methods.powerpaint.prompts import (
    TaskEncoder,
    TaskPrompts,
    mixed,
    prompts_v1,
    prompts_v2,
    scene_v2,
)
from methods.powerpaint.settings import PowerPaintSettings
from methods.powerpaint.weights import (
    V1,
    V1_BASE,
    V1_MERGED,
    V2,
    read_brushnet,
    read_brushnet_encoder,
    read_text_encoder,
    read_unet,
    v2_folder,
)

if TYPE_CHECKING:
    import torch

V2_SCHEDULER = {"_class_name": "UniPCMultistepScheduler", "final_sigmas_type": "sigma_min"}
"""As diffusers was when version 2 was published: it ended a little short of no noise."""


class PowerPaint(DiffusionEraser[PowerPaintSettings]):
    """Both versions on stock pipelines."""

    spec = EraserSpec(
        id="powerpaint",
        name="PowerPaint",
        summary=Text("eraser.powerpaint.summary"),
        paper=Paper(
            "A Task is Worth One Word: Learning with Task Prompts for High-Quality Versatile"
            " Image Inpainting",
            "https://arxiv.org/abs/2312.03594",
            2024,
        ),
        license=V1.license,
        weights=(*V1.weights(), *V1_BASE),
        more_weights=(*V1_MERGED.weights(), *V2.weights()),
        canvas=Canvas(short_side=512, multiple_of=64),
        devices=("cuda", "mps", "cpu"),
        memory=3_800_000_000,  # in float32; half of it on a GPU
        rank=30,
        notes=(
            Text("eraser.powerpaint.note.1"),
            Text("eraser.powerpaint.note.2"),
            Text("eraser.powerpaint.note.3"),
        ),
    )
    Settings = PowerPaintSettings

    @classmethod
    def weights_for(cls, settings: PowerPaintSettings) -> tuple[WeightFile, ...]:
        """Those of the chosen version."""
        if settings.version == "v1":
            return cls.spec.weights
        return (V1_MERGED if settings.version == "v1_merged" else V2).weights()

    def parts(self, settings: PowerPaintSettings) -> Mapping[str, Part]:
        """UNet and VAE, for version 2 the BrushNet too."""
        if settings.version == "v2":
            return {
                "unet": Part(V2, v2_folder("unet")),
                "vae": Part(V2, v2_folder("vae")),
                "brushnet": Part(V2, "PowerPaint_Brushnet", read_brushnet),
            }
        own, base = _v1_homes(settings)
        return {"unet": Part(own, "unet", read_unet), "vae": Part(base, "vae")}

    def erase(
        self, image: Image, mask: Mask, settings: PowerPaintSettings, seed: int, progress: Progress
    ) -> Image:
        """One run, at the crop's size or at the authors'."""
        run = self._erase_v2 if settings.version == "v2" else self._erase_v1
        if not settings.authors_resize:
            return run(image, mask, settings, seed, progress)
        height, width = authors_size(*mask.shape)
        small = np.array(pil(image).resize((width, height)))
        hole = np.array(pil(mask).resize((width, height))) >= 128
        erased = run(small, hole, settings, seed, progress)
        return np.array(pil(erased).resize(mask.shape[::-1]))

    def _erase_v1(
        self, image: Image, mask: Mask, settings: PowerPaintSettings, seed: int, progress: Progress
    ) -> Image:
        _, base = _v1_homes(settings)
        texts = prompts_v1(settings.task, settings.prompt, settings.negative_prompt)
        words = self.sides(v1_words(settings), texts, settings)
        scheduler = read_scheduler(Part(base, "scheduler").path())
        pipeline = sd_inpaint_pipeline(self.loaded(settings), scheduler)
        call = _call(settings, *words)
        shown = {"image": pil(image), "mask_image": pil(mask)}
        height, width = mask.shape
        erased: Image = self.run(
            pipeline, settings, seed, progress, height=height, width=width, **shown, **call
        )
        return erased

    def _erase_v2(
        self, image: Image, mask: Mask, settings: PowerPaintSettings, seed: int, progress: Progress
    ) -> Image:
        tokenizer = Part(V2, v2_folder("tokenizer"))
        told = ClipPrompts(tokenizer, Part(V2, v2_folder("text_encoder")))
        words = [scene_v2(settings.task, settings.prompt), settings.negative_prompt]
        encoder = TaskEncoder(tokenizer, Part(V2, "PowerPaint_Brushnet", read_brushnet_encoder))
        states = self.sides(encoder, prompts_v2(settings.task), settings)
        positive, negative = (embedding.tokens for embedding in self.embed(told, words))
        loaded = self.loaded(settings)
        unet, brushnet = loaded["unet"], loaded["brushnet"]
        folder = Part(V2, v2_folder("scheduler")).path()
        pipeline = sd_pipeline(loaded, read_scheduler(folder, **V2_SCHEDULER))
        call = _call(settings, positive, negative)
        height, width = mask.shape
        with self.placed(pipeline, settings, mask.size, [brushnet]):
            seen = condition(loaded["vae"], image, mask, seed, self.device)
            with guided_by(unet, brushnet, states, seen):
                erased: Image = self.call(
                    pipeline, seed, progress, height=height, width=width, **call
                )
        return erased

    def sides(
        self, encoder: TaskEncoder, texts: TaskPrompts, settings: PowerPaintSettings
    ) -> list[torch.Tensor]:
        """(1, 77, C) of the positive and of the negative side."""
        known = dict(zip(texts.all(), self.embed(encoder, texts.all()), strict=True))
        sides = (texts.positive, texts.negative)
        return [mixed([known[text] for text in side], settings.fitting_degree) for side in sides]


def v1_words(settings: PowerPaintSettings) -> TaskEncoder:
    """What embeds version 1's prompts."""
    own, base = _v1_homes(settings)
    return TaskEncoder(Part(base, "tokenizer"), Part(own, "text_encoder", read_text_encoder))


def _v1_homes(settings: PowerPaintSettings) -> tuple[Repository, Repository]:
    """Where version 1's own networks lie, and where all else."""
    return (V1_MERGED, V1_MERGED) if settings.version == "v1_merged" else (V1, SD15_INPAINTING)


def _call(
    settings: PowerPaintSettings, positive: torch.Tensor, negative: torch.Tensor
) -> dict[str, torch.Tensor | int | float]:
    """What both pipelines are called with."""
    return {
        "prompt_embeds": positive,
        "negative_prompt_embeds": negative,
        "num_inference_steps": settings.num_inference_steps,
        "guidance_scale": settings.guidance_scale,
    }
