"""What is to be run: one shape for the page, the API, the command line, cases and tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, ClassVar, TypeAlias, TypedDict

from pydantic import ConfigDict, Field, TypeAdapter

MAX_SEED = 2**32 - 1
MAX_SETTINGS = 64
LARGEST_NUMBER = 2**53
"""What a number can be in JavaScript without losing its last digit."""

EraserId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
SettingName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
SettingValue: TypeAlias = (
    Annotated[bool, Field(strict=True)]
    | Annotated[int, Field(strict=True, ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
    | Annotated[float, Field(strict=True, allow_inf_nan=False)]
    | Annotated[str, Field(strict=True, max_length=4000)]
    | None
)
"""Plain values only: a dictionary in here would come back to Gradio in the grid's value, and
Gradio takes dictionaries of a certain shape for files to hand out."""


class PlainJob(TypedDict):
    """A `Job` as it stands in JSON."""

    eraser: str
    settings: dict[str, SettingValue]
    seed: int


@dataclass(frozen=True, slots=True)
class Job:
    """One eraser with its settings and seed (0 … 2**32-1).

    As a field of a pydantic model it is checked against all that stands here; made in Python, it
    is checked where it is run. settings: those that are not the eraser's defaults, at least; the
    eraser itself says whether it has them.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    eraser: EraserId
    settings: Annotated[Mapping[SettingName, SettingValue], Field(max_length=MAX_SETTINGS)] = field(
        default_factory=dict
    )
    seed: Annotated[int, Field(strict=True, ge=0, le=MAX_SEED)] = 0

    @classmethod
    def from_plain(cls, data: object) -> Job:
        """From untrusted plain values. Raises pydantic's ValidationError."""
        return _adapter().validate_python(data)

    def plain(self) -> PlainJob:
        """For JSON."""
        return {"eraser": self.eraser, "settings": dict(self.settings), "seed": self.seed}


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[Job]:
    return TypeAdapter(Job)
