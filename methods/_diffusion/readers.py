"""Reading components of diffusion models from folders as diffusers and transformers lay them out.

safetensors are preferred; torch files are read with weights_only, as both libraries do. What
lacks parts of its network is refused: the libraries would fill them with noise.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from methods._base import Unavailable
from methods._diffusion.precision import Numbers
from methods._diffusion.quantization import Quantization, reading_options

if TYPE_CHECKING:
    import torch
    from diffusers import ModelMixin, SchedulerMixin
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, ProcessorMixin

logger = logging.getLogger(__name__)

Component: TypeAlias = "torch.nn.Module | PreTrainedTokenizerBase | ProcessorMixin | SchedulerMixin"
"""What a pipeline is made of, and what an eraser has beside it: a network, a tokenizer or another
processor, a scheduler. Readers of an eraser's own may give a class of ours, such as `Additions`."""

Reader: TypeAlias = "Callable[[Path, torch.dtype], Component]"
"""Reads a component from its folder, on the CPU, in the given precision, ready to run."""

_Base = TypeVar("_Base")
_Model = TypeVar("_Model", bound="ModelMixin | PreTrainedModel")

_HARMLESS = ("position_ids",)
"""Buffers that old text encoders kept in their files and new ones compute."""

_NETWORKS = (".safetensors", ".bin")  # as the two libraries name them


def is_network(file: Path) -> bool:
    """Whether a file holds numbers of a network, by its ending."""
    return file.suffix in (*_NETWORKS, ".pth", ".pt", ".ckpt")


def files_of(path: Path, dtype: Numbers) -> list[Path]:
    """The files of a folder that loading in this precision reads, by name."""
    files = sorted(file for file in path.iterdir() if file.is_file())
    networks = [file for file in files if is_network(file)]
    half, kind = _variant(path, dtype), ".safetensors"
    best = [file for file in networks if file.suffix == kind] or networks
    chosen = [file for file in best if (".fp16." in file.name) == (half is not None)]
    texts = [file for file in files if file.suffix in (".json", ".txt", ".model")]
    return sorted([*chosen, *texts])


def unreadable(name: str) -> Unavailable:
    """The error for files that do not hold the component which they should."""
    return Unavailable("weights_unreadable.folder", file=name)


@contextmanager
def quiet() -> Iterator[None]:
    """Without the libraries' progress bars (the page has its own) and words of caution, such
    as one at each run on a VAE that is widened to float32 as it should be."""
    from diffusers.utils import logging as diffusers_words
    from transformers.utils import logging as words

    shown, spoken = words.is_progress_bar_enabled(), diffusers_words.get_verbosity()
    words.disable_progress_bar()
    diffusers_words.set_verbosity_error()
    try:
        yield
    finally:
        diffusers_words.set_verbosity(spoken)
        if shown:
            words.enable_progress_bar()


def standard_reader(folder: str, quantization: Quantization = "none") -> Reader:
    """By the sub-folder's name, which diffusers fixes for each kind of component."""
    kind = folder.rpartition("/")[2]
    if kind in ("tokenizer", "tokenizer_2"):
        return lambda path, dtype: read_tokenizer(path)
    if kind == "scheduler":
        return lambda path, dtype: read_scheduler(path)
    return lambda path, dtype: read_model(_model_class(kind, path), path, dtype, quantization)


def _model_class(kind: str, path: Path) -> type[ModelMixin | PreTrainedModel]:
    """The class that the folder's configuration names, where several do the same work: the
    library's own of that name, and nothing else. The classes of Stable Diffusion otherwise."""
    import diffusers
    import transformers

    usual = {
        "unet": diffusers.UNet2DConditionModel,
        "vae": diffusers.AutoencoderKL,
        "text_encoder": transformers.CLIPTextModel,
        "text_encoder_2": transformers.CLIPTextModelWithProjection,
        "image_encoder": transformers.CLIPVisionModelWithProjection,
    }
    config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    if kind in ("transformer", "vae"):
        named = _class_of(diffusers, config.get("_class_name"), diffusers.ModelMixin)
    else:
        name = (config.get("architectures") or [None])[0]
        named = _class_of(transformers, name, transformers.PreTrainedModel)
    if kind in usual and (named is None or kind == "unet" or "CLIP" in str(named)):
        return usual[kind]
    if named is None:
        raise unreadable(path.name)
    return named


def _class_of(library: ModuleType, name: object, base: type[_Base]) -> type[_Base] | None:
    """The library's own class of that name, where it is one of this base."""
    named = getattr(library, str(name), None)
    return named if isinstance(named, type) and issubclass(named, base) else None


def read_tokenizer(path: Path) -> PreTrainedTokenizerBase:
    """CLIP's tokenizer, or the one that the folder's configuration names."""
    import transformers

    file = path / "tokenizer_config.json"
    config = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    is_clip = str(config.get("tokenizer_class", "CLIP")).startswith("CLIP")
    kind = transformers.CLIPTokenizer if is_clip else transformers.AutoTokenizer
    return kind.from_pretrained(path, local_files_only=True)


def read_model(
    model: type[_Model], path: Path, dtype: torch.dtype, quantization: Quantization = "none"
) -> _Model:
    """`model.from_pretrained` on a folder, refusing files that leave weights at random.

    safetensors are preferred; torch files are read with weights_only, as both libraries do.
    quantization: of a transformer. Raises Unavailable where this machine lacks what it needs.
    """
    half = _variant(path, dtype)
    safe = any(path.glob("*.safetensors"))
    found, report = model.from_pretrained(
        path,
        torch_dtype=dtype,
        variant=half,
        use_safetensors=safe,
        local_files_only=True,
        output_loading_info=True,
        **reading_options(quantization, path, dtype),
    )
    check_complete(path.name, report["missing_keys"], report.get("mismatched_keys", ()))
    return found


def check_complete(name: str, missing: Iterable[str], mismatched: Collection[object] = ()) -> None:
    """Raise Unavailable where a file lacks parts of the network: they would be noise."""
    lacking = [key for key in missing if not key.endswith(_HARMLESS)]
    if lacking or mismatched:
        logger.warning("%s lacks %s, differs in %s", name, lacking[:5], list(mismatched)[:5])
        raise unreadable(name)


def _variant(path: Path, dtype: Numbers) -> str | None:
    """ "fp16" where the folder has such files and they are wanted or the only ones."""
    names = [file.name for file in path.iterdir() if file.suffix in _NETWORKS]
    half = [name for name in names if ".fp16." in name]
    wanted = str(dtype) in ("torch.float16", "torch.bfloat16") or len(half) == len(names)
    return "fp16" if half and wanted else None


def read_scheduler(path: Path, **changes: object) -> SchedulerMixin:
    """The scheduler that a folder's configuration names.

    changes: of its configuration; `_class_name` makes it another scheduler.
    """
    import diffusers

    config = json.loads((path / "scheduler_config.json").read_text(encoding="utf-8")) | changes
    kind = _class_of(diffusers, config.get("_class_name"), diffusers.SchedulerMixin)
    if kind is None:
        raise unreadable(path.name)
    return kind.from_config(config)
