"""What the home and the room say to each other: JSON, since the room may be anybody's by then.

Pickles, which run code where they are read, go into no direction. Whatever comes out of the room is
read as a stranger's request would be.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from methods._base import Text
from methods._saving.contract import FileFormat, WantedFormat

MOST_SAID = 2**16
"""Bytes of one message; a wish must fit into one packet."""

_Name = Annotated[str, Field(max_length=400)]
_Id = Annotated[str, Field(max_length=80, pattern=r"^[A-Za-z0-9_.]+$")]
_Side = Annotated[int, Field(ge=1, le=2**31)]
_Place = Annotated[int, Field(ge=0, le=2**31)]
_Line = Annotated[str, Field(max_length=2000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Said(_Strict):
    """A `Text`, or a `UserError`'s sentence: its id, and what stands in it."""

    id: _Id
    values: dict[_Id, Said | _Name | int | float] = Field(default={}, max_length=12)

    @staticmethod
    def of(sentence_id: str, values: Mapping[str, object]) -> Said:
        """It, to be sent."""
        plain = {
            name: Said.of(value.id, value.values) if isinstance(value, Text) else value
            for name, value in values.items()
        }
        return Said.model_validate({"id": sentence_id, "values": plain})

    def filled(self) -> dict[str, str | int | float | Text]:
        """What stands in it."""
        return {
            name: value.text() if isinstance(value, Said) else value
            for name, value in self.values.items()
        }

    def text(self) -> Text:
        """It, as it was."""
        return Text(self.id, **self.filled())


class Bounds(_Strict):
    """What one file may take. memory: bytes beside what the room itself has. seconds: of
    processors, all together. patience: seconds by the clock. pixels: bytes of what comes back."""

    memory: int
    seconds: int
    patience: float
    pixels: int


class Saving(_Strict):
    """What has become of a photo, to be saved: a `Patch`, a `MadeBy` and a `SavingWish`. The file
    ends after so many bytes; behind it the patch's pixels lie, its alpha where there is one, its
    mask. size: (H, W) of the photo; place: (top, left, height, width) of the patch in it."""

    bytes: Annotated[int, Field(ge=1)]
    size: tuple[_Side, _Side]
    place: tuple[_Place, _Place, _Side, _Side]
    alpha: bool
    program: _Line
    steps: Annotated[tuple[_Line, ...], Field(max_length=200)]
    format: WantedFormat
    keep_location: bool


class Wish(_Strict):
    """To the room: decode the first file that comes along into the second, and tell the third.

    size: of the photo that a mask is for, (H, W); None = it is a photo. saving: the photo is not to
    be shown, but saved. megapixels, megabytes: see `Limits`.
    """

    name: _Name
    megapixels: float
    megabytes: float
    bounds: Bounds
    size: tuple[_Side, _Side] | None = None
    saving: Saving | None = None


class Up(_Strict):
    """From the room: it can be asked. network, files, processes: whether these are out of reach of
    what decodes: connections, files by their names, further processes."""

    network: bool
    files: bool
    processes: bool


class ToldPhoto(_Strict):
    """A photo. size: (H, W); its pixels come first, alpha behind them."""

    kind: Literal["photo"] = "photo"
    size: tuple[_Side, _Side]
    alpha: bool
    format: _Id
    notes: Annotated[tuple[Said, ...], Field(max_length=12)]


class ToldMask(_Strict):
    """A mask. size: (H, W) of each reading; said: what each erases; they lie one behind another."""

    kind: Literal["mask"] = "mask"
    size: tuple[_Side, _Side]
    said: Annotated[tuple[Said, ...], Field(min_length=1, max_length=12)]
    notes: Annotated[tuple[Said, ...], Field(max_length=24)]


class ToldSaved(_Strict):
    """A `SavedFile`; its bytes are what comes back."""

    kind: Literal["saved"] = "saved"
    format: FileFormat
    samples_changed_outside: Annotated[int, Field(ge=0)]
    coefficients_changed_outside: Annotated[int, Field(ge=0)] | None
    removed: Annotated[tuple[_Id, ...], Field(max_length=24)]
    holds: Annotated[tuple[_Id, ...], Field(max_length=24)]
    notes: Annotated[tuple[Said, ...], Field(max_length=24)]


class ToldError(_Strict):
    """It is none that can be used: a `BadInput`."""

    kind: Literal["error"] = "error"
    said: Said


class ToldBug(_Strict):
    """Something that should not have happened, for the log."""

    kind: Literal["bug"] = "bug"
    trace: Annotated[str, Field(max_length=8000)]


class Told(_Strict):
    """What the process that decodes says last."""

    it: Annotated[
        ToldPhoto | ToldMask | ToldSaved | ToldError | ToldBug, Field(discriminator="kind")
    ]


class Ended(_Strict):
    """What the room's keeper says of that process. code: as in `Popen.returncode`. late: it was
    ended, since its patience was at an end."""

    code: int
    late: bool


def sent(message: _Strict) -> bytes:
    """A message on one line."""
    return json.dumps(message.model_dump(), allow_nan=True).encode("ascii") + b"\n"
