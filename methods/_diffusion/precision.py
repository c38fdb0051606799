"""In which kind of numbers a network is loaded, as a fact that needs no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Precision:
    """What facts about files hang on: `str` and `itemsize` are those of the torch.dtype."""

    name: str
    itemsize: int

    def __str__(self) -> str:
        return f"torch.{self.name}"


FULL = Precision("float32", 4)

Numbers: TypeAlias = "torch.dtype | Precision"
"""For those who only ask about files; who loads them needs the former."""
