"""OSOR: an object removed in a single step of SDXL inpainting.

Paper: Zhou, Sun, Kong, He, Tang, Yu, Wu, Cao, Zhang, "OSOR: One-Step Diffusion Inpainting for
Effect-Aware Object Removal", ECCV 2026; their second phase, with the alpha head. The photo is
noised a little (t = 400), one pass of a fine-tuned UNet predicts the noise and, in a fifth
channel, which part of the result is new; the rest keeps the photo's own latents.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from methods._base import (
    Canvas,
    DeviceName,
    EraserSpec,
    Image,
    Mask,
    Paper,
    Progress,
    Text,
    setting,
)
from methods._diffusion.components import identity, part_bytes
from methods._diffusion.eraser import (
    DiffusionEraser,
    DiffusionSettings,
    Embedding,
    Part,
    SdxlPrompts,
    generator,
    read_scheduler,
    sdxl_inpaint_pipeline,
    to_uint8,
)
from methods._diffusion.repositories import SDXL_INPAINTING
from methods._diffusion.tensors import mask_tensor, pixel_tensor
from methods.osor.weights import BASE_UNET, REPOSITORY, UNET

if TYPE_CHECKING:
    import torch
    from diffusers import DiffusionPipeline, SchedulerMixin

PROMPT = "Remove the instance of object"
PROMPTS = SdxlPrompts(
    Part(SDXL_INPAINTING, "tokenizer"),
    Part(SDXL_INPAINTING, "text_encoder"),
    Part(SDXL_INPAINTING, "tokenizer_2"),
    Part(SDXL_INPAINTING, "text_encoder_2"),
)
VAE = Part(SDXL_INPAINTING, "vae")


class OsorSettings(DiffusionSettings):
    """The one parameter of the authors' inference script that is not a path or a size."""

    t: int = setting(
        400,
        "setting.osor.t",
        ge=1,
        le=999,
    )


class Osor(DiffusionEraser[OsorSettings]):
    """One pass through the UNet between the two halves of the VAE."""

    half = "bfloat16"
    spec = EraserSpec(
        id="osor",
        name="OSOR",
        summary=Text("eraser.osor.summary"),
        sees_object=True,  # the start is the photo under a little noise
        paper=Paper(
            "OSOR: One-Step Diffusion Inpainting for Effect-Aware Object Removal",
            "https://arxiv.org/abs/2606.28094",
            2026,
        ),
        license=REPOSITORY.license,
        weights=(*REPOSITORY.weights(), *SDXL_INPAINTING.weights()),
        canvas=Canvas(short_side=512, multiple_of=16),
        devices=("cuda", "mps", "cpu"),
        memory=10_600_000_000,  # in float32; half of it on a GPU
        rank=31,
        notes=(
            Text("eraser.osor.note.1"),
            Text("eraser.osor.note.2"),
        ),
    )
    Settings = OsorSettings

    def parts(self, settings: OsorSettings) -> Mapping[str, Part]:
        """The trained UNet, and the VAE of SDXL inpainting."""
        return {"unet": UNET, "vae": VAE}

    def memory(self, settings: OsorSettings, device: DeviceName) -> Mapping[str, int]:
        """The UNet takes what its base takes: the authors' file is worked into it."""
        dtype = self.precision_on(device)
        return {
            identity(UNET, dtype): part_bytes(BASE_UNET, dtype),
            identity(VAE, dtype): part_bytes(VAE, dtype),
        }

    def erase(
        self, image: Image, mask: Mask, settings: OsorSettings, seed: int, progress: Progress
    ) -> Image:
        """Encode, noise, one step, mix, decode."""
        import torch

        (prompt,) = self.embed(PROMPTS, [PROMPT])
        scheduler = read_scheduler(Part(SDXL_INPAINTING, "scheduler").path())
        pipeline = sdxl_inpaint_pipeline(self.loaded(settings), scheduler)
        with torch.no_grad(), self.placed(pipeline, settings, mask.size):
            vae, draw = pipeline.vae, generator(seed)
            pixels = pixel_tensor(image).to(self.dtype).to(self.device)
            photo = vae.encode(pixels).latent_dist.sample(draw) * vae.config.scaling_factor
            mixed = self._step(pipeline, photo, mask, prompt, settings.t, draw)
            progress(1, 1)
            picture = vae.decode(mixed / vae.config.scaling_factor).sample
        return to_uint8(picture[0].cpu().float().permute(1, 2, 0) / 2 + 0.5)

    def _step(
        self,
        pipeline: DiffusionPipeline,
        photo: torch.Tensor,
        mask: Mask,
        prompt: Embedding,
        time: int,
        draw: torch.Generator,
    ) -> torch.Tensor:
        """Latents of the result, (1, 4, h, w). photo: those of the photo."""
        import torch
        from diffusers.utils.torch_utils import randn_tensor

        place = {"device": photo.device, "dtype": photo.dtype}
        noise = randn_tensor(photo.shape, generator=draw, **place)
        # The schedule of SDXL, of which only this one place is needed.
        kept = _alphas(pipeline.scheduler)[time]
        noised = (kept.sqrt() * photo + (1 - kept).sqrt() * noise).to(photo.dtype)
        hole = torch.nn.functional.max_pool2d(mask_tensor(mask), 8).to(**place)
        height, width = mask.shape
        (found,) = pipeline.unet(
            torch.cat([noised, hole, photo], dim=1),
            torch.tensor([time], device=photo.device),
            encoder_hidden_states=self.staying(prompt.tokens),
            added_cond_kwargs={
                "text_embeds": self.staying(prompt.pooled),
                "time_ids": torch.tensor([[height, width, 0, 0, height, width]], **place),
            },
            return_dict=False,
        )
        guess, new = found[:, :4].float(), torch.sigmoid(found[:, 4:].float())
        clean = (noised.float() - (1 - kept).sqrt() * guess) / kept.sqrt()
        mixed = clean * new + photo.float() * (1 - new)
        return mixed.to(photo.dtype)


def _alphas(scheduler: SchedulerMixin) -> torch.Tensor:
    """(1000,) float32 on the CPU: the photo's share of the variance at each time."""
    alphas: torch.Tensor = scheduler.alphas_cumprod
    return alphas.float().cpu()
