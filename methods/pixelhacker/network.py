"""PixelHacker's network: a UNet of Stable Diffusion 1.5's shape whose self-attention is linear.

Xu et al., "PixelHacker: Image Inpainting with Structural and Semantic Consistency", 2025. There
is no text. What a UNet of Stable Diffusion attends to as a prompt is here one of two sets of ten
learned vectors, the same for every picture ("latent categories guidance"). The published code
calls them foreground (0 … 9, what the guidance goes towards) and background (10 … 19, away from).

Because they never change, what each layer makes of them is computed once, when the model is
read (`fold`); the UNet is then given the numbers of the vectors in place of a prompt.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from diffusers import DiffusionPipeline, ImagePipelineOutput, UNet2DConditionModel
from diffusers.models.attention import BasicTransformerBlock
from torch import Tensor, nn
from torch.nn import functional

from methods.pixelhacker.attention_network import GatedLinearAttention

if TYPE_CHECKING:
    import numpy as np
    from diffusers import SchedulerMixin
    from diffusers.models.attention_processor import Attention
    from numpy.typing import NDArray

    from methods._diffusion.eraser import StepCallback

VECTORS = 20
TOWARDS, AWAY = range(10), range(10, VECTORS)

PUBLISHED: Mapping[str, int] = {
    "sample_size": 64,
    "in_channels": 9,  # noisy latents 4, mask 1 (1 = hole), latents of the masked picture 4
    "out_channels": 4,
    "attention_head_dim": 8,
    "cross_attention_dim": 768,
    "encoder_hid_dim": 3072,
}
"""What the four published checkpoints have other than diffusers' own defaults."""


class Checkpoint(nn.Module):
    """The network with its vectors, under the names of the published files: 753 tensors."""

    def __init__(self, config: Mapping[str, object]) -> None:
        super().__init__()
        self.diff_model = UNet2DConditionModel.from_config(dict(config))
        self.embedding_layer = nn.Embedding(VECTORS, self.diff_model.config.encoder_hid_dim)
        for block in _blocks(self.diff_model):
            block.attn1 = GatedLinearAttention(block.dim, block.attn1.heads)


def fold(checkpoint: Checkpoint) -> UNet2DConditionModel:
    """The UNet alone, with everything that depends on the vectors only computed for good.

    It takes the vectors' numbers, (B, 10) int64, as `encoder_hidden_states`.
    """
    unet = checkpoint.diff_model
    with torch.no_grad():
        vectors = unet.encoder_hid_proj(checkpoint.embedding_layer.weight)
        for block in _blocks(unet):
            block.attn2 = ConstantAttention(block.attn2, vectors)
    unet.encoder_hid_proj = None
    return unet


class ConstantAttention(nn.Module):
    """Cross-attention to vectors that are known beforehand. known: the layer that it replaces;
    vectors: (N, C), what that layer would attend to."""

    def __init__(self, known: Attention, vectors: Tensor) -> None:
        super().__init__()
        self.to_q, self.to_out, self.heads = known.to_q, known.to_out, known.heads
        self.register_buffer("keys", known.to_k(vectors), persistent=False)
        self.register_buffer("values", known.to_v(vectors), persistent=False)

    def forward(
        self, hidden_states: Tensor, encoder_hidden_states: Tensor, **unused: object
    ) -> Tensor:
        """(B, T, C) -> the same. encoder_hidden_states: (B, M), which vectors; int64."""
        parts = (
            self.to_q(hidden_states),
            self.keys[encoder_hidden_states],
            self.values[encoder_hidden_states],
        )
        heads = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)
        out = functional.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2)
        for layer in self.to_out:
            out = layer(out)
        return out


def _blocks(unet: UNet2DConditionModel) -> list[BasicTransformerBlock]:
    return [module for module in unet.modules() if isinstance(module, BasicTransformerBlock)]


# --- sampling --------------------------------------------------------------------------------


class PixelHackerPipeline(DiffusionPipeline):
    """The authors' sampling loop, with what diffusers' pipelines offer for placement."""

    model_cpu_offload_seq = "unet->vae"

    def __init__(
        self, unet: UNet2DConditionModel, vae: torch.nn.Module, scheduler: SchedulerMixin
    ) -> None:
        super().__init__()
        self.register_modules(unet=unet, vae=vae, scheduler=scheduler)
        self.num_timesteps = 0

    @torch.no_grad()
    def __call__(
        self,
        pixels: Tensor,
        mask: Tensor,
        *,
        height: int,
        width: int,
        num_inference_steps: int,
        strength: float,
        guidance_scale: float,
        noise_offset: float,
        generator: torch.Generator,
        output_type: str,
        callback_on_step_end: StepCallback,
    ) -> ImagePipelineOutput:
        """pixels: (1, 3, H, W) in -1 … 1; mask: (1, 1, H, W), 1 = hole. height, width: H and W,
        multiples of 8. strength: 1 starts from noise alone, less from the noisy picture.
        output_type: "np" or "latent". Returns one picture, (H, W, 3) in 0 … 1, or its latents.
        """
        shape = (1, 4, height // 8, width // 8)
        timesteps = self.steps(num_inference_steps, strength)
        # In the authors' order, so that a seed means the same.
        known = self.encoded(pixels, generator) if strength < 1 else None
        masked = self.encoded(pixels * (1 - mask), generator)
        noise = offset_noise(shape, noise_offset, generator).to(masked)
        start = noise if known is None else self.scheduler.add_noise(known, noise, timesteps[:1])
        hole = functional.interpolate(mask.to(masked), size=shape[2:])
        given = torch.cat([hole, masked], dim=1)
        latents = self.denoised(start, given, timesteps, guidance_scale, callback_on_step_end)
        images = latents if output_type == "latent" else self.decoded(latents)
        return ImagePipelineOutput(images=images)

    def steps(self, count: int, strength: float) -> Tensor:
        """The timesteps that are left of `count` at this strength, highest first."""
        self.scheduler.set_timesteps(count, device=self._execution_device)
        taken: Tensor = self.scheduler.timesteps[count - int(count * strength) :]
        self.num_timesteps = len(taken)
        return taken

    def encoded(self, pixels: Tensor, generator: torch.Generator) -> Tensor:
        """(1, 3, H, W) in -1 … 1 to latents, (1, 4, H/8, W/8): a sample, not the mean."""
        sample = self.vae.encode(pixels.to(self.vae.dtype)).latent_dist.sample(generator)
        scaled: Tensor = sample * self.vae.config.scaling_factor
        return scaled

    def denoised(
        self,
        latents: Tensor,
        given: Tensor,
        timesteps: Tensor,
        guidance_scale: float,
        on_step_end: StepCallback,
    ) -> Tensor:
        """All steps. latents: (1, 4, h, w); given: (1, 5, h, w), mask and masked latents."""
        guided = guidance_scale != 1
        numbers = [[*AWAY], [*TOWARDS]] if guided else [[*TOWARDS]]
        vectors = torch.tensor(numbers, device=latents.device)
        for index, time in enumerate(timesteps):
            sample = torch.cat([latents, given], dim=1).expand(len(numbers), -1, -1, -1)
            noise = self.unet(sample.to(self.unet.dtype), time, vectors).sample.to(latents)
            if guided:
                away, towards = noise.chunk(2)
                noise = away + guidance_scale * (towards - away)
            latents = self.scheduler.step(noise, time, latents).prev_sample
            latents = on_step_end(self, index, time, {"latents": latents})["latents"]
        return latents

    def decoded(self, latents: Tensor) -> NDArray[np.float32]:
        """(1, 4, h, w) to (1, H, W, 3) in 0 … 1, an array."""
        pixels = self.vae.decode(latents.to(self.vae.dtype) / self.vae.config.scaling_factor).sample
        found: NDArray[np.float32] = (
            (pixels / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).float().cpu().numpy()
        )
        return found


def offset_noise(shape: tuple[int, ...], offset: float, generator: torch.Generator) -> Tensor:
    """Noise, and a little of it that is the same all over each channel, on the CPU."""
    noise = torch.randn(shape, generator=generator)
    return noise + offset * torch.randn((*shape[:2], 1, 1), generator=generator)
