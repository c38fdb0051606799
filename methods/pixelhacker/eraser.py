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
        "The checkpoint: fine-tuned on scenes (places2), on faces (celebahq, ffhq), or neither"
        " (pretrained).",
        "所用权重：在场景（places2）或人脸（celebahq、ffhq）上微调，或未经微调（pretrained）。",
    )
    num_inference_steps: int = setting(
        20,
        "Steps from noise to picture; with a strength below 1 at least one fewer is taken.",
        "从噪声到图片的步数；strength 小于 1 时至少少走一步。",
        ge=1,
        le=150,
    )
    strength: float = setting(
        0.999,
        "How much noise covers what was there: below 1 it starts from the noisy photo.",
        "覆盖原内容的噪声强度：小于 1 时从加噪的照片开始。",
        gt=0,
        le=1,
    )
    clean_start: bool = setting(
        False,
        "Start from noise alone, whatever the strength. The authors start from the photo with"
        " the object under noise, which leaves about 12 % of it (in amplitude) in the start; try"
        " this where an object comes back.",
        "不论 strength 为何，只从噪声开始。作者从加噪的原图开始，其中仍留有约 12%（幅度）的物体；"
        "物体重新出现时可以试试。",
    )
    guidance_scale: float = setting(
        4.5,
        "How far to go from the learned background vectors towards the foreground ones, as the"
        " authors name them; 1 leaves the guidance out and takes half the time.",
        "从学得的“背景”向量向“前景”向量（作者的叫法）推进多远；1 表示不做引导，用时减半。",
        ge=1,
        le=30,
    )
    noise_offset: float = setting(
        0.0357,
        "How much of the noise is the same all over the picture: it lets the fill be darker or"
        " brighter as a whole.",
        "噪声中整图一致的部分所占的量：使填充能整体变暗或变亮。",
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
        summary=Text(
            "A diffusion model trained to fill holes in scenes and faces, without any text.",
            "为填补场景和人脸空洞而训练的扩散模型，不需要文字。",
        ),
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
            Text(
                "Works at 512 pixels: a large object comes back softer than its surroundings.",
                "以 512 像素工作：大物体处的填充会比周围模糊。",
            ),
            Text(
                "The code is Apache-2.0; the weights are MIT, as their page says.",
                "代码许可为 Apache-2.0；权重页面标明为 MIT。",
            ),
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
