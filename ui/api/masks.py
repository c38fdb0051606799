"""Masks that programs give: how each was read, and how else it may be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from methods import Limits, ReadMask, Text
from segmentation import mask_of_runs, read_mask_file
from ui.api.answers import Note, NumberedReading, OfMask
from ui.api.pictures import Picture
from ui.api.requests import ApiSegment, FileArgument


@dataclass(frozen=True, slots=True, eq=False)
class GivenMask:
    """found: as the file was read. number: of the reading that is taken, from 1. read: with it."""

    found: ReadMask
    number: int
    read: ReadMask

    def told(self) -> OfMask:
        """What an answer says of it."""
        several = len(self.found.readings) > 1
        return {
            "mask_notes": [note_shown(note) for note in self.read.notes],
            "mask_reading": self.number,
            "mask_readings": list(_readings(self.found)) if several else [],
        }


NO_MASK: OfMask = {"mask_notes": [], "mask_reading": None, "mask_readings": []}
"""What an answer says where no mask was given."""


def given_mask(
    asked: ApiSegment,
    size: tuple[int, int],
    limits: Limits,
    picture: Callable[[FileArgument], Picture],
) -> GivenMask | None:
    """The mask of a request for a photo of size (H, W), in the reading that it asks for; None
    where it has none.

    picture: finds what an argument stands for. Raises UserError.
    """
    if asked.runs is not None:
        return _taken(mask_of_runs(asked.runs, size, limits=limits), "RLE", asked.mask_reading)
    if asked.mask is None:
        return None
    given = picture(asked.mask)
    found = read_mask_file(given.source, size, name=given.name, limits=limits)
    return _taken(found, given.name, asked.mask_reading)


def _taken(found: ReadMask, name: str, wanted: int | None) -> GivenMask:
    number = wanted or 1
    return GivenMask(found, number, found.taking(number, name))


def _readings(found: ReadMask) -> Iterator[NumberedReading]:
    for number, each in enumerate(found.readings, 1):
        yield {**note_shown(each.said), "number": number, "area": float(each.mask.mean())}


def note_shown(note: Text) -> Note:
    """A note in words and for programs."""
    details = {
        name: str(value) if isinstance(value, Text) else value
        for name, value in note.values.items()
    }
    code = note.id.removeprefix("note.")
    return {"code": code, "text": note.en, "details": details, "said": note.plain()}
