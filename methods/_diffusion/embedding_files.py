"""Embeddings of prompts on the disk, so that a second start needs no text encoder.

<folder>/<key>.safetensors   tensors, and in the file's head the SHA-256 of their contents

The folder is ERASER_LAB_EMBEDDINGS, else `embeddings` among the weights. A key is a hash; the
text itself is not kept. A file appears whole or not at all, and one that does not hold what
its head says is deleted. The files used least recently go once there are too many of them.
Embeddings that were published (`_diffusion.published`) lie elsewhere, among the weights.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from methods._diffusion.published import published_file
from methods._system.files import write_atomic
from methods._weights.cache import cache_dir, size_of

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)

KEPT_BYTES = 512_000_000
"""Of all files together: about 120 prompts of FLUX, or 800 of SDXL."""

_DIGEST = "sha256"

_FORMER = {
    "methods._diffusion.prompts": "methods._diffusion_text",
    "methods._flux.prompts": "methods._flux_prompts",
    "methods.catdiffusion.weights": "methods._catdiffusion_models",
    "methods.flux2_klein.weights": "methods._klein_models",
    "methods.powerpaint.prompts": "methods._powerpaint_prompts",
    "methods.qwen_image_edit.prompts": "methods._qwen_edit_prompts",
    "methods.smarteraser.weights": "methods._smarteraser_models",
}
"""Where what encodes prompts stood when embeddings were first kept."""


def lasting_name(kind: type | Callable[..., object]) -> str:
    """Of a class or function that takes part in a key: it stays when the module is moved."""
    return f"{_FORMER.get(kind.__module__, kind.__module__)}.{kind.__qualname__}"


def folder() -> Path:
    """Where the files lie. May not exist yet."""
    chosen = os.environ.get("ERASER_LAB_EMBEDDINGS")
    return Path(chosen).expanduser().absolute() if chosen else cache_dir() / "embeddings"


def any_kept() -> bool:
    """Whether there are any."""
    return next(folder().glob("*.safetensors"), None) is not None


def is_kept(key: str) -> bool:
    """Whether this machine has made the embedding of a key itself."""
    return file_of(key).is_file()


def read(key: str) -> dict[str, torch.Tensor] | None:
    """The tensors kept under a key, on the CPU; None where there is no sound file of them.

    One of this machine's own goes before one that was published."""
    return _read_own(file_of(key)) or _read_published(key)


def _read_own(file: Path) -> dict[str, torch.Tensor] | None:
    if not file.is_file():
        return None
    try:
        tensors = _checked(file)
    except Exception as error:  # the library has no common base for "not such a file"
        logger.warning("the embedding %s is broken and made anew: %s", file.stem[:12], error)
        with suppress(OSError):
            file.unlink()
        return None
    with suppress(OSError):
        os.utime(file)  # used just now
    return tensors


def _read_published(key: str) -> dict[str, torch.Tensor] | None:
    """Its bytes are the pinned ones; whether they are an embedding is another question."""
    file = published_file(key)
    if file is None:
        return None
    try:
        return _checked(file)
    except Exception as error:  # as above
        logger.warning("the published embedding %s cannot be read: %s", key[:12], error)
        return None


def write(key: str, tensors: Mapping[str, torch.Tensor]) -> None:
    """Keep tensors under a key. A disk that takes nothing is no error: they are made again."""
    file = file_of(key)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, content(tensors))
        _clear_old(file.parent)
    except OSError as error:
        logger.warning("an embedding could not be kept: %s", error.strerror)


def content(tensors: Mapping[str, torch.Tensor]) -> bytes:
    """Of a file with these tensors; the same for the same ones."""
    from safetensors.torch import save

    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return save(whole, {_DIGEST: digest(whole)})


def digest(tensors: Mapping[str, torch.Tensor]) -> str:
    """Hex SHA-256 of names, kinds, shapes and contents."""
    import torch

    found = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        found.update(repr((name, str(tensor.dtype), tuple(tensor.shape))).encode())
        found.update(tensor.contiguous().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def file_of(key: str) -> Path:
    """Where this machine keeps, or would keep, the embedding of a key."""
    return folder() / f"{key}.safetensors"


def _checked(file: Path) -> dict[str, torch.Tensor]:
    from safetensors import safe_open

    with safe_open(file, "pt") as opened:
        said = (opened.metadata() or {}).get(_DIGEST)
        tensors = {name: opened.get_tensor(name).clone() for name in opened.keys()}  # noqa: SIM118
    if said != digest(tensors):
        raise ValueError("its SHA-256 differs")
    return tensors


def _clear_old(home: Path) -> None:
    """Delete what was used least recently, down to KEPT_BYTES."""
    ages = []
    for file in home.glob("*.safetensors"):
        with suppress(OSError):  # another process was faster
            ages.append((file.stat().st_mtime, file))
    left = sum(size_of(file) for _, file in ages)
    for _, file in sorted(ages):
        if left <= KEPT_BYTES:
            return
        left -= size_of(file)
        with suppress(OSError):
            file.unlink()
