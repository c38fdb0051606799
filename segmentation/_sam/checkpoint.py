"""Reading torch files of weights without trusting them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from methods import WeightsUnavailable

if TYPE_CHECKING:
    import torch


def read_checkpoint(path: Path, network: str) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint; never runs code from it. Raises WeightsUnavailable.

    network: whose weights they should be, for the sentence.
    """
    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # a damaged file makes the reader fail in a dozen ways
        raise unreadable(path.name, network) from error
    if not isinstance(state, dict) or not all(map(torch.is_tensor, state.values())):
        raise unreadable(path.name, network)
    return {str(name): tensor for name, tensor in state.items()}


def unreadable(file: str, network: str) -> WeightsUnavailable:
    """The file is damaged, or holds something else."""
    return WeightsUnavailable(
        f"{file} does not hold the weights of {network}. Fetch it again with"
        " `python -m methods fetch NAME --again`.",
        "weights_unreadable",
        name=file,
    )
