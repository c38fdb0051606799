"""What a photo was before: the erases by which it came of another one.

A result that somebody goes on with is a photo like any other, with two more files beside it, in its
own folder and in those of its runs, so that nothing of it ends with the runs before:

    first          the photo that was opened in the beginning, as it was uploaded
    reached.png    the union of the masks of all steps: beyond it, all pixels are the first photo's
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from methods import Limits
from ui.common.files import link_or_copy, own_file
from ui.common.names import ID_PATTERN

if TYPE_CHECKING:
    from ui.common.grid import PublicStep

MOST_STEPS = 50
"""Of a photo. Its results have one more, and are as far as it goes."""

FIRST = "first"
REACHED = "reached.png"

BYTES_A_PIXEL = 4.2
"""Of a lossless result at most: four samples a pixel, and what packing noise adds."""

_Id = Annotated[str, Field(pattern=ID_PATTERN)]
_Side = Annotated[int, Field(ge=1, le=2**31)]


class _Kept(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class FirstPhoto(_Kept):
    """A `PhotoRecord` in plain values, without its notes."""

    id: _Id
    name: Annotated[str, Field(max_length=1000)]
    format: Annotated[str, Field(max_length=40)]
    width: _Side
    height: _Side
    alpha: bool
    key: str
    sha256: str


class Step(_Kept):
    """One erase. run, index: the card with whose result was gone on; photo: what it was made of;
    the rest is the card's own."""

    photo: _Id
    run: _Id
    index: Annotated[int, Field(ge=0, lt=100)]
    eraser: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
    name: Annotated[str, Field(max_length=200)]
    seed: int
    settings: dict[str, JsonValue] = {}

    def public(self) -> PublicStep:
        """The part that the page gets."""
        return {
            "photo": self.photo,
            "run": self.run,
            "index": self.index,
            "eraser": self.eraser,
            "name": self.name,
        }


class Chain(_Kept):
    """first: the photo that was opened. steps: from it to the photo that has this chain."""

    first: FirstPhoto
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=MOST_STEPS + 1, strict=False)]

    def plain(self) -> dict[str, JsonValue]:
        """For JSON."""
        return cast("dict[str, JsonValue]", self.model_dump(mode="json"))

    def public(self) -> list[PublicStep]:
        """The part that the page gets."""
        return [step.public() for step in self.steps]

    def line(self) -> str:
        """It in one line, for people: "dogs.jpg → LaMa → Telea"."""
        return " → ".join((self.first.name, *(step.name for step in self.steps)))


def own_limits(limits: Limits, chain: Chain | None) -> Limits:
    """As large as a file of the photo may be: one that comes of a result of ours is as large as it
    is, where its pixels are no more than are taken."""
    return limits if chain is None else limits.for_own(BYTES_A_PIXEL)


def carry(chain: Chain | None, source: Path, target: Path) -> None:
    """Bring what belongs to a chain from one folder into another, as second names of the same
    bytes. Raises FileNotFoundError where it is not there."""
    for name in () if chain is None else (FIRST, REACHED):
        if own_file(source / name) is None:
            raise FileNotFoundError(name)
        if not (target / name).exists():
            link_or_copy(source / name, target / name)


def runs_of(chain: Chain | None) -> Sequence[str]:
    """The ids of the runs that it has come by."""
    return () if chain is None else tuple(step.run for step in chain.steps)
