"""Components of diffusion models (UNet, VAE, text encoders …), loaded once and shared.

A `Part` says which component of which repository; `store.take` loads it or hands out the one
that is loaded; when its last user has given it back, it is dropped. Whoever patches a shared
component restores it before anybody else runs (see `_diffusion.patching`).
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from methods._base import UserError
from methods._diffusion.embedding_files import lasting_name
from methods._diffusion.precision import Numbers
from methods._diffusion.quantization import Quantization, stored_bytes
from methods._diffusion.readers import (
    Component,
    Reader,
    files_of,
    is_network,
    quiet,
    standard_reader,
    unreadable,
)
from methods._system.memory import is_out_of_memory
from methods._weights.cache import known_sha256
from methods._weights.repository import Repository
from methods._weights.sources.local import local_file
from methods._weights.sources.record import expected_digest

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """One component. folder: its sub-folder in the repository ("unet", "vae", "" = the top).

    read: a module-level function for files that are not laid out as diffusers and
    transformers lay them out; None = by the kind that the sub-folder's name says.
    quantization: of a transformer's layers, while it is read.
    """

    repository: Repository
    folder: str
    read: Reader | None = None
    quantization: Quantization = "none"

    def path(self) -> Path:
        """Its folder on this machine. Raises WeightsUnavailable."""
        return self.repository.folder(self.folder)


@dataclass(slots=True)
class _Shared:
    component: Component
    users: int = 0


class ComponentStore:
    """Components in use, each loaded once for all who ask for the same files and precision.

    loads: how many have been read from disk so far.
    """

    def __init__(self) -> None:
        self._shared: dict[str, _Shared] = {}
        self._guard = threading.RLock()
        self.loads = 0

    def after_fork(self) -> None:
        """What the original process has loaded lies on its device; see `_system.forked`."""
        self._shared.clear()

    def take(self, part: Part, dtype: torch.dtype) -> Component:
        """The component; give it back with the same arguments.

        Raises WeightsUnavailable, or Unavailable ("weights_unreadable") for a file that is
        not what it should be. Memory errors pass through.
        """
        key = identity(part, dtype)
        with self._guard:
            if key not in self._shared:
                self._shared[key] = _Shared(_read(part, dtype))
                self.loads += 1
            self._shared[key].users += 1
            return self._shared[key].component

    def give_back(self, component: object) -> None:
        """One user less; the last one's leaving drops it. Unknown components are ignored."""
        with self._guard:
            for key, shared in list(self._shared.items()):
                if shared.component is component:
                    shared.users -= 1
                    if shared.users <= 0:
                        del self._shared[key]
                        forget_cached(component)
                    return

    @contextmanager
    def borrow(self, part: Part, dtype: torch.dtype) -> Iterator[Component]:
        """The component for the block only."""
        component = self.take(part, dtype)
        try:
            yield component
        finally:
            self.give_back(component)

    def users(self, component: object) -> int:
        """How many have taken it and not given it back."""
        with self._guard:
            found = (s.users for s in self._shared.values() if s.component is component)
            return next(found, 0)


def forget_cached(component: object) -> None:
    """Empty what the libraries' classes remember of a network's calls.

    Some of its layers keep tensors of their last calls (places of pixels, angles) in caches of
    their class, on the device where they were made, when the network itself is long gone.
    """
    import torch

    if not isinstance(component, torch.nn.Module):
        return
    for kind in {type(part) for part in component.modules()}:
        for method in vars(kind).values():
            for cache in _caches_of(method):
                cache.cache_clear()


class _Cache(Protocol):
    def cache_clear(self) -> None: ...


def _caches_of(method: object) -> Iterator[_Cache]:
    """The `lru_cache` that a method is, or that stands behind it in its decorator."""
    plain = getattr(method, "__func__", method)  # of a static method
    cells = getattr(plain, "__closure__", None) or ()
    for found in (plain, *(cell.cell_contents for cell in cells)):
        if callable(getattr(found, "cache_clear", None)):
            yield found


store = ComponentStore()
"""The one that the program uses."""


def identity(part: Part, dtype: Numbers) -> str:
    """Equal for parts that load to the same component, wherever their files lie.

    By content: several repositories carry the same VAE or tokenizer, byte for byte, and a
    folder of the user's own can be filled anew. Raises WeightsUnavailable.
    """
    path = part.path()
    files = (
        files_of(path, dtype) if part.read is None else sorted(filter(Path.is_file, path.iterdir()))
    )
    marks = [(file.name.replace(".fp16", ""), _mark(file)) for file in files]
    return _hash(part, dtype, marks)


def lasting_identity(part: Part, dtype: Numbers) -> str:
    """As `identity`, and the same before, while and after the files are on this machine.

    By the pins of the files, or the digests of their first downloads; files of the user's own
    have none and must be there. Raises WeightsUnavailable where they were never here.
    """
    weights = part.repository.weights(part.folder)
    if any(local_file(weight) for weight in weights):
        return identity(part, dtype)
    digests = [expected_digest(weight) for weight in weights]
    if None in digests:
        part.path()  # which takes down the digests of what is here, or says what is not
        digests = [expected_digest(weight) for weight in weights]
    names = [weight.name.rpartition("/")[2] for weight in weights]
    return _hash(part, dtype, list(zip(names, digests, strict=True)))


def _hash(part: Part, dtype: Numbers, marks: Sequence[tuple[str, str | None]]) -> str:
    """Stable from one process to the next."""
    kind = part.folder.rpartition("/")[2].replace("tokenizer_2", "tokenizer")
    if part.read is not None:
        kind = lasting_name(part.read)
    if part.quantization != "none":
        kind = f"{kind} {part.quantization}"
    return hashlib.sha256(repr((kind, str(dtype), list(marks))).encode()).hexdigest()


def part_bytes(part: Part, dtype: Numbers) -> int:
    """What the component will take in memory, from the heads of its files alone."""
    files = [file for file in files_of(part.path(), dtype) if is_network(file)]
    return sum(_bytes_in_memory(file, part.quantization, dtype.itemsize) for file in files)


def _mark(file: Path) -> str:
    """A file's digest; a configuration counts without its remarks on who wrote it."""
    if file.name != "config.json":
        return known_sha256(file)
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
        facts = {key: value for key, value in config.items() if not key.startswith("_")}
    except (ValueError, AttributeError):  # said better by whoever reads it
        return known_sha256(file)
    return json.dumps(facts, sort_keys=True)


def _bytes_in_memory(file: Path, quantization: Quantization, itemsize: int) -> int:
    """What the tensors in a safetensors file will take; other files as they are."""
    if file.suffix != ".safetensors":
        return file.stat().st_size
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, "pt") as tensors:
            names = list(tensors.keys())
            shapes = [(name, tensors.get_slice(name).get_shape()) for name in names]
    except SafetensorError:  # said better by whoever reads it
        return file.stat().st_size
    return stored_bytes(shapes, quantization, itemsize)


def _read(part: Part, dtype: torch.dtype) -> Component:
    """On the CPU, in evaluation mode, without gradients."""
    path = part.path()
    try:
        with quiet():
            reader = part.read or standard_reader(part.folder, part.quantization)
            component = reader(path, dtype)
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
