"""The settings of Attentive Eraser, under the names that its authors give them.

-1 stands for what they choose: it depends on the model.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from methods._base import setting
from methods._diffusion.settings import MAX_PROMPT, DiffusionSettings
from methods.attentive_eraser.freeu import FreeU
from methods.attentive_eraser.guidance import Redirection

_CHOSEN = -1


def _chosen(value: int) -> int | None:
    """A setting as `Redirection` has it."""
    return None if value == _CHOSEN else value


class AttentiveSettings(DiffusionSettings):
    """Sampling, guidance, the extent of the changed attention, and FreeU."""

    variant: Literal["sdxl", "sd21", "sd15"] = setting(
        "sdxl",
        "The model: SDXL at 1024 pixels, Stable Diffusion 2.1 or 1.5 at 512.",
        "所用模型：1024 像素的 SDXL，或 512 像素的 Stable Diffusion 2.1、1.5。",
    )
    prompt: str = setting(
        "",
        "What to fill the hole with, in English. The authors leave it empty.",
        "用什么来填充（英文）。作者将其留空。",
        max_length=MAX_PROMPT,
    )
    num_inference_steps: int = setting(
        50,
        "Steps from noise to picture, of which the share `strength` is taken.",
        "从噪声到图片的步数，实际执行其中 strength 的比例。",
        ge=1,
        le=150,
    )
    strength: float = setting(
        0.8,
        "How much noise covers what was there: less keeps more of the photo's structure.",
        "覆盖原内容的噪声强度：越小越保留照片的结构。",
        gt=0,
        le=1,
    )
    rm_guidance_scale: float = setting(
        9.0,
        "Removal guidance: how far to go from the model's own idea towards the one that does"
        " not look at the object. 0 leaves attention out.",
        "移除引导：从模型本来的预测向“不看物体”的预测推进多远。0 表示不起作用。",
        ge=0,
        le=30,
    )
    ss_steps: int = setting(
        9,
        "Similarity suppression works up to this step, counted from 0 and included; -1 = never.",
        "相似性抑制持续到第几步（从 0 数起，含该步）；-1 表示不用。",
        ge=-1,
        le=150,
    )
    ss_scale: float = setting(
        0.3,
        "Similarity suppression: factor on the attention scores inside the object; 1 = none.",
        "相似性抑制：物体内部注意力分数的系数；1 表示不抑制。",
        ge=0,
        le=1,
    )
    AAS_start_step: int = setting(
        0, "First step with changed attention.", "从第几步开始改变注意力。", ge=0, le=150
    )
    AAS_end_step: int = setting(
        _CHOSEN,
        "Step before which changed attention ends; -1 = after the last one, as the authors.",
        "在第几步之前停止改变注意力；-1 表示直到最后一步（作者的选择）。",
        ge=_CHOSEN,
        le=150,
    )
    AAS_start_layer: int = setting(
        _CHOSEN,
        "First layer with changed attention; -1 = the first of the UNet's upward half, as the"
        " authors: 34 of 70 in SDXL, 7 of 16 in the others.",
        "从第几层开始改变注意力；-1 表示 UNet 上行部分的第一层（作者的选择）："
        "SDXL 为 70 层中的第 34 层，其他为 16 层中的第 7 层。",
        ge=_CHOSEN,
        le=70,
    )
    AAS_end_layer: int = setting(
        _CHOSEN,
        "Layer before which changed attention ends; -1 = after the last one, as the authors.",
        "在第几层之前停止改变注意力；-1 表示直到最后一层（作者的选择）。",
        ge=_CHOSEN,
        le=70,
    )
    resolution: int = setting(
        0,
        "Shorter side in pixels at which the model works; 0 = what it was trained at.",
        "模型工作时短边的像素数；0 表示模型训练时的尺寸。",
        ge=0,
        le=2048,
        multiple_of=64,
    )
    mask_blur: int = setting(
        0,
        "Grow the hole that the model sees as the authors do, by a Gaussian blur of this kernel"
        " size in pixels: they use 77 with SDXL, 7 with the others. Only what is selected is"
        " ever replaced.",
        "像作者那样用此核大小（像素）的高斯模糊扩大模型所见的空洞：SDXL 用 77，其他用 7。"
        "被替换的始终只有选中的部分。",
        ge=0,
        le=255,
    )
    freeu: Literal["auto", "on", "off"] = setting(
        "auto",
        "Amplify the UNet's backbone against its skip connections; auto = as the authors: with"
        " Stable Diffusion 2.1 and 1.5.",
        "增强 UNet 主干、减弱跳跃连接；auto 表示与作者一致：用于 Stable Diffusion 2.1 和 1.5。",
    )
    b1: float = setting(
        1.4,
        "FreeU: factor on the backbone's first stage. The authors use 1.5 with Stable Diffusion"
        " 1.5.",
        "FreeU：主干第一阶段的系数。作者在 Stable Diffusion 1.5 上用 1.5。",
        ge=0,
        le=2,
    )
    b2: float = setting(
        1.6,
        "FreeU: factor on the backbone's second stage.",
        "FreeU：主干第二阶段的系数。",
        ge=0,
        le=2,
    )
    s1: float = setting(
        0.9,
        "FreeU: factor on the first stage's skip connections.",
        "FreeU：第一阶段跳跃连接的系数。",
        ge=0,
        le=2,
    )
    s2: float = setting(
        0.2,
        "FreeU: factor on the second stage's skip connections.",
        "FreeU：第二阶段跳跃连接的系数。",
        ge=0,
        le=2,
    )

    @model_validator(mode="after")
    def _take_a_step(self) -> Self:
        if int(self.num_inference_steps * self.strength) < 1:
            raise ValueError("num_inference_steps times strength must be at least 1")
        return self

    @property
    def redirection(self) -> Redirection:
        """What the UNet is to do differently."""
        return Redirection(
            rm_guidance_scale=self.rm_guidance_scale,
            ss_steps=self.ss_steps,
            ss_scale=self.ss_scale,
            start_step=self.AAS_start_step,
            end_step=_chosen(self.AAS_end_step),
            start_layer=_chosen(self.AAS_start_layer),
            end_layer=_chosen(self.AAS_end_layer),
        )

    @property
    def factors(self) -> FreeU | None:
        """FreeU's, or None where it is off."""
        used = self.variant != "sdxl" if self.freeu == "auto" else self.freeu == "on"
        return FreeU(self.b1, self.b2, self.s1, self.s2) if used else None
