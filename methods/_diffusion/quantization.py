"""Transformers with fewer bits a number: how they are read, and what they take in memory.

    int8   8 bits and a scale for each row (torchao): the same picture to the eye
    nf4    4 bits on a scale for each 64 numbers (bitsandbytes, an NVIDIA GPU): small differences

Only the linear layers inside the blocks are stored so, some 99 % of the numbers; what stands
before, between and after the blocks is small and sensitive. The files are the same: they are
converted while they are read, tensor by tensor, so that the whole network is never in memory
at full width.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from methods._base import Unavailable

if TYPE_CHECKING:
    import torch

Quantization: TypeAlias = Literal["none", "int8", "nf4"]

BLOCKS = ("transformer_blocks.", "single_transformer_blocks.")
"""Where a transformer keeps its repeated layers, in the names of its tensors."""

NF4_GROUP = 64
"""Numbers that share a scale."""

_NF4_LEVELS = 16  # float32 each, beside every layer


_PACKAGES = {
    "int8": ("torchao", lambda: find_spec("torchao")),
    "nf4": ("bitsandbytes", lambda: find_spec("bitsandbytes")),
}
_NF4_DEVICE = "cuda"


def check_quantization(quantization: Quantization) -> None:
    """Raise Unavailable where this machine lacks what it needs."""
    if quantization == "none":
        return
    package, found = _PACKAGES[quantization]
    if found() is None:
        raise Unavailable("quantization_package", quantization=quantization, packages=package)
    if quantization == "nf4" and not _has_cuda():
        raise Unavailable("quantization_device", quantization=quantization)


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


def reading_options(
    quantization: Quantization, folder: Path, dtype: torch.dtype
) -> dict[str, object]:
    """Arguments of `from_pretrained` for the transformer in a folder.

    Raises Unavailable where this machine lacks what it needs.
    """
    check_quantization(quantization)
    if quantization == "none":
        return {}
    outside = sorted(set(_outside(_tensor_names(folder))))
    if quantization == "int8":
        from diffusers import TorchAoConfig
        from torchao.quantization import Int8WeightOnlyConfig

        config = TorchAoConfig(Int8WeightOnlyConfig(version=2), modules_to_not_convert=outside)
        return {"quantization_config": config}
    from diffusers import BitsAndBytesConfig

    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=dtype,
        llm_int8_skip_modules=outside,
    )
    return {"quantization_config": config, "device_map": {"": _NF4_DEVICE}}


def _outside(names: Iterable[str]) -> Iterator[str]:
    """The network's children that are not blocks."""
    return (name.partition(".")[0] for name in names if not name.startswith(BLOCKS))


def _tensor_names(folder: Path) -> Iterator[str]:
    from safetensors import safe_open

    for file in folder.glob("*.safetensors"):
        with safe_open(file, "pt") as tensors:
            yield from tensors.keys()


# --- what it takes -------------------------------------------------------------------------


def stored_bytes(
    shapes: Iterable[tuple[str, Sequence[int]]], quantization: Quantization, itemsize: int
) -> int:
    """Bytes of a network in memory. shapes: names and shapes of its tensors; itemsize: bytes of a
    number that is stored as it is."""
    return sum(_bytes(name, shape, quantization, itemsize) for name, shape in shapes)


def _bytes(name: str, shape: Sequence[int], quantization: Quantization, itemsize: int) -> int:
    numbers = math.prod(shape)
    linear = len(shape) == 2 and name.endswith(".weight") and name.startswith(BLOCKS)
    if quantization == "none" or not linear:
        return numbers * itemsize
    if quantization == "int8":
        return numbers + 5 * shape[0]  # for each row a scale in float32 and a zero point
    return -(-numbers // 2) + 4 * -(-numbers // NF4_GROUP) + 4 * _NF4_LEVELS


def tensor_bytes(tensor: torch.Tensor) -> int:
    """Of a tensor as it is stored: the libraries show a quantised one in its old shape and kind,
    or keep its scales beside it."""
    if hasattr(tensor, "__tensor_flatten__"):  # torchao
        names, _ = tensor.__tensor_flatten__()
        return sum(tensor_bytes(getattr(tensor, name)) for name in names)
    own = int(tensor.numel() * tensor.element_size())
    state = getattr(tensor, "quant_state", None)  # bitsandbytes
    beside = () if state is None else (state.absmax, state.code)
    return own + sum(map(tensor_bytes, beside))
