"""What FLUX's transformer sees beside the noise that it works on: pictures as tokens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from methods._base import Mask
from methods._diffusion.patching import removed_after

if TYPE_CHECKING:
    import torch
    from diffusers import DiffusionPipeline


def first_noise(
    pipeline: DiffusionPipeline, mask: Mask, draw: torch.Generator, device: str
) -> torch.Tensor:
    """The tokens that denoising begins with, (1, tokens, channels): as the pipelines draw them,
    but before whatever else the generator is asked for, and in float32 whatever the precision:
    up to torch 2.11 the same seed gives other numbers in bfloat16."""
    import torch
    from diffusers.utils.torch_utils import randn_tensor

    height, width = (side // pipeline.vae_scale_factor for side in mask.shape)
    shape = (1, pipeline.vae.config.latent_channels, height, width)
    noise = randn_tensor(shape, generator=draw, device=torch.device(device), dtype=torch.float32)
    return packed(noise.to(pipeline.transformer.dtype))


def encoded(vae: torch.nn.Module, pixels: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """(1, 16, H / 8, W / 8), a sample. pixels: (1, 3, H, W) in -1 … 1, where the VAE is."""
    found: torch.Tensor = vae.encode(pixels.to(vae.dtype)).latent_dist.sample(generator=draw)
    return (found - vae.config.shift_factor) * vae.config.scaling_factor


def packed(latents: torch.Tensor) -> torch.Tensor:
    """(1, C, h, w) as tokens of 2 x 2, (1, h w / 4, 4 C)."""
    from torch.nn.functional import pixel_unshuffle

    return pixel_unshuffle(latents, 2).flatten(2).transpose(1, 2)


@contextmanager
def beside_the_noise(transformer: torch.nn.Module, tokens: torch.Tensor) -> Iterator[None]:
    """Further channels for every token that the transformer is given, for the block.

    tokens: (1, tokens, channels). Its first layer must take so many more.
    """

    def widen(
        _: torch.nn.Module, args: tuple[object, ...], given: dict[str, object]
    ) -> tuple[tuple[object, ...], dict[str, object]]:
        import torch

        noise: torch.Tensor = given["hidden_states"]
        seen = tokens.to(noise.device, noise.dtype)
        return args, given | {"hidden_states": torch.cat([noise, seen], dim=2)}

    with removed_after([transformer.register_forward_pre_hook(widen, with_kwargs=True)]):
        yield
