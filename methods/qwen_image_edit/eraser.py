"""Qwen-Image-Edit: a model of 20 billion numbers that edits by instruction, told to remove.

Paper: Wu et al. (Qwen team), "Qwen-Image Technical Report", 2025; the edition is 2511. The stock
pipelines, with published additions (LoRA) that were trained to remove what is highlighted in red,
and others that make four steps of forty. The model takes no mask: the object is marked in the
picture that it sees, and its text encoder, a model that sees too, reads words and picture together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from methods._base import (
    Canvas,
    EraserSpec,
    Image,
    Mask,
    Paper,
    Progress,
    Text,
    WeightFile,
)
from methods._diffusion.eraser import (
    Component,
    DiffusionEraser,
    Embedding,
    Part,
    adapted,
    joined,
    pil,
    read_scheduler,
)
from methods._diffusion.highlight import marked, resized, whole_cells
from methods._geometry.masks import reduce_mask
from methods.qwen_image_edit.prompts import PicturePrompts
from methods.qwen_image_edit.settings import NOTHING, QwenImageEditSettings
from methods.qwen_image_edit.weights import (
    ENCODER,
    LIGHTNING,
    LIGHTNING_SCHEDULE,
    PROCESSOR,
    REMOVING,
    REPOSITORY,
    TRANSFORMER,
    VAE,
    additions,
    qwen_pipeline,
)

if TYPE_CHECKING:
    import torch
    from diffusers import DiffusionPipeline, SchedulerMixin

_CELL = 16  # pixels of a token


class QwenImageEdit(DiffusionEraser[QwenImageEditSettings]):
    """diffusers' pipelines of Qwen-Image-Edit as they come."""

    half = "bfloat16"
    pictures = 2

    spec = EraserSpec(
        id="qwen_image_edit",
        name="Qwen-Image-Edit",
        summary=Text("eraser.qwen_image_edit.summary"),
        sees_object=True,  # it edits a photo in which the object is marked
        paper=Paper("Qwen-Image Technical Report", "https://arxiv.org/abs/2508.02324", 2025),
        license=REPOSITORY.license,
        weights=(*REPOSITORY.weights(), *REMOVING.weights()),
        more_weights=LIGHTNING.weights(),
        canvas=Canvas(area=1024 * 1024, multiple_of=32),
        devices=("cuda", "cpu"),
        memory=115_000_000_000,  # in float32; half of it on a GPU
        rank=38,
        notes=(
            Text("eraser.qwen_image_edit.note.1"),
            Text("eraser.qwen_image_edit.note.2"),
        ),
    )
    Settings = QwenImageEditSettings

    @classmethod
    def weights_for(cls, settings: QwenImageEditSettings) -> tuple[WeightFile, ...]:
        """The model and the additions that these settings use."""
        more = [REMOVING] * settings.removing + [LIGHTNING] * settings.lightning
        return (*REPOSITORY.weights(), *(file for some in more for file in some.weights()))

    def parts(self, settings: QwenImageEditSettings) -> Mapping[str, Part]:
        """Transformer and VAE, the additions, and the encoder where there is to be room for it."""
        parts = {"transformer": TRANSFORMER, "vae": VAE}
        if settings.removing:
            parts["remover"] = additions(REMOVING)
        if settings.lightning:
            parts["lightning"] = additions(LIGHTNING)
        if settings.memory == "fast":
            parts["text_encoder"] = ENCODER
        return parts

    def erase(
        self,
        image: Image,
        mask: Mask,
        settings: QwenImageEditSettings,
        seed: int,
        progress: Progress,
    ) -> Image:
        """One run of a stock pipeline on the marked picture."""
        loaded = self.loaded(settings)
        shown = marked(image, mask, settings.mark)
        words = self.read(shown, settings, loaded)
        pipeline = qwen_pipeline(loaded, scheduler(settings.lightning), settings.keep_background)
        height, width = size_for(mask)
        hold: dict[str, object] = {}
        if settings.keep_background:
            held = whole_cells(reduce_mask(mask, (height, width)), _CELL)
            hold = {"mask_image": pil(held), "strength": 1.0}
            hold["masked_image_latents"] = nothing_masked(pipeline, height, width, self.device)
        with lent(loaded):
            painted: Image = self.run(
                pipeline,
                settings,
                seed,
                progress,
                image=pil(shown),
                height=height,
                width=width,
                num_inference_steps=settings.steps,
                true_cfg_scale=settings.guidance,
                **words,
                **hold,
            )
        return resized(painted, mask.shape)

    def read(
        self, shown: Image, settings: QwenImageEditSettings, loaded: Mapping[str, Component]
    ) -> dict[str, torch.Tensor]:
        """The instruction, and what guidance leads away from, read together with the picture."""
        guided = settings.guidance > 1
        texts = [settings.instruction, NOTHING] if guided else [settings.instruction]
        found = self._embed(PicturePrompts(PROCESSOR, ENCODER, shown), texts, loaded)
        names = ("prompt_embeds", "negative_prompt_embeds")
        return {name: words.tokens for name, words in zip(names, found, strict=False)}

    def _embed(
        self, prompts: PicturePrompts, texts: Sequence[str], loaded: Mapping[str, Component]
    ) -> tuple[Embedding, ...]:
        """An encoder that stays loaded goes back to where it lay: the steps need the room."""
        encoder = loaded.get("text_encoder")
        home = None if encoder is None else encoder.device
        try:
            return self.embed(prompts, texts)
        finally:
            if encoder is not None:
                encoder.to(home)


def scheduler(lightning: bool) -> SchedulerMixin:
    """The model's own, or with the schedule that the four steps were made for."""
    path = Part(REPOSITORY, "scheduler").path()
    return read_scheduler(path, **(LIGHTNING_SCHEDULE if lightning else {}))


def size_for(mask: Mask) -> tuple[int, int]:
    """(H, W) that the pipelines work at: about a megapixel of the same shape."""
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as plus

    width, height = plus.calculate_dimensions(plus.VAE_IMAGE_SIZE, mask.shape[1] / mask.shape[0])
    return height, width


def nothing_masked(
    pipeline: DiffusionPipeline, height: int, width: int, device: str
) -> torch.Tensor:
    """In place of the masked picture, which the inpainting pipeline would encode and not use."""
    import torch

    cell, channels = 2 * pipeline.vae_scale_factor, pipeline.latent_channels
    size = (1, channels, 1, 2 * (height // cell), 2 * (width // cell))
    return torch.zeros(size, device=device)


def lent(loaded: Mapping[str, Component]) -> AbstractContextManager[None]:
    """The transformer with the additions among what is loaded, if any, for the block."""
    some = [(loaded[name], 1.0) for name in ("remover", "lightning") if name in loaded]
    return adapted(loaded["transformer"], joined(some)) if some else nullcontext()
