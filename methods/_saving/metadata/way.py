"""The way metadata goes from one file into another."""

from __future__ import annotations

from dataclasses import dataclass

from methods._saving.contract import FileFormat, MadeBy


@dataclass(frozen=True, slots=True)
class Way:
    """made_by: who changed the photo. target: the file's format. location: also places and serial
    numbers. size: (width, height) of the pixels as they are written. orientation: EXIF's 1 … 8,
    what they are to be turned by when they are looked at."""

    made_by: MadeBy
    target: FileFormat
    location: bool
    size: tuple[int, int]
    orientation: int = 1
