"""MagicEraser without its training: a first fill, background classes, refocused attention.

Paper: Li, Zhang, Huang, Liu, Pei, Shao, Xu, "MagicEraser: Erasing Any Objects via Semantics-Aware
Control", ECCV 2024. Its learned prompt R* and its LoRA were never published. What needs no
training is run here on Stable Diffusion inpainting: the hole is filled by a feed-forward network
and noised to strength 0.9, the prompt names the background's classes, and in the first steps
self-attention is drawn to the background (see `magic_eraser.attention` for what we had to assume).
"""

from __future__ import annotations

from collections.abc import Mapping

from methods._base import (
    Canvas,
    DeviceName,
    Eraser,
    EraserSpec,
    Image,
    Mask,
    Paper,
    Progress,
    Text,
    Unavailable,
    WeightFile,
    no_progress,
)
from methods._diffusion.eraser import ClipPrompts, DiffusionEraser, Part, pil, read_scheduler
from methods._diffusion.eraser import sd_inpaint_pipeline as stock_pipeline
from methods._diffusion.placement import on_device
from methods._diffusion.repositories import SD2_INPAINTING, SD15_INPAINTING
from methods._geometry.paste import erase_in_patches
from methods.magic_eraser.attention import refocused_unet
from methods.magic_eraser.classes import background_prompt, regions
from methods.magic_eraser.panoptic import MASK2FORMER, NETWORK, panoptic
from methods.magic_eraser.settings import MagicSettings

BASES = {"sd15": SD15_INPAINTING, "sd2": SD2_INPAINTING}


class MagicEraser(DiffusionEraser[MagicSettings]):
    """The stock pipeline, started from a fill, with refocused attention."""

    spec = EraserSpec(
        id="magic_eraser",
        name="MagicEraser (untrained)",
        summary=Text("eraser.magic_eraser.summary"),
        paper=Paper(
            "MagicEraser: Erasing Any Objects via Semantics-Aware Control",
            "https://arxiv.org/abs/2410.10207",
            2024,
        ),
        license="CreativeML-OpenRAIL-M; Mask2Former CC-BY-NC-4.0",
        non_commercial=True,
        weights=(*SD15_INPAINTING.weights(), *MASK2FORMER.weights()),
        more_weights=SD2_INPAINTING.weights(),
        canvas=Canvas(short_side=512, multiple_of=64),
        devices=("cuda", "cpu"),
        memory=4_300_000_000,  # in float32; about half of it on a GPU
        rank=46,
        companions=("lama", "migan", "telea"),
        notes=(
            Text("eraser.magic_eraser.note.1"),
            Text("eraser.magic_eraser.note.2"),
            Text("eraser.magic_eraser.note.3"),
        ),
    )
    Settings = MagicSettings

    def __init__(self) -> None:
        super().__init__()
        self._first: Eraser | None = None

    @classmethod
    def first_eraser(cls, settings: MagicSettings) -> type[Eraser]:
        """What fills the hole first. Raises Unavailable where that cannot be used."""
        wanted = ("lama", "migan") if settings.init == "auto" else (settings.init,)
        for name in wanted:
            if name in cls.companions:
                return cls.companions[name]
        raise Unavailable(
            "eraser_broken.first", eraser=wanted[0], title=cls.spec.name, first=" or ".join(wanted)
        )

    @classmethod
    def weights_for(cls, settings: MagicSettings) -> tuple[WeightFile, ...]:
        """The chosen model's, Mask2Former's, and those of what fills the hole first."""
        first = cls.first_eraser(settings)
        filling = first.weights_for(first.Settings())
        return (*BASES[settings.variant].weights(), *MASK2FORMER.weights(), *filling)

    def parts(self, settings: MagicSettings) -> Mapping[str, Part]:
        """UNet and VAE of the chosen model, and Mask2Former."""
        base = BASES[settings.variant]
        return {"unet": Part(base, "unet"), "vae": Part(base, "vae"), "panoptic": NETWORK}

    def memory(self, settings: MagicSettings, device: DeviceName) -> Mapping[str, int]:
        """With what fills the hole first."""
        first = self.first_eraser(settings).spec
        own = f"{self.spec.id}/{first.id}"
        return {**super().memory(settings, device), own: first.memory}

    def prepare(self, settings: MagicSettings) -> None:
        """With what fills the hole first."""
        super().prepare(settings)
        self._filler(settings)

    def unload(self) -> None:
        """Drop everything, also what fills the hole first."""
        super().unload()
        if self._first is not None:
            self._first.unload()
            self._first = None

    def erase(
        self, image: Image, mask: Mask, settings: MagicSettings, seed: int, progress: Progress
    ) -> Image:
        """One run of the stock pipeline."""
        loaded, base = self.loaded(settings), BASES[settings.variant]
        with on_device(loaded["panoptic"], self.device):
            classes = panoptic(loaded["panoptic"], image)
        prompts = ClipPrompts(Part(base, "tokenizer"), Part(base, "text_encoder"))
        texts = [settings.prompt or background_prompt(classes, mask), settings.negative_prompt]
        positive, negative = self.embed(prompts, texts)
        pipeline = stock_pipeline(loaded, read_scheduler(Part(base, "scheduler").path()))
        with refocused_unet(
            pipeline.unet, regions(classes, mask, settings.similar), settings.refocus
        ):
            erased: Image = self.run(
                pipeline,
                settings,
                seed,
                progress,
                image=pil(self._filled(image, mask, settings)),
                mask_image=pil(mask),
                height=mask.shape[0],
                width=mask.shape[1],
                prompt_embeds=positive.tokens,
                negative_prompt_embeds=negative.tokens,
                num_inference_steps=settings.num_inference_steps,
                guidance_scale=settings.guidance_scale,
                strength=settings.strength,
            )
        return erased

    def _filled(self, image: Image, mask: Mask, settings: MagicSettings) -> Image:
        """The picture with the hole filled by the first eraser, on crops of its own canvas."""
        first = self._filler(settings)
        usual = first.Settings()

        def fill(picture: Image, hole: Mask, patch: int, patches: int) -> Image:
            return first.erase(picture, hole, usual, 0, no_progress)

        return erase_in_patches(image, mask, first.canvas_for(usual), fill)

    def _filler(self, settings: MagicSettings) -> Eraser:
        """Loaded, on this eraser's device where it can be."""
        wanted = self.first_eraser(settings)
        if type(self._first) is not wanted:
            if self._first is not None:
                self._first.unload()
            self._first = _loaded(wanted, self.device)
        return self._first


def _loaded(eraser: type[Eraser], device: DeviceName) -> Eraser:
    made = eraser()
    try:
        made.load(device if device in eraser.spec.devices else "cpu", None)
    except Unavailable as error:
        if error.code != "device_missing" or device == "cpu":
            raise
        made.load("cpu", None)
    return made
