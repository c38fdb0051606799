"""Stock pipelines on shared components, and what goes into and comes out of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from methods._base import Image, Mask, Progress
from methods._diffusion.readers import Component

if TYPE_CHECKING:
    import PIL.Image
    import torch
    from diffusers import (
        DiffusionPipeline,
        SchedulerMixin,
        StableDiffusionInpaintPipeline,
        StableDiffusionPipeline,
        StableDiffusionXLInpaintPipeline,
    )
    from diffusers.pipelines.pipeline_utils import StableDiffusionMixin

_Pipeline = TypeVar("_Pipeline", bound="StableDiffusionMixin")

Tensors: TypeAlias = "dict[str, torch.Tensor]"
StepCallback: TypeAlias = "Callable[[DiffusionPipeline, int, torch.Tensor, Tensors], Tensors]"
"""`callback_on_step_end`: pipeline, step (from 0), time, and the step's tensors by name; returns
those with which the pipeline goes on."""


def sd_inpaint_pipeline(
    loaded: Mapping[str, Component], scheduler: SchedulerMixin
) -> StableDiffusionInpaintPipeline:
    """The stock pipeline of SD 1.x and 2.x on loaded components ("unet", "vae").

    No text encoder (give embeddings) and no safety checker: it judges pictures that are
    made from a prompt, and here a photo's own content would be blanked.
    """
    from diffusers import StableDiffusionInpaintPipeline

    return _sd(StableDiffusionInpaintPipeline, loaded, scheduler)


def sd_pipeline(
    loaded: Mapping[str, Component], scheduler: SchedulerMixin
) -> StableDiffusionPipeline:
    """The stock pipeline of SD 1.x and 2.x from noise, as `sd_inpaint_pipeline` otherwise."""
    from diffusers import StableDiffusionPipeline

    return _sd(StableDiffusionPipeline, loaded, scheduler)


def _sd(
    kind: type[_Pipeline], loaded: Mapping[str, Component], scheduler: SchedulerMixin
) -> _Pipeline:
    return kind(
        vae=loaded["vae"],
        unet=loaded["unet"],
        scheduler=scheduler,
        text_encoder=None,
        tokenizer=None,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def sdxl_inpaint_pipeline(
    loaded: Mapping[str, Component], scheduler: SchedulerMixin
) -> StableDiffusionXLInpaintPipeline:
    """The stock pipeline of SDXL on loaded components ("unet", "vae"); give embeddings.

    Without the invisible watermark, which would change pixels of the user's own photo.
    """
    from diffusers import StableDiffusionXLInpaintPipeline

    return StableDiffusionXLInpaintPipeline(
        vae=loaded["vae"],
        unet=loaded["unet"],
        scheduler=scheduler,
        text_encoder=None,
        text_encoder_2=None,
        tokenizer=None,
        tokenizer_2=None,
        add_watermarker=False,
    )


def flux_pipeline(
    loaded: Mapping[str, Component], scheduler: SchedulerMixin, kind: str = "FluxPipeline"
) -> DiffusionPipeline:
    """A stock pipeline of FLUX.1's family on loaded components ("transformer", "vae"); give
    embeddings. kind: the class in diffusers."""
    import diffusers

    return getattr(diffusers, kind)(
        vae=loaded["vae"],
        transformer=loaded["transformer"],
        scheduler=scheduler,
        text_encoder=None,
        text_encoder_2=None,
        tokenizer=None,
        tokenizer_2=None,
    )


def step_callback(progress: Progress) -> StepCallback:
    """`callback_on_step_end` that reports each step; Stopped passes through the pipeline."""

    def on_step_end(
        pipeline: DiffusionPipeline, index: int, _time: torch.Tensor, tensors: Tensors
    ) -> Tensors:
        progress(index + 1, pipeline.num_timesteps)
        return tensors

    return on_step_end


def generator(seed: int) -> torch.Generator:
    """A generator on the CPU: the same numbers on every device."""
    import torch

    return torch.Generator("cpu").manual_seed(seed)


# --- pictures --------------------------------------------------------------------------------


def pil(picture: Image | Mask) -> PIL.Image.Image:
    """As the pipelines take it: RGB, or for a mask 8-bit grey with 255 = erase."""
    from PIL import Image as Pillow

    if picture.dtype == np.bool_:
        return Pillow.fromarray(picture.astype(np.uint8) * 255)
    return Pillow.fromarray(picture)


def to_uint8(picture: NDArray[np.float32]) -> Image:
    """(H, W, 3) float in 0 … 1 to uint8, rounded as diffusers rounds."""
    rounded: Image = np.clip(np.rint(np.asarray(picture) * 255), 0, 255).astype(np.uint8)
    return rounded
