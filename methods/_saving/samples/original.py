"""A file's samples as they are stored, turned upright, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from methods._base import Text
from methods._photo.tiff_samples import COLOURS, Samples, Space

__all__ = ["COLOURS", "Original", "Samples", "Space"]

FIRST_PICTURE = Text("note.saving.first_picture")


@dataclass(frozen=True, slots=True, eq=False)
class Original:
    """What a file holds.

    samples: (H, W) or (H, W, C), upright, the colours first, then alpha. white: the value of full
    light, full ink or full cover. bits: of a sample in the file that was opened; those of 10 and 12
    bits stand in 16, their first bits repeated behind the last. source: as in `Header`. associated:
    colours are multiplied by alpha. inverted: grey with 0 = white. palette: (256, 4) uint8, RGBA;
    samples are then its places. icc: the file's profile,
    whatever it is worth. notes: what is said wherever this file is saved.
    """

    samples: Samples
    space: Space
    source: str
    white: float = 255
    bits: int = 8
    alpha: bool = False
    associated: bool = False
    inverted: bool = False
    palette: NDArray[np.uint8] | None = None
    icc: bytes | None = None
    wide: bool = False
    cicp: tuple[int, int] | None = None
    notes: tuple[Text, ...] = field(default=())

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        return self.samples.shape[0], self.samples.shape[1]

    @property
    def deep(self) -> bool:
        """Whether there are levels between those of 8 bits."""
        return self.bits > 8

    @property
    def has_clear_places(self) -> bool:
        """Whether its palette names transparent colours."""
        return self.palette is not None and bool(self.palette[:, 3].min() < 255)

    def with_note(self, *notes: Text) -> Original:
        """The same, with more to say."""
        return replace(self, notes=(*self.notes, *notes))


def in_sixteen(bits: int) -> Text:
    """What is said of numbers of so many bits that stand in 16."""
    return Text("note.saving.in_sixteen", bits=bits, more=16 - bits)


def in_planes(samples: Samples) -> Samples:
    """(H, W, C), also of one channel; a view."""
    return samples[..., None] if samples.ndim == 2 else samples


def expanded(original: Original) -> Original:
    """The same colours with a byte for each: without a palette, and without levels of one bit."""
    if original.palette is not None:
        alpha = original.has_clear_places
        table = original.palette[:, : 4 if alpha else 3]
        return replace(
            original, samples=table[original.samples], space="rgb", alpha=alpha, palette=None
        )
    if original.bits == 1:
        return replace(original, samples=original.samples * np.uint8(255), white=255, bits=8)
    return original
