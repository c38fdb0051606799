"""PixelHacker: a diffusion model trained for erasing alone, without text.

Paper: Xu, Duan, Shen, Ding, Liu, Ruan, Chen, Wang, "PixelHacker: Image Inpainting with
Structural and Semantic Consistency", 2025. The network and its sampling loop are in
`pixelhacker.network`. The authors squeeze the whole photo to 512 x 512 and return what comes
out; here the network sees a square crop around the object, and only the hole is taken from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import model_validator

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
from methods._diffusion.eraser import DiffusionEraser, Part
from methods._diffusion.settings import DiffusionSettings
from methods._diffusion.tensors import mask_tensor, pixel_tensor
from methods.pixelhacker.weights import REPOSITORY, VARIANTS, parts_of, scheduler


class PixelHackerSettings(DiffusionSettings):
    """Which checkpoint, and the authors' parameters of sampling."""

    variant: Literal["places2", "pretrained", "celebahq", "ffhq"] = setting(
        "places2",
        "setting.pixelhacker.variant",
    )
    num_inference_steps: int = setting(
        20,
        "setting.pixelhacker.num_inference_steps",
        ge=1,
        le=150,
    )
    strength: float = setting(
        0.999,
        "setting.pixelhacker.strength",
        gt=0,
        le=1,
    )
    clean_start: bool = setting(
        False,
        "setting.pixelhacker.clean_start",
    )
    guidance_scale: float = setting(
        4.5,
        "setting.pixelhacker.guidance_scale",
        ge=1,
        le=30,
    )
    noise_offset: float = setting(
        0.0357,
        "setting.pixelhacker.noise_offset",
        ge=0,
        le=1,
    )

    @property
    def start(self) -> float:
        """The strength that counts."""
        return 1.0 if self.clean_start else self.strength

    @model_validator(mode="after")
    def _take_a_step(self) -> Self:
        if int(self.num_inference_steps * self.start) < 1:
            raise ValueError("num_inference_steps times strength must be at least 1")
        return self


class PixelHacker(DiffusionEraser[PixelHackerSettings]):
    """The published network on one 512 x 512 crop."""

    spec = EraserSpec(
        id="pixelhacker",
        name="PixelHacker",
        summary=Text("eraser.pixelhacker.summary"),
        paper=Paper(
            "PixelHacker: Image Inpainting with Structural and Semantic Consistency",
            "https://arxiv.org/abs/2504.20438",
            2025,
        ),
        license="MIT",
        weights=REPOSITORY.weights(VARIANTS["places2"], "vae"),
        more_weights=REPOSITORY.weights(*(VARIANTS[v] for v in VARIANTS if v != "places2")),
        canvas=Canvas(square=512, min_context=128),
        devices=("cuda", "mps", "cpu"),
        memory=3_800_000_000,  # in float32; about half of it on a GPU
        rank=34,
        notes=(
            Text("eraser.pixelhacker.note.1"),
            Text("eraser.pixelhacker.note.2"),
        ),
    )
    Settings = PixelHackerSettings

    @classmethod
    def weights_for(cls, settings: PixelHackerSettings) -> tuple[WeightFile, ...]:
        """The chosen checkpoint and the VAE."""
        return REPOSITORY.weights(VARIANTS[settings.variant], "vae")

    def parts(self, settings: PixelHackerSettings) -> Mapping[str, Part]:
        """UNet and VAE of the chosen checkpoint."""
        return parts_of(settings.variant)

    def erase(
        self, image: Image, mask: Mask, settings: PixelHackerSettings, seed: int, progress: Progress
    ) -> Image:
        """One run of the authors' loop."""
        from methods.pixelhacker.network import PixelHackerPipeline

        pipeline = PixelHackerPipeline(**self.loaded(settings), scheduler=scheduler())
        erased: Image = self.run(
            pipeline,
            settings,
            seed,
            progress,
            pixels=pixel_tensor(image),
            mask=mask_tensor(mask),
            height=image.shape[0],
            width=image.shape[1],
            num_inference_steps=settings.num_inference_steps,
            strength=settings.start,
            guidance_scale=settings.guidance_scale,
            noise_offset=settings.noise_offset,
        )
        return erased
