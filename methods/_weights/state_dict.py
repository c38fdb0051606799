"""Reading the tensors of a checkpoint's file, whoever wrote it, without running what it says."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def read_tensors(file: Path) -> dict[str, torch.Tensor]:
    """The tensors by name, on the CPU. Those of a training run's checkpoint lie one level down.

    file: safetensors, or a torch file, which is read with weights_only: a pickle that holds
    more than numbers is refused. The tensors may still lie on the disk (memory-mapped): copy
    what is to be kept. Raises whatever the libraries raise for other files.
    """
    import torch

    if file.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(file)
    # The format from before 2020 cannot be mapped.
    found = torch.load(file, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(file))
    tensors = found.get("state_dict", found)
    return {name: value for name, value in tensors.items() if isinstance(value, torch.Tensor)}
