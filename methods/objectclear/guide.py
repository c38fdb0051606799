"""What ObjectClear does before and between the steps of the stock pipeline."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from methods._base import Image, Progress
from methods._diffusion.eraser import attention_processors, step_callback
from methods._diffusion.tensors import pixel_tensor
from methods.objectclear.fusion import normalised

if TYPE_CHECKING:
    import torch
    from diffusers import DiffusionPipeline

TOKEN = 5
"""Where "object" stands in the prompt, behind the mark of its beginning."""

LAYER = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.processor"
"""The first cross-attention, whose look at the token counts."""


class Guide:
    """What is drawn before the first step, and what happens between the steps.

    noise: that the run starts from; shown: latents of the whole photo, which the UNet is given
    beside the mask; both (1, 4, h, w). fused: whether the photo's details are kept by the
    attention to the object.
    """

    def __init__(
        self,
        pipeline: DiffusionPipeline,
        image: Image,
        draw: torch.Generator,
        progress: Progress,
        fused: bool,
    ) -> None:
        import torch
        from diffusers.utils.torch_utils import randn_tensor

        from methods.objectclear.network import WatchedAttention

        unet, self._fused = pipeline.unet, fused
        pixels = pixel_tensor(image).to(pipeline._execution_device, unet.dtype)
        with torch.no_grad():
            self._photo = pipeline._encode_vae_image(pixels, draw)
            place = {"device": self._photo.device, "dtype": self._photo.dtype}
            self.noise = randn_tensor(self._photo.shape, generator=draw, **place)
            self.shown = pipeline._encode_vae_image(pixels, draw)
        self._watch = WatchedAttention(unet.attn_processors[LAYER], TOKEN)
        self._unet, self._tell = unet, step_callback(progress)

    def watching(self) -> AbstractContextManager[None]:
        """The watched layer in the UNet, for a block."""
        return attention_processors(self._unet, {LAYER: self._watch} if self._fused else {})

    def on_step_end(
        self,
        pipeline: DiffusionPipeline,
        index: int,
        time: torch.Tensor,
        tensors: dict[str, torch.Tensor],
    ) -> dict[str, torch.Tensor]:
        """After the first step the photo, noised, is put back outside the mask."""
        if self._fused and index == 0:
            hole = tensors["mask"][:1]
            next_time = pipeline.scheduler.timesteps[1:2]
            kept = pipeline.scheduler.add_noise(self._photo, self.noise, next_time)
            tensors["latents"] = (1 - hole) * kept + hole * tensors["latents"]
        self._watch.watching = index == pipeline.num_timesteps - 2
        return self._tell(pipeline, index, time, tensors)

    def attention(self) -> NDArray[np.uint8]:
        """(h, w) uint8: where the last step looked for the object."""
        shown = normalised(self._watch.seen, tuple(self._photo.shape[-2:]))[-1, 0]
        levels: NDArray[np.uint8] = (shown.cpu().numpy() * 255).astype(np.uint8)
        return levels
