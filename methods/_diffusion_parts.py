"""Components of diffusion models (UNet, VAE, text encoders …), loaded once and shared.

A `Part` says which component of which repository; `store.take` loads it or hands out the one
that is loaded; when its last user has given it back, it is dropped. Whoever patches a shared
component restores it before anybody else runs (see `_diffusion_attention`).
"""

from __future__ import annotations

import json
import logging
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from methods._base import Unavailable, UserError
from methods._memory import is_out_of_memory
from methods._weight_repository import Repository

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)

Reader: TypeAlias = "Callable[[Path, torch.dtype], Any]"
"""Reads a component from its folder, on the CPU, in the given precision, ready to run."""

_HARMLESS = ("position_ids",)
"""Buffers that old text encoders kept in their files and new ones compute."""


@dataclass(frozen=True, slots=True)
class Part:
    """One component. folder: its sub-folder in the repository ("unet", "vae", "" = the top).

    read: a module-level function for files that are not laid out as diffusers and
    transformers lay them out; None = by the kind that the sub-folder's name says.
    """

    repository: Repository
    folder: str
    read: Reader | None = None

    def path(self) -> Path:
        """Its folder on this machine. Raises WeightsUnavailable."""
        return self.repository.folder(self.folder)


@dataclass(slots=True)
class _Shared:
    component: Any
    users: int = 0


class ComponentStore:
    """Components in use, each loaded once for all who ask for the same files and precision.

    loads: how many have been read from disk so far.
    """

    def __init__(self) -> None:
        self._shared: dict[tuple[Any, ...], _Shared] = {}
        self._guard = threading.RLock()
        self.loads = 0

    def take(self, part: Part, dtype: torch.dtype) -> Any:
        """The component; give it back with the same arguments.

        Raises WeightsUnavailable, or Unavailable ("weights_unreadable") for a file that is
        not what it should be. Memory errors pass through.
        """
        key = _key(part, dtype)
        with self._guard:
            if key not in self._shared:
                self._shared[key] = _Shared(_read(part, dtype))
                self.loads += 1
            self._shared[key].users += 1
            return self._shared[key].component

    def give_back(self, component: Any) -> None:
        """One user less; the last one's leaving drops it. Unknown components are ignored."""
        with self._guard:
            for key, shared in list(self._shared.items()):
                if shared.component is component:
                    shared.users -= 1
                    if shared.users <= 0:
                        del self._shared[key]
                    return

    @contextmanager
    def borrow(self, part: Part, dtype: torch.dtype) -> Iterator[Any]:
        """The component for the block only."""
        component = self.take(part, dtype)
        try:
            yield component
        finally:
            self.give_back(component)

    def users(self, component: Any) -> int:
        """How many have taken it and not given it back."""
        with self._guard:
            found = (s.users for s in self._shared.values() if s.component is component)
            return next(found, 0)


store = ComponentStore()
"""The one that the program uses."""


def identity(part: Part) -> tuple[Any, ...]:
    """Changes when the files do: a folder of the user's own can be filled anew."""
    path = part.path()
    files = sorted(file for file in path.iterdir() if file.is_file())
    stats = ((file.name, file.stat()) for file in files)
    return (str(path.resolve()), *((n, s.st_size, s.st_mtime_ns) for n, s in stats))


def _key(part: Part, dtype: torch.dtype) -> tuple[Any, ...]:
    return identity(part), part.read, str(dtype)


def part_bytes(part: Part, dtype: torch.dtype) -> int:
    """What the component will take in memory, from the heads of its files alone."""
    path = part.path()
    variant = _variant(path, dtype)
    safe = sorted(path.glob("*.safetensors"))
    files = safe or sorted(path.glob("*.bin"))
    chosen = [file for file in files if (".fp16." in file.name) == (variant is not None)]
    return sum(_bytes_in_memory(file, dtype.itemsize) for file in chosen)


def _bytes_in_memory(file: Path, itemsize: int) -> int:
    """Numbers in a safetensors file times their size in memory; other files as they are."""
    if file.suffix != ".safetensors":
        return file.stat().st_size
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, "pt") as tensors:
            shapes = [tensors.get_slice(name).get_shape() for name in tensors.keys()]  # noqa: SIM118
    except SafetensorError:  # said better by whoever reads it
        return file.stat().st_size
    return sum(math.prod(shape) for shape in shapes) * itemsize


# --- reading -----------------------------------------------------------------------------


def _read(part: Part, dtype: torch.dtype) -> Any:
    """On the CPU, in evaluation mode, without gradients."""
    path = part.path()
    try:
        with _quiet():
            component = (part.read or _standard_reader(part.folder))(path, dtype)
    except (UserError, MemoryError):
        raise
    except Exception as error:  # the libraries have no common base for "not such a file"
        if is_out_of_memory(error):
            raise
        logger.warning("%s/%s cannot be read", part.repository.name, part.folder, exc_info=True)
        raise unreadable(f"{part.repository.name}/{part.folder}") from error
    if hasattr(component, "requires_grad_"):
        component.requires_grad_(False).eval()
    return component


def unreadable(name: str) -> Unavailable:
    """The error for files that do not hold the component which they should."""
    text = (
        f"The files of {name} do not hold the network that is expected there."
        " Delete them and fetch them again, or point to another folder."
    )
    return Unavailable(text, "weights_unreadable", file=name)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the libraries' own progress bars: the page shows the progress."""
    from transformers.utils import logging as words

    shown = words.is_progress_bar_enabled()
    words.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            words.enable_progress_bar()


def _standard_reader(folder: str) -> Reader:
    """By the sub-folder's name, which diffusers fixes for each kind of component."""
    import diffusers
    import transformers

    models = {
        "unet": diffusers.UNet2DConditionModel,
        "vae": diffusers.AutoencoderKL,
        "text_encoder": transformers.CLIPTextModel,
        "text_encoder_2": transformers.CLIPTextModelWithProjection,
        "image_encoder": transformers.CLIPVisionModelWithProjection,
    }
    kind = folder.rpartition("/")[2]
    if kind in ("tokenizer", "tokenizer_2"):
        return lambda path, dtype: transformers.CLIPTokenizer.from_pretrained(
            path, local_files_only=True
        )
    if kind == "scheduler":
        return lambda path, dtype: read_scheduler(path)
    model = models[kind]
    return lambda path, dtype: read_model(model, path, dtype)


def read_model(model: Any, path: Path, dtype: torch.dtype) -> Any:
    """`model.from_pretrained` on a folder, refusing files that leave weights at random.

    safetensors are preferred; torch files are read with weights_only, as both libraries do.
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
    names = [file.name for file in path.iterdir() if file.suffix in (".safetensors", ".bin")]
    half = [name for name in names if ".fp16." in name]
    wanted = str(dtype) in ("torch.float16", "torch.bfloat16") or len(half) == len(names)
    return "fp16" if half and wanted else None


def read_scheduler(path: Path, **changes: Any) -> Any:
    """The scheduler that a folder's configuration names. changes: of its configuration."""
    import diffusers

    config = json.loads((path / "scheduler_config.json").read_text(encoding="utf-8"))
    kind: Any = getattr(diffusers, str(config.get("_class_name")), None)
    is_scheduler = isinstance(kind, type) and issubclass(kind, diffusers.SchedulerMixin)
    if not is_scheduler:
        raise unreadable(path.name)
    return kind.from_config({**config, **changes})
