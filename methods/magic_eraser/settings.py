"""MagicEraser's settings: diffusers' own, the paper's, and those that our reading of it needs."""

from __future__ import annotations

from typing import Literal

from methods._base import setting
from methods._diffusion.settings import MAX_PROMPT, InpaintSettings
from methods.magic_eraser.attention import Formula, Refocus


class MagicSettings(InpaintSettings):
    """The start, the prompt, and how attention is refocused."""

    variant: Literal["sd15", "sd2"] = setting(
        "sd15",
        "The model: Stable Diffusion 1.5 inpainting (sd15) or 2.0 inpainting (sd2).",
        "所用模型：Stable Diffusion 1.5 inpainting（sd15）或 2.0 inpainting（sd2）。",
    )
    init: Literal["auto", "lama", "migan", "telea"] = setting(
        "auto",
        "What fills the hole first: LaMa as in the paper, MI-GAN, or OpenCV's Telea; auto = LaMa"
        " where the program has it, else MI-GAN.",
        "先用什么填充空洞：论文所用的 LaMa、MI-GAN 或 OpenCV 的 Telea；"
        "auto 表示有 LaMa 时用 LaMa，否则用 MI-GAN。",
    )
    prompt: str = setting(
        "",
        "What to fill the hole with, in English; empty = “A photo of” and the classes of the"
        " background.",
        "用什么来填充（英文）；留空则为“A photo of”加上背景的类别。",
        max_length=MAX_PROMPT,
    )
    strength: float = setting(
        0.9,
        "How much noise covers the first filling; the paper's value is 0.9.",
        "覆盖初步填充的噪声强度；论文取 0.9。",
        gt=0,
        le=1,
    )
    refocus_steps: float = setting(
        0.3,
        "Share of the steps, from the first, in which attention is refocused.",
        "从第一步起，多大比例的步数重新聚焦注意力。",
        ge=0,
        le=1,
    )
    similar: Literal["class", "things"] = setting(
        "class",
        "What is kept from the hole: things of the object's class, or all things.",
        "不让空洞参考什么：与物体同类的东西，或所有东西。",
    )
    formula: Formula = setting(
        "range",
        "Our reading of the paper, which does not print it: scores move within their own range,"
        " or by a constant.",
        "论文没有给出公式，这是我们的理解：分数在自身范围内移动（range），或移动一个常数（constant）。",
    )
    lambda_pos: float = setting(
        0.3,
        "How strongly the hole and the background are drawn to each other. The paper does not"
        " print its value.",
        "空洞与背景相互吸引的强度。论文没有给出数值。",
        ge=0,
        le=1,
    )
    lambda_neg: float = setting(
        0.3,
        "How strongly the hole is kept from itself and from similar things. The paper does not"
        " print its value.",
        "让空洞远离自身和同类东西的强度。论文没有给出数值。",
        ge=0,
        le=1,
    )
    lambda_power: float = setting(
        5.0,
        "How fast both fall with the noise (our reading); 0 = not at all.",
        "两者随噪声减小而下降的速度（我们的理解）；0 表示不下降。",
        ge=0,
        le=10,
    )
    area_weight: float = setting(
        1.0,
        "How much less both work where the background is large (our reading); 0 = not at all.",
        "背景越大、两者作用越弱的程度（我们的理解）；0 表示无关。",
        ge=0,
        le=1,
    )

    @property
    def refocus(self) -> Refocus:
        """What the UNet's attention is to do differently."""
        executed = int(self.num_inference_steps * self.strength)
        return Refocus(
            steps=round(self.refocus_steps * executed),
            formula=self.formula,
            lambda_pos=self.lambda_pos,
            lambda_neg=self.lambda_neg,
            lambda_power=self.lambda_power,
            area_weight=self.area_weight,
        )
