"""FLUX.2 klein: a small, fast model that edits pictures by instruction, told to remove an object.

Paper: none; Black Forest Labs, "FLUX.2 [klein]: Towards Interactive Visual Intelligence", 2026
(their announcement). The stock pipelines in four steps. The model takes no mask: the object is
covered with green and the model told to fill what is green, or marked in red and the model told
to remove what is marked, each with the additions (LoRA) that fal published for these words.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

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
    Part,
    Words,
    adapted,
    joined,
    pil,
    read_scheduler,
)
from methods._diffusion.highlight import marked, resized, whole_cells
from methods._diffusion.published import published_by
from methods.flux2_klein.settings import Flux2KleinSettings
from methods.flux2_klein.weights import (
    FILLING,
    PROMPTS,
    REMOVING,
    REPOSITORY,
    TRANSFORMER,
    VAE,
    additions,
    klein_pipeline,
)

_CELL = 16  # pixels of a token


class Flux2Klein(DiffusionEraser[Flux2KleinSettings]):
    """diffusers' pipelines of FLUX.2 klein as they come."""

    half = "bfloat16"
    pictures = 2

    spec = EraserSpec(
        id="flux2_klein",
        name="FLUX.2 klein",
        summary=Text("eraser.flux2_klein.summary"),
        sees_object=True,  # it edits a photo in which the object is marked
        paper=Paper(
            "FLUX.2 [klein]: Towards Interactive Visual Intelligence",
            "https://bfl.ai/blog/flux2-klein-towards-interactive-visual-intelligence",
            2026,
        ),
        license=REPOSITORY.license,
        weights=(*REPOSITORY.weights(), *FILLING.weights()),
        more_weights=(*REMOVING.weights(), *published_by(REPOSITORY)),
        canvas=Canvas(area=1024 * 1024, multiple_of=_CELL),
        devices=("cuda", "mps", "cpu"),
        memory=15_900_000_000,  # in float32; half of it on a GPU
        rank=37,
        notes=(
            Text("eraser.flux2_klein.note.1"),
            Text("eraser.flux2_klein.note.2"),
        ),
    )
    Settings = Flux2KleinSettings

    @classmethod
    def weights_for(cls, settings: Flux2KleinSettings) -> tuple[WeightFile, ...]:
        """The model and the additions; no text encoder for an instruction that is known."""
        more = settings.additions.weights() if settings.additions else ()
        files = (*REPOSITORY.weights(), *more)
        return cls.still_needed(files, settings)

    @classmethod
    def words(cls, settings: Flux2KleinSettings) -> Words:
        """The instruction, for Qwen3."""
        return Words(PROMPTS, (settings.instruction,))

    def parts(self, settings: Flux2KleinSettings) -> Mapping[str, Part]:
        """Transformer, VAE and, if any, the additions."""
        parts = {"transformer": TRANSFORMER, "vae": VAE}
        more = {"additions": additions(settings.additions)} if settings.additions else {}
        return {**parts, **more}

    def erase(
        self, image: Image, mask: Mask, settings: Flux2KleinSettings, seed: int, progress: Progress
    ) -> Image:
        """One run of a stock pipeline on the marked picture."""
        loaded = self.loaded(settings)
        (prompt,) = self.embed(PROMPTS, [settings.instruction])
        scheduler = read_scheduler(Part(REPOSITORY, "scheduler").path())
        pipeline = klein_pipeline(loaded, scheduler, settings.keep_background)
        hold: dict[str, object] = {}
        if settings.keep_background:
            hold = {"mask_image": pil(whole_cells(mask, _CELL)), "strength": 1.0}
        added = (
            joined([(loaded["additions"], settings.adapter_scale)]) if settings.additions else None
        )
        network = loaded["transformer"]
        with adapted(network, added) if added else nullcontext():
            painted: Image = self.run(
                pipeline,
                settings,
                seed,
                progress,
                image=pil(marked(image, mask, settings.mark)),
                height=mask.shape[0],
                width=mask.shape[1],
                prompt_embeds=prompt.tokens,
                num_inference_steps=settings.num_inference_steps,
                guidance_scale=1.0,  # the 4-step model has it worked in
                **hold,
            )
        return resized(painted, mask.shape)


def lent(
    loaded: Mapping[str, Component], settings: Flux2KleinSettings
) -> AbstractContextManager[None]:
    """The transformer with its additions, if these settings have any, for the block."""
    if "additions" not in loaded:
        return nullcontext()
    weighted = joined([(loaded["additions"], settings.adapter_scale)])
    return adapted(loaded["transformer"], weighted)
