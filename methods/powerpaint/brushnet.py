"""Running PowerPaint 2's BrushNet beside a UNet, by hooks that are taken away again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from methods._base import Image, Mask
from methods._diffusion.eraser import generator, pil, removed_after, replaced

if TYPE_CHECKING:
    import torch

Output: TypeAlias = "torch.Tensor | tuple[torch.Tensor, ...]"
Inputs: TypeAlias = tuple[object, ...]
Named: TypeAlias = dict[str, object]


def condition(
    vae: torch.nn.Module, image: Image, mask: Mask, seed: int, device: str
) -> torch.Tensor:
    """(2, 5, h, w): latents of the picture with a black hole, and 1 where it is to be kept.

    Both halves of the guidance get a sample of their own, as with the authors.
    """
    import numpy as np
    import torch
    from diffusers.image_processor import VaeImageProcessor

    blanked = pil(np.where(mask[..., None], 0, image).astype(np.uint8))
    pixels = VaeImageProcessor().preprocess(blanked).repeat(2, 1, 1, 1)
    encoded = vae.encode(pixels.to(device, vae.dtype)).latent_dist.sample(generator(seed))
    latents = encoded * vae.config.scaling_factor
    keep = torch.from_numpy(~mask).to(device, latents.dtype)[None, None]
    keep = torch.nn.functional.interpolate(keep, size=latents.shape[-2:])
    return torch.cat([latents, keep.expand(2, -1, -1, -1)], dim=1)


@contextmanager
def guided_by(
    unet: torch.nn.Module,
    brushnet: torch.nn.Module,
    words: Sequence[torch.Tensor],
    seen: torch.Tensor,
    scale: float = 1.0,
) -> Iterator[None]:
    """The UNet with the BrushNet's additions, for the block.

    words: (1, 77, C) for the BrushNet, positive and negative; seen: its condition.
    """
    import torch

    from methods.powerpaint.network import stages

    positive, negative = words
    states = torch.cat([negative, positive]).to(seen.device)
    additions: list[torch.Tensor] = []

    def forward(
        sample: torch.Tensor, timestep: torch.Tensor, *args: object, **call: object
    ) -> object:
        half = len(sample)  # without guidance the pipeline asks for the positive half alone
        given = brushnet(sample, timestep, states[-half:], seen[-half:])
        additions[:] = [addition * scale for addition in given]
        return plain(sample, timestep, *args, **call)

    # The first addition goes into the first block but not into the skip connection beside it.
    first = unet.down_blocks[0]
    handles = [first.register_forward_pre_hook(_entering(additions), with_kwargs=True)]
    for place, (_, module) in enumerate(stages(unet)):
        if place:
            handles.append(module.register_forward_hook(_adding(additions, place)))
    with removed_after(handles), replaced(unet, "forward", forward) as plain:
        yield


def _adding(
    additions: Sequence[torch.Tensor], place: int
) -> Callable[[torch.nn.Module, object, Output], Output]:
    """A hook that adds to what a module gives out."""

    def add(_module: torch.nn.Module, _inputs: object, output: Output) -> Output:
        if isinstance(output, tuple):
            return (output[0] + additions[place], *output[1:])
        return output + additions[place]

    return add


def _entering(
    additions: Sequence[torch.Tensor],
) -> Callable[[torch.nn.Module, Inputs, Named], tuple[Inputs, Named]]:
    """A hook that adds to what a block is given."""

    def add(_module: torch.nn.Module, inputs: Inputs, named: Named) -> tuple[Inputs, Named]:
        states: torch.Tensor = named["hidden_states"]
        return inputs, {**named, "hidden_states": states + additions[0]}

    return add
