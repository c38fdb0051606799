"""Settings that erasers on diffusion models have in common."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from methods._base import Settings, setting
from methods._diffusion.placement import Memory
from methods._diffusion.quantization import Quantization

MAX_PROMPT = 1000
"""Characters; CLIP reads 77 tokens and cuts the rest."""


class DiffusionSettings(Settings):
    """Where the model lies while it works: common to all erasers on diffusion models."""

    memory: Memory = Field(
        default="fast",
        description="Where the model lies while it works: all on the GPU (fast), one part at a"
        " time (balanced), or one layer at a time with the picture decoded in tiles (small)."
        " Lowered by itself where memory is short; on a CPU only the tiles matter.",
        json_schema_extra={
            "zh": "模型运行时的存放方式：全部放在显卡上（fast）、逐个部件放上（balanced），"
            "或逐层放上并分块解码图片（small）。显存不足时会自动降低；在 CPU 上只影响分块解码。",
            "common": True,
        },
    )

    @property
    def least_memory(self) -> Memory:
        """The lowest step that the model can be brought to with the other settings."""
        return "small"


class TransformerSettings(DiffusionSettings):
    """What erasers on a large transformer have in common besides."""

    quantization: Quantization = Field(
        default="none",
        description="Fewer bits for each number of the large transformer: int8 halves it (needs"
        " the package torchao), nf4 quarters it with small differences in the picture (needs"
        " bitsandbytes and an NVIDIA GPU). It is converted each time it is loaded.",
        json_schema_extra={
            "zh": "降低大型 Transformer 每个数的位数：int8 减半（需要软件包 torchao），"
            "nf4 减到四分之一，画面略有差异（需要 bitsandbytes 和 NVIDIA 显卡）。"
            "每次载入时转换。",
            "common": True,
        },
    )

    @property
    def least_memory(self) -> Memory:
        """nf4 cannot come to the device layer by layer."""
        return "balanced" if self.quantization == "nf4" else "small"


class InpaintSettings(DiffusionSettings):
    """The parameters of diffusers' inpainting pipelines, under their own names."""

    prompt: str = setting(
        "",
        "What to fill the hole with, in English, for instance: an empty street. May be empty.",
        "用什么来填充（英文），例如：an empty street。可以留空。",
        max_length=MAX_PROMPT,
    )
    negative_prompt: str = setting(
        "",
        "What the filling should not show, in English. May be empty.",
        "填充中不应出现的内容（英文）。可以留空。",
        max_length=MAX_PROMPT,
    )
    num_inference_steps: int = setting(
        50,
        "Steps from noise to picture: more take longer and show finer detail.",
        "从噪声到图片的步数：越多越慢，细节越好。",
        ge=1,
        le=150,
    )
    guidance_scale: float = setting(
        7.5,
        "How strictly the filling follows the prompts; 1 leaves them out of the guidance and"
        " takes half the time.",
        "填充遵循提示词的程度；1 表示不做引导，用时减半。",
        ge=1,
        le=30,
    )
    strength: float = setting(
        1.0,
        "How much noise covers what was there: below 1 the object can shine through.",
        "覆盖原内容的噪声强度：小于 1 时物体可能透出来。",
        gt=0,
        le=1,
    )

    @model_validator(mode="after")
    def _take_a_step(self) -> Self:
        if int(self.num_inference_steps * self.strength) < 1:
            raise ValueError("num_inference_steps times strength must be at least 1")
        return self
