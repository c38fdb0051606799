"""Parameters that erasers on FLUX.1 have in common."""

from __future__ import annotations

from methods._base import setting
from methods._diffusion.eraser import TransformerSettings


class FluxSettings(TransformerSettings):
    """Both as the authors of OmniEraser and OmniPaint have them."""

    num_inference_steps: int = setting(
        28,
        "Steps from noise to picture: more take longer and show finer detail.",
        "从噪声到图片的步数：越多越慢，细节越好。",
        ge=1,
        le=150,
    )
    guidance_scale: float = setting(
        3.5,
        "How strongly the model leans towards what it was told; FLUX learned to take this as a"
        " number, so it costs no time.",
        "模型偏向所给条件的程度；FLUX 将其作为输入学习，因此不额外耗时。",
        ge=1,
        le=100,
    )
