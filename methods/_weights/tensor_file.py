"""Tensors out of weight files of several layouts; no code of a file is ever run.

torch.save and TorchScript write pickles, which can name any function to be called while they
are read. Here every name that is not needed for tensors becomes an empty stand-in, so that a
checkpoint full of a training library's objects is as harmless as a list of numbers.
"""

from __future__ import annotations

import io
import logging
import math
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, NamedTuple, TypeGuard, TypeVar

from methods._base import Unavailable, UserError
from methods._system.memory import is_out_of_memory

if TYPE_CHECKING:
    from torch import Tensor

_Found = TypeVar("_Found")

logger = logging.getLogger(__name__)

_MOST_BYTES = 8 * 1024**3  # of one member of an archive, unpacked
_CHECKPOINTS = (".ckpt", ".pt", ".pth")
_DTYPES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}


def read_tensors(
    path: Path, own_name: Callable[[str], str | None] = lambda name: name
) -> dict[str, Tensor]:
    """The file's tensors, on the CPU, in their own precision.

    path: safetensors; an archive of torch.save (any checkpoint) or of TorchScript, also inside
    a zip; or an older torch.save file, which torch reads with weights_only. Their names are
    those of the objects around them, joined by dots (`state_dict.model.1.weight`).
    own_name: the name that the caller uses for it; None = this tensor is not wanted.
    Raises Unavailable ("weights_unreadable"); memory errors pass through.
    """
    try:
        return _read(path, own_name)
    except UserError:
        raise
    except Exception as error:  # a damaged file makes the readers fail in a dozen ways
        if is_out_of_memory(error):
            raise
        logger.warning("%s cannot be read", path.name, exc_info=True)
        raise unreadable(path.name) from error


def unreadable(file: str) -> Unavailable:
    """The error for a file that does not hold the network which is expected there."""
    text = (
        f"The file {file} does not hold the network that is expected there. Fetch it again"
        " on its card or with `python -m methods fetch NAME --again`, or point to another file."
    )
    return Unavailable(text, "weights_unreadable", file=file)


def _read(path: Path, own_name: Callable[[str], str | None]) -> dict[str, Tensor]:
    if zipfile.is_zipfile(path):
        with path.open("rb") as file:
            return _from_archive(file, own_name)
    with path.open("rb") as file:
        head = file.read(9)
    if head[8:] == b"{":
        from safetensors.torch import load_file

        found = load_file(path)
    else:
        import torch

        found = torch.load(path, map_location="cpu", weights_only=True)
    named = _flat(found, _is_tensor)
    return {own: value for name, value in named if (own := own_name(name)) is not None}


# --- archives ------------------------------------------------------------------------------


class _Storage(NamedTuple):
    key: str
    dtype: str


class _Stored(NamedTuple):
    """A tensor that has not been read yet: a view of one of the archive's storages."""

    storage: _Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def _from_archive(
    file: IO[bytes], own_name: Callable[[str], str | None], inside: bool = False
) -> dict[str, Tensor]:
    with zipfile.ZipFile(file) as archive:
        root = min((n for n in archive.namelist() if n.endswith("data.pkl")), key=len, default="")
        if not root and not inside:
            (packed,) = (n for n in archive.namelist() if n.endswith(_CHECKPOINTS))
            return _from_archive(io.BytesIO(_member(archive, packed)), own_name, inside=True)
        content = _Reader(io.BytesIO(_member(archive, root))).load()
        folder = root.removesuffix("data.pkl") + "data/"
        return {
            own: _tensor(archive, folder, stored)
            for name, stored in _flat(content, _is_stored)
            if (own := own_name(name)) is not None
        }


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _MOST_BYTES:
        raise ValueError(f"{name} is too large")
    return archive.read(name)


def _tensor(archive: zipfile.ZipFile, folder: str, stored: _Stored) -> Tensor:
    """torch refuses a view that leaves its storage; one that repeats it could be of any size."""
    import torch

    dtype = getattr(torch, stored.storage.dtype)
    if math.prod(stored.size) == 0:
        return torch.empty(stored.size, dtype=dtype)
    raw = bytearray(_member(archive, folder + stored.storage.key))
    flat = torch.frombuffer(raw, dtype=dtype)
    if math.prod(stored.size) > len(flat):
        raise ValueError(f"a tensor of {math.prod(stored.size)} numbers out of {len(flat)}")
    return flat.as_strided(stored.size, stored.stride, stored.offset)


class _Anything:
    """Stands for an object of whatever class; keeps its attributes and ignores the rest."""

    state: Mapping[object, object] = MappingProxyType({})

    def __init__(self, *_args: object, **_kwargs: object) -> None: ...

    def __call__(self, *_args: object, **_kwargs: object) -> _Anything:
        return _Anything()

    def __setstate__(self, state: object) -> None:
        self.state = state if isinstance(state, dict) else {}

    def __setitem__(self, _key: object, _value: object) -> None: ...

    def append(self, _value: object) -> None: ...

    def extend(self, _values: object) -> None: ...


class _Reader(pickle.Unpickler):
    """Knows lists, dicts and tensors; everything else becomes `_Anything`."""

    def find_class(self, module: str, name: str) -> object:
        # New functions each time: a pickle may set attributes on what it is given here.
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, size, stride, *_rest: _Stored(
                _checked(storage), int(offset), tuple(map(int, size)), tuple(map(int, stride))
            )
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda tensor, *_rest: tensor
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        return _DTYPES[name] if module == "torch" and name in _DTYPES else _Anything

    def persistent_load(self, pid: Sequence[object]) -> _Storage | _Anything:
        kind, dtype, key, *_rest = pid
        if kind == "storage" and isinstance(dtype, str) and dtype in _DTYPES.values():
            return _Storage(str(key), dtype)
        return _Anything()


def _checked(storage: object) -> _Storage:
    if not isinstance(storage, _Storage):
        raise ValueError("a tensor of a kind that is not known here")
    return storage


def _is_tensor(value: object) -> TypeGuard[Tensor]:
    return hasattr(value, "numel")


def _is_stored(value: object) -> TypeGuard[_Stored]:
    return isinstance(value, _Stored)


def _flat(
    content: object, is_tensor: Callable[[object], TypeGuard[_Found]]
) -> Iterator[tuple[str, _Found]]:
    """Dotted name and tensor, for all that lies below `content`; every object once."""
    waiting: list[tuple[str, object]] = [("", content)]
    seen: set[int] = set()
    while waiting:
        name, value = waiting.pop()
        if is_tensor(value):
            yield name, value
            continue
        inner = value.state if isinstance(value, _Anything) else value
        if isinstance(inner, dict) and id(inner) not in seen:
            seen.add(id(inner))
            waiting += [(f"{name}.{key}".lstrip("."), below) for key, below in inner.items()]
