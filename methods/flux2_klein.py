"""FLUX.2 klein: a small, fast model that edits pictures by instruction, told to remove an object.

Paper: none; Black Forest Labs, "FLUX.2 [klein]: Towards Interactive Visual Intelligence", 2026
(their announcement). The stock pipelines in four steps. The model takes no mask: the object is
covered with green and the model told to fill what is green, or marked in red and the model told
to remove what is marked, each with the additions (LoRA) that fal published for these words.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Self

from pydantic import model_validator

from methods._base import (
    Canvas,
    EraserSpec,
    Image,
    Mask,
    Paper,
    Progress,
    Text,
    WeightFile,
    setting,
)
from methods._diffusion import (
    DiffusionEraser,
    Part,
    Repository,
    TransformerSettings,
    adapted,
    joined,
    pil,
    read_scheduler,
)
from methods._diffusion_settings import MAX_PROMPT
from methods._klein_models import (
    FILLING,
    PROMPTS,
    REMOVING,
    REPOSITORY,
    TRANSFORMER,
    VAE,
    additions,
    klein_pipeline,
)
from methods._object_marks import Mark, marked, resized, whole_cells

FILL = "Fill the green spaces according to the image"
REMOVE = "Remove the highlighted object from the scene"
"""What the additions were trained on, word by word."""

_CELL = 16  # pixels of a token


class Flux2KleinSettings(TransformerSettings):
    """How the object is shown, and what the model is told."""

    mark: Mark = setting(
        "cover",
        "How the model is told which object is meant: covered with green, which it fills (cover);"
        " under a red veil (tint); in a red box (box); by your prompt alone (none).",
        "如何告诉模型要移除哪个物体：用绿色盖住并让它填充（cover）、蒙上红色（tint）、"
        "画红框（box），或只靠提示词（none）。",
    )
    prompt: str = setting(
        "",
        "The instruction, in English. Empty: the one that fits the mark.",
        "指令（英文）。留空则使用与标记方式相配的指令。",
        max_length=MAX_PROMPT,
    )
    adapter: bool = setting(
        True,
        "Use the additions that were trained for the mark; there are none for mark=none.",
        "使用针对该标记方式训练的附加权重；mark=none 时没有。",
    )
    adapter_scale: float = setting(
        1.1, "How strongly the additions count.", "附加权重的强度。", ge=0, le=2
    )
    num_inference_steps: int = setting(
        4,
        "Steps from noise to picture: the model was made for 4; more invent more.",
        "从噪声到图片的步数：模型为 4 步而设计；步数越多，凭空添加的内容越多。",
        ge=1,
        le=50,
    )
    keep_background: bool = setting(
        True,
        "Hold what is not selected in place at every step, so that the filling fits to it; else"
        " the model paints the whole picture anew.",
        "每一步都固定未选中的部分，使填充与其吻合；否则模型会重画整张图片。",
    )

    @property
    def instruction(self) -> str:
        """What the model is told."""
        return self.prompt or (FILL if self.mark == "cover" else REMOVE)

    @property
    def additions(self) -> Repository | None:
        """Those that these settings need."""
        if self.mark == "none" or not self.adapter:
            return None
        return FILLING if self.mark == "cover" else REMOVING

    @model_validator(mode="after")
    def _say_what(self) -> Self:
        if self.mark == "none" and not self.prompt.strip():
            raise ValueError("without a mark the prompt must say what to remove")
        return self


class Flux2Klein(DiffusionEraser):
    """diffusers' pipelines of FLUX.2 klein as they come."""

    half = "bfloat16"
    pictures = 2

    spec = EraserSpec(
        id="flux2_klein",
        name="FLUX.2 klein",
        summary=Text(
            "A fast editor of 4 billion numbers that is told to fill the object's place; 4 steps.",
            "40 亿参数的快速图像编辑模型，按指令填充物体所在处；只需 4 步。",
        ),
        paper=Paper(
            "FLUX.2 [klein]: Towards Interactive Visual Intelligence",
            "https://bfl.ai/blog/flux2-klein-towards-interactive-visual-intelligence",
            2026,
        ),
        license=REPOSITORY.license,
        weights=(*REPOSITORY.weights(), *FILLING.weights()),
        more_weights=REMOVING.weights(),
        canvas=Canvas(area=1024 * 1024, multiple_of=_CELL),
        devices=("cuda", "mps", "cpu"),
        memory=15_900_000_000,  # in float32; half of it on a GPU
        rank=37,
        notes=(
            Text(
                "The model takes no mask: by default it sees green in the object's place and is"
                " told to fill it (setting mark).",
                "模型不接受遮罩：默认把物体处盖成绿色，并让模型填充（设置 mark）。",
            ),
            Text(
                "Its text encoder (8 GB) is loaded only for an instruction that is new.",
                "只有遇到新的指令时才会载入其文本编码器（8 GB）。",
            ),
        ),
    )
    Settings = Flux2KleinSettings

    @classmethod
    def weights_for(cls, settings: Any) -> tuple[WeightFile, ...]:
        """The model and the additions; no text encoder for an instruction that is known."""
        more = settings.additions.weights() if settings.additions else ()
        files = (*REPOSITORY.weights(), *more)
        return cls.still_needed(files, PROMPTS, [settings.instruction])

    def parts(self, settings: Any) -> Mapping[str, Part]:
        """Transformer, VAE and, if any, the additions."""
        parts = {"transformer": TRANSFORMER, "vae": VAE}
        more = {"additions": additions(settings.additions)} if settings.additions else {}
        return {**parts, **more}

    def prepare(self, settings: Any) -> None:
        """The instruction first: its encoder needs the device for itself."""
        self.embed(PROMPTS, [settings.instruction])
        super().prepare(settings)

    def erase(
        self, image: Image, mask: Mask, settings: Any, seed: int, progress: Progress
    ) -> Image:
        """One run of a stock pipeline on the marked picture."""
        loaded = self.loaded(settings)
        (prompt,) = self.embed(PROMPTS, [settings.instruction])
        scheduler = read_scheduler(Part(REPOSITORY, "scheduler").path())
        pipeline = klein_pipeline(loaded, scheduler, settings.keep_background)
        hold: dict[str, Any] = {}
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


def lent(loaded: Mapping[str, Any], settings: Any) -> AbstractContextManager[None]:
    """The transformer with its additions, if these settings have any, for the block."""
    if "additions" not in loaded:
        return nullcontext()
    weighted = joined([(loaded["additions"], settings.adapter_scale)])
    return adapted(loaded["transformer"], weighted)
