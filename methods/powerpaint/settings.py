"""PowerPaint's settings."""

from __future__ import annotations

from typing import Literal

from methods._base import setting
from methods._diffusion.eraser import DiffusionSettings
from methods._diffusion.settings import MAX_PROMPT
from methods.powerpaint.prompts import Task


class PowerPaintSettings(DiffusionSettings):
    """The controls of the authors' demo."""

    version: Literal["v1", "v1_merged", "v2"] = setting(
        "v1",
        "v1: the authors' files; v1_merged: the same in half precision, half the download;"
        " v2: version 2.1, built on BrushNet.",
        "v1：作者发布的文件；v1_merged：同一模型的半精度版，下载量减半；"
        "v2：基于 BrushNet 的 2.1 版。",
    )
    task: Task = setting(
        "object-removal",
        "Remove an object, or paint one by the prompt: anywhere in the mask (text-guided) or"
        " in its shape (shape-guided).",
        "移除物体，或按提示词绘制物体：在遮罩内任意位置（text-guided）或贴合其形状（shape-guided）。",
    )
    prompt: str = setting(
        "",
        "For removal: what the background is, or nothing. Else: what to paint. In English.",
        "移除时：背景是什么，也可留空；其他任务：要绘制什么（英文）。",
        max_length=MAX_PROMPT,
    )
    negative_prompt: str = setting(
        "",
        "What should not appear, in English. May be empty.",
        "不应出现的内容（英文）。可以留空。",
        max_length=MAX_PROMPT,
    )
    fitting_degree: float = setting(
        1.0,
        "For shape-guided painting: how closely the object fills the mask.",
        "形状引导绘制时，物体与遮罩形状的贴合程度。",
        ge=0,
        le=1,
    )
    num_inference_steps: int = setting(
        45, "Steps from noise to picture.", "从噪声到图片的步数。", ge=1, le=150
    )
    guidance_scale: float = setting(
        12.0,
        "How strongly it is led to the background and away from objects; for removal the"
        " authors advise 10 or more.",
        "引导向背景、远离物体的强度；移除物体时作者建议 10 以上。",
        ge=1,
        le=30,
    )
    authors_resize: bool = setting(
        False,
        "Bring the crop's shorter side to 640 pixels first, as the authors' demo does.",
        "先将裁剪图的短边缩放到 640 像素，与作者的演示一致。",
    )
