"""SmartEraser: the network sees what it is to remove, instead of a hole.

Paper: Jiang, Wang, Bao, Zhou, Chen, Shi, Chen, Li, "SmartEraser: Remove Anything from Images
using Masked-Region Guidance", CVPR 2025. Stable Diffusion 1.5 inpainting, trained on with the
whole picture in place of the one with the hole, and with CLIP's view of the object in the
prompt (see `smarteraser.guidance`). It was trained with one object in a picture; so several are
removed one after the other. The authors resample the whole photo; here only the hole is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from methods._base import (
    Canvas,
    EraserSpec,
    Image,
    Mask,
    Paper,
    Progress,
    Text,
    setting,
)
from methods._diffusion.eraser import (
    DiffusionEraser,
    Part,
    generator,
    pil,
    read_scheduler,
    sd_inpaint_pipeline,
)
from methods._diffusion.settings import DiffusionSettings
from methods._diffusion.tensors import pixel_tensor
from methods.smarteraser.guidance import TEXTS, ObjectPrompts
from methods.smarteraser.masks import cut_out, enlarged, objects
from methods.smarteraser.weights import HOW_TO_GET, SCHEDULER, WEIGHTS, ShortPrompts, parts

if TYPE_CHECKING:
    import torch


class SmartEraserSettings(DiffusionSettings):
    """The authors' parameters, and how their mask is made of the user's."""

    num_inference_steps: int = setting(
        50,
        "setting.smarteraser.num_inference_steps",
        ge=1,
        le=150,
    )
    guidance_scale: float = setting(
        1.5,
        "setting.smarteraser.guidance_scale",
        ge=1,
        le=30,
    )
    mask_growth: float = setting(
        1.1,
        "setting.smarteraser.mask_growth",
        ge=1,
        le=3,
    )
    one_by_one: bool = setting(
        True,
        "setting.smarteraser.one_by_one",
    )


class SmartEraser(DiffusionEraser[SmartEraserSettings]):
    """diffusers' inpainting pipeline on the authors' weights, given the whole picture."""

    spec = EraserSpec(
        id="smarteraser",
        name="SmartEraser",
        summary=Text("eraser.smarteraser.summary"),
        sees_object=True,  # its guidance is the masked region
        paper=Paper(
            "SmartEraser: Remove Anything from Images using Masked-Region Guidance",
            "https://arxiv.org/abs/2501.08279",
            2025,
        ),
        license="MIT",
        weights=WEIGHTS,
        canvas=Canvas(square=512, min_context=128),
        devices=("cuda", "mps", "cpu"),
        memory=5_000_000_000,  # in float32; half of it on a GPU
        rank=36,
        notes=(
            HOW_TO_GET,
            Text("eraser.smarteraser.note.1"),
            Text("eraser.smarteraser.note.2"),
        ),
    )
    Settings = SmartEraserSettings

    def __init__(self) -> None:
        super().__init__()
        self._prompts: ObjectPrompts | None = None

    def parts(self, settings: SmartEraserSettings) -> Mapping[str, Part]:
        """UNet, VAE, CLIP's image encoder and what follows it."""
        return parts()

    def unload(self) -> None:
        """Give the components back."""
        super().unload()
        self._prompts = None

    def erase(
        self, image: Image, mask: Mask, settings: SmartEraserSettings, seed: int, progress: Progress
    ) -> Image:
        """Object after object, each on the result of those before it."""
        todo = objects(mask) if settings.one_by_one else [mask]
        numbers, picture = generator(seed), image
        for place, part in enumerate(todo):

            def tell(step: int, total: int, before: int = place) -> None:
                progress(before * total + step, len(todo) * total)

            hole = enlarged(part, settings.mask_growth)
            filled = self.sample(picture, hole, settings, tell, generator=numbers)
            picture = np.where(part[..., None], filled, picture)
        return picture

    def sample(
        self,
        picture: Image,
        hole: Mask,
        settings: SmartEraserSettings,
        progress: Progress,
        **more: object,
    ) -> Image | torch.Tensor:
        """One run of the stock pipeline. more: arguments for it, in place of ours. Returns what
        `DiffusionEraser.run` does."""
        loaded = self.loaded(settings)
        text, empty = (found.tokens for found in self.embed(ShortPrompts(), TEXTS))
        if self._prompts is None:
            self._prompts = ObjectPrompts(loaded["image_encoder"], loaded["image_to_text"])
        positive, negative = self._prompts.of(cut_out(picture, hole), text, empty)
        pipeline = sd_inpaint_pipeline(loaded, read_scheduler(SCHEDULER.path()))
        call: dict[str, object] = {
            "image": pil(picture),
            "mask_image": pil(hole),
            # The whole picture: the pipeline encodes what it is given here.
            "masked_image_latents": pixel_tensor(picture).to(self.dtype),
            "prompt_embeds": positive,
            "negative_prompt_embeds": negative,
            "num_inference_steps": settings.num_inference_steps,
            "guidance_scale": settings.guidance_scale,
        }
        height, width = hole.shape
        return self.run(
            pipeline, settings, 0, progress, height=height, width=width, **{**call, **more}
        )
