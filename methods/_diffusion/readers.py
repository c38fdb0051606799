"""Reading components of diffusion models from folders as diffusers and transformers lay them out.

safetensors are preferred; torch files are read with weights_only, as both libraries do. What
lacks parts of its network is refused: the libraries would fill them with noise.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from methods._base import Unavailable
from methods._diffusion.quantization import Quantization, reading_options

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)

Reader: TypeAlias = "Callable[[Path, torch.dtype], Any]"
"""Reads a component from its folder, on the CPU, in the given precision, ready to run."""

_HARMLESS = ("position_ids",)
"""Buffers that old text encoders kept in their files and new ones compute."""

_NETWORKS = (".safetensors", ".bin")  # as the two libraries name them


def is_network(file: Path) -> bool:
    """Whether a file holds numbers of a network, by its ending."""
    return file.suffix in (*_NETWORKS, ".pth", ".pt", ".ckpt")


def files_of(path: Path, dtype: torch.dtype) -> list[Path]:
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
    text = (
        f"The files of {name} do not hold the network that is expected there."
        " Delete them and fetch them again, or point to another folder."
    )
    return Unavailable(text, "weights_unreadable", file=name)


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


def _model_class(kind: str, path: Path) -> Any:
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
        named = getattr(diffusers, str(config.get("_class_name")), None)
        base: Any = diffusers.ModelMixin
    else:
        name = (config.get("architectures") or [None])[0]
        named, base = getattr(transformers, str(name), None), transformers.PreTrainedModel
    own = isinstance(named, type) and issubclass(named, base)
    if kind in usual and (not own or kind == "unet" or "CLIP" in str(named)):
        return usual[kind]
    if not own:
        raise unreadable(path.name)
    return named


def read_tokenizer(path: Path) -> Any:
    """CLIP's tokenizer, or the one that the folder's configuration names."""
    import transformers

    file = path / "tokenizer_config.json"
    config = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    is_clip = str(config.get("tokenizer_class", "CLIP")).startswith("CLIP")
    kind = transformers.CLIPTokenizer if is_clip else transformers.AutoTokenizer
    return kind.from_pretrained(path, local_files_only=True)


def read_model(
    model: Any, path: Path, dtype: torch.dtype, quantization: Quantization = "none"
) -> Any:
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


def check_complete(name: str, missing: Any, mismatched: Any = ()) -> None:
    """Raise Unavailable where a file lacks parts of the network: they would be noise."""
    lacking = [key for key in missing if not key.endswith(_HARMLESS)]
    if lacking or mismatched:
        logger.warning("%s lacks %s, differs in %s", name, lacking[:5], list(mismatched)[:5])
        raise unreadable(name)


def _variant(path: Path, dtype: torch.dtype) -> str | None:
    """ "fp16" where the folder has such files and they are wanted or the only ones."""
    names = [file.name for file in path.iterdir() if file.suffix in _NETWORKS]
    half = [name for name in names if ".fp16." in name]
    wanted = str(dtype) in ("torch.float16", "torch.bfloat16") or len(half) == len(names)
    return "fp16" if half and wanted else None


def read_scheduler(path: Path, **changes: Any) -> Any:
    """The scheduler that a folder's configuration names.

    changes: of its configuration; `_class_name` makes it another scheduler.
    """
    import diffusers

    config = json.loads((path / "scheduler_config.json").read_text(encoding="utf-8")) | changes
    kind: Any = getattr(diffusers, str(config.get("_class_name")), None)
    is_scheduler = isinstance(kind, type) and issubclass(kind, diffusers.SchedulerMixin)
    if not is_scheduler:
        raise unreadable(path.name)
    return kind.from_config(config)
