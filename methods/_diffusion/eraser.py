"""What all erasers built on diffusion models share; the door to the `_diffusion_*` modules.

An eraser on a stock pipeline is a `DiffusionEraser`: it names its repositories, its parts and
its prompts, and calls a stock pipeline. All else is done here:

    BASE = SD15_INPAINTING              # of repositories, or a Repository of its own
    UNET, VAE = Part(BASE, "unet"), Part(BASE, "vae")
    PROMPTS = ClipPrompts(Part(BASE, "tokenizer"), Part(BASE, "text_encoder"))

    class Example(DiffusionEraser[ExampleSettings]):
        spec = EraserSpec(…, weights=BASE.weights())
        Settings = ExampleSettings                      # a subclass of DiffusionSettings

        def parts(self, settings):                      # what stays loaded between runs
            return {"unet": UNET, "vae": VAE}

        def erase(self, image, mask, settings, seed, progress):
            loaded = self.loaded(settings)              # {"unet": module, "vae": module}
            positive, negative = self.embed(PROMPTS, ["a wall", ""])
            pipeline = sd_inpaint_pipeline(loaded, read_scheduler(Part(BASE, "scheduler").path()))
            with attention_processors(loaded["unet"], {…}):       # if the method needs it
                return self.run(pipeline, settings, seed, progress,
                    image=pil(image), mask_image=pil(mask),
                    height=image.shape[0], width=image.shape[1],
                    prompt_embeds=positive.tokens, negative_prompt_embeds=negative.tokens,
                    num_inference_steps=…, guidance_scale=…)

- Components are shared between erasers by file and precision (`store`); whatever you change on
  them, change in a `with` of `_diffusion.patching`, so that it is restored after an error or
  a Stop. Never use `pipeline.enable_…`, `fuse…` or `set_attn_processor` without undoing it.
- `self.run` places the components by the setting `memory`, seeds a CPU generator, reports each
  step (where Stop is raised) and returns the picture as uint8; `output_type="latent"` gives
  the latents. A method that draws random numbers before the pipeline does makes the generator
  itself (`generator(seed)`) and gives it as `generator=`; one that changes the latents between
  steps gives its own `callback_on_step_end=`, which calls `step_callback(progress)`. One that
  uses the VAE or a network of its own besides enters `self.placed` and then calls `self.call`.
- Several variants: `parts` answers by the settings, and `weights_for(settings)` says which
  files a run needs; `spec.weights` are those of the default settings, `spec.more_weights` the
  other variants'.
- Files that diffusers does not know: `Part(…, read=function)`, see `Part`.
- A large transformer in the UNet's place is the part "transformer"; with `TransformerSettings` the
  user may have it in 8 or 4 bits, which is done here. Additions (LoRA) are lent to it for a run:
  `adapted`, `joined`.
- Precision: float16 on a GPU (`half = "bfloat16"` on the class for other models), float32 on
  the CPU. SDXL's VAE is widened by its pipelines where it would overflow.
- A transformer in place of the UNet goes by the name that it has in its pipeline,
  "transformer"; `pictures = 2` on the class where it sees the photo's tokens beside those that
  it paints, so that its memory is estimated right.
- LoRA on a network that others use too: a `Part` whose reader returns `read_additions(…)`, and
  `with adapted(loaded["transformer"], loaded["additions"]), self.placed(…)`.
- Embeddings are kept on the disk. Where an encoder is large, `words` says what it has to read, and
  `weights_for` ends with `cls.still_needed(weights, settings)`: once the embeddings are kept, or
  where they are published, its files may go. They are made before the networks are put on the
  device, and before a GPU is borrowed.
- Tests: `tests/support/tiny_models.py` builds tiny random folders of the real classes; `use_local`
  points a repository to one.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, TypeVar

from methods._base import DeviceName, Eraser, Image, Progress, Unavailable, WeightFile
from methods._diffusion.components import Part as Part
from methods._diffusion.components import identity, part_bytes
from methods._diffusion.components import store as store
from methods._diffusion.embedding_files import any_kept
from methods._diffusion.lora import Additions as Additions
from methods._diffusion.lora import adapted as adapted
from methods._diffusion.lora import joined as joined
from methods._diffusion.lora import read_additions as read_additions
from methods._diffusion.noise import draw_alike
from methods._diffusion.patching import attention_processors as attention_processors
from methods._diffusion.patching import removed_after as removed_after
from methods._diffusion.patching import replaced as replaced
from methods._diffusion.patching import transformer_blocks as transformer_blocks
from methods._diffusion.pipelines import StepCallback as StepCallback
from methods._diffusion.pipelines import flux_pipeline as flux_pipeline
from methods._diffusion.pipelines import generator as generator
from methods._diffusion.pipelines import pil as pil
from methods._diffusion.pipelines import sd_inpaint_pipeline as sd_inpaint_pipeline
from methods._diffusion.pipelines import sd_pipeline as sd_pipeline
from methods._diffusion.pipelines import sdxl_inpaint_pipeline as sdxl_inpaint_pipeline
from methods._diffusion.pipelines import step_callback as step_callback
from methods._diffusion.pipelines import to_uint8 as to_uint8
from methods._diffusion.placement import Memory as Memory
from methods._diffusion.placement import (
    Need,
    component_sizes,
    denoiser,
    free_for,
    module_bytes,
    need_of,
    networks,
    placed,
    plan_memory,
)
from methods._diffusion.precision import FULL, Precision
from methods._diffusion.prompts import ClipPrompts as ClipPrompts
from methods._diffusion.prompts import Embedding as Embedding
from methods._diffusion.prompts import SdxlPrompts as SdxlPrompts
from methods._diffusion.prompts import Words as Words
from methods._diffusion.prompts import without_idle_encoders
from methods._diffusion.published import any_published
from methods._diffusion.readers import Component as Component
from methods._diffusion.readers import check_complete as check_complete
from methods._diffusion.readers import quiet
from methods._diffusion.readers import read_model as read_model
from methods._diffusion.readers import read_scheduler as read_scheduler
from methods._diffusion.settings import DiffusionSettings as DiffusionSettings
from methods._diffusion.settings import InpaintSettings as InpaintSettings
from methods._diffusion.settings import TransformerSettings as TransformerSettings
from methods._system.device import job_device
from methods._system.memory import memory_budget
from methods._system.units import in_bytes
from methods._weights.repository import RepoFile as RepoFile
from methods._weights.repository import Repository as Repository

if TYPE_CHECKING:
    import torch
    from diffusers import DiffusionPipeline
    from torch.utils.weak import WeakTensorKeyDictionary


S = TypeVar("S", bound=DiffusionSettings)


class DiffusionEraser(Eraser[S]):
    """An eraser that runs a stock pipeline of diffusers on shared components."""

    half: ClassVar[str] = "float16"
    """The precision on a GPU."""

    pictures: ClassVar[int] = 1
    """How many pictures of the canvas's size a transformer looks at, what it paints included."""

    def __init__(self) -> None:
        self.device: DeviceName = "cpu"
        self._dtype: torch.dtype | None = None
        self._taken: dict[str, tuple[Part, Component]] = {}
        self._staying: WeakTensorKeyDictionary | None = None

    @abstractmethod
    def parts(self, settings: S) -> Mapping[str, Part]:
        """The components that these settings need and that stay loaded, by their names in the
        pipeline. Text encoders are not among them (see `embed`)."""

    @classmethod
    def words(cls, settings: S) -> Words | None:
        """What these settings have a large text encoder read; None where there is no such one, or
        where it looks at each photo."""
        return None

    @property
    def dtype(self) -> torch.dtype:
        """The precision of this eraser's networks."""
        return self._dtype or self._dtype_on(self.device)

    @classmethod
    def _dtype_on(cls, device: DeviceName) -> torch.dtype:
        import torch

        found: torch.dtype = getattr(torch, cls.precision_on(device).name)
        return found

    @classmethod
    def precision_on(cls, device: DeviceName) -> Precision:
        """Of this eraser's networks on a device."""
        return FULL if device == "cpu" else Precision(cls.half, 2)

    def load(self, device: DeviceName, dtype: torch.dtype | None = None) -> None:
        """Note where to run. The components come with the first settings: `prepare`."""
        self.unload()
        self.device, self._dtype = device, dtype

    def unload(self) -> None:
        """Give all components back; those that nobody else uses are dropped."""
        for _, component in self._taken.values():
            store.give_back(component)
        self._taken.clear()
        self._staying = None

    def prepare(self, settings: S) -> None:
        """Bring the components for these settings, and let go of others. The words first: their
        encoder needs the device for itself.

        Raises WeightsUnavailable or Unavailable.
        """
        import torch

        if words := self.words(settings):
            self.embed(words.prompts, words.texts)
        components = self.loaded(settings).items()
        modules = {name: part for name, part in components if isinstance(part, torch.nn.Module)}
        sizes = {name: module_bytes(module) for name, module in modules.items()}
        if self.device == "cpu":
            return
        free = memory_budget(self.device)
        least = settings.least_memory
        plan = plan_memory(settings.memory, self.device, sizes, Need(), free, least)
        if plan.placement == "device":
            for module in modules.values():
                module.to(self.device)

    def memory(self, settings: S, device: DeviceName) -> Mapping[str, int]:
        """Each component by itself, so that sharing is seen."""
        dtype = self.precision_on(device)
        parts = self._wanted(settings).values()
        return {identity(part, dtype): part_bytes(part, dtype) for part in parts}

    def expected_memory(self, settings: S, device: DeviceName) -> Mapping[str, int]:
        """The spec's figure, which is for float32, shared out by the sizes of the parts' files;
        half of it where the numbers are half as long."""
        whole = self.spec.memory if device == "cpu" else self.spec.memory // 2
        parts = self.parts(settings).items()
        files = {name: part.repository.weights(part.folder) for name, part in parts}
        sizes = {name: sum(file.size for file in kept) for name, kept in files.items()}
        every = max(1, sum(sizes.values()))
        return {name: whole * size // every for name, size in sizes.items()}

    def _wanted(self, settings: S) -> dict[str, Part]:
        """The parts, the transformer in the precision that the settings ask for."""
        parts = dict(self.parts(settings))
        if "transformer" in parts and isinstance(settings, TransformerSettings):
            chosen = settings.quantization
            parts["transformer"] = replace(parts["transformer"], quantization=chosen)
        return parts

    def loaded(self, settings: S) -> dict[str, Component]:
        """The components for these settings by name: taken at the first call, then kept."""
        wanted = self._wanted(settings)
        for name, (part, component) in list(self._taken.items()):
            if wanted.get(name) != part:
                del self._taken[name]
                store.give_back(component)
        for name, part in wanted.items():
            if name not in self._taken:
                self._taken[name] = (part, store.take(part, self.dtype))
        return {name: self._taken[name][1] for name in wanted}

    @classmethod
    def still_needed(cls, weights: Sequence[WeightFile], settings: S) -> tuple[WeightFile, ...]:
        """For `weights_for`: without the encoders' files that are neither here nor wanted, because
        the embeddings of the words are kept from an earlier run, or come as files of their own."""
        words = cls.words(settings)
        if words is None or not (any_kept() or any_published()):
            return tuple(weights)
        dtype = cls.precision_on(job_device())
        return without_idle_encoders(weights, words.prompts, words.texts, dtype)

    @classmethod
    def beforehand(cls, settings: S, device: DeviceName) -> Callable[[], None] | None:
        """The embeddings of the words, made on the CPU."""
        words, dtype = cls.words(settings), cls.precision_on(device)
        if words is None or words.prompts.knows(words.texts, dtype):
            return None
        return lambda: cls._make_embeddings(words, dtype)

    @classmethod
    def _make_embeddings(cls, words: Words, dtype: Precision) -> None:
        """Raises Unavailable where the encoder does not fit, WeightsUnavailable where it is not
        here."""
        import torch

        needed = words.prompts.encoder_bytes(dtype)
        if needed > (free := memory_budget("cpu")):
            raise Unavailable(
                "encoder_too_large",
                eraser=cls.spec.id,
                title=cls.spec.name,
                needed=in_bytes(needed),
                free=in_bytes(free),
            )
        words.prompts.embed(words.texts, "cpu", getattr(torch, dtype.name))

    def embed(self, prompts: ClipPrompts, texts: Sequence[str]) -> tuple[Embedding, ...]:
        """One embedding a text, computed only for texts that are new to these encoders."""
        return prompts.embed(texts, self.device, self.dtype)

    def run(
        self,
        pipeline: DiffusionPipeline,
        settings: S,
        seed: int,
        progress: Progress,
        *,
        height: int,
        width: int,
        **call: object,
    ) -> Image | torch.Tensor:
        """Call the pipeline and return its one picture, (height, width, 3) uint8.

        settings: for `memory` alone. With output_type="latent" the latents are returned.
        """
        with self.placed(pipeline, settings, height * width):
            return self.call(pipeline, seed, progress, height=height, width=width, **call)

    @contextmanager
    def placed(
        self,
        pipeline: DiffusionPipeline,
        settings: S,
        pixels: int,
        others: Sequence[torch.nn.Module] = (),
    ) -> Iterator[None]:
        """The pipeline's networks, and others that work beside its denoiser, where `memory` says.

        For methods that use a network before or beside the pipeline; `run` is enough for others.
        """
        draw_alike()
        sizes = component_sizes(pipeline)
        sizes[denoiser(pipeline)] += sum(module_bytes(other) for other in others)
        free = free_for([*networks(pipeline).values(), *others], self.device)
        need = need_of(pipeline, pixels, self.pictures)
        least = settings.least_memory
        plan = plan_memory(settings.memory, self.device, sizes, need, free, least)
        with quiet(), placed(pipeline, plan, self.device, others):
            yield

    def call(
        self, pipeline: DiffusionPipeline, seed: int, progress: Progress, **call: object
    ) -> Image | torch.Tensor:
        """As `run`, for a pipeline whose networks are placed already."""
        call.setdefault("generator", generator(seed))
        call.setdefault("output_type", "np")
        call.setdefault("callback_on_step_end", step_callback(progress))
        call = {name: self._on_device(name, value) for name, value in call.items()}
        pipeline.set_progress_bar_config(disable=True)
        (result,) = pipeline(**call).images
        return result if call["output_type"] == "latent" else to_uint8(result)

    def _on_device(self, name: str, value: object) -> object:
        import torch

        if not isinstance(value, torch.Tensor):
            return value
        return self.staying(value) if "embeds" in name else value.to(self.device)

    def staying(self, tensor: torch.Tensor) -> torch.Tensor:
        """A tensor that is the same from run to run, such as a prompt's embedding, on the device.

        It stays there, for as long as the one in main memory lives and the eraser is loaded.
        """
        from torch.utils.weak import WeakTensorKeyDictionary

        if self._staying is None:
            self._staying = WeakTensorKeyDictionary()
        if tensor not in self._staying:
            self._staying[tensor] = tensor.to(self.device)
        found: torch.Tensor = self._staying[tensor]
        return found
