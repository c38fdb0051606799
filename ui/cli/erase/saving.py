"""Results as files like the photo: its own samples and format, and what it says beside them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from methods import (
    Change,
    Finished,
    Limits,
    Mask,
    PlainText,
    SavingWish,
    UserError,
    get_eraser,
    png_bytes,
    save_result,
)
from ui.cli.erase.files import write
from ui.cli.output import complain

if TYPE_CHECKING:
    from ui.stores.continuing import Continued


class Saved(TypedDict):
    """What the report says of a file; see `methods.SavedFile`."""

    format: str
    samples_changed_outside: int
    coefficients_changed_outside: int | None
    removed: list[str]
    notes: list[PlainText]


@dataclass(frozen=True, slots=True, eq=False)
class Saver:
    """original: the bytes of the photo that was opened in the beginning. name: what it is called.
    before: the erases since, each in a line. reached: what lay under their masks; None = nothing.
    """

    original: bytes
    name: str
    wish: SavingWish
    before: tuple[str, ...]
    reached: Mask | None

    def write(self, file: Path, event: Finished, eraser: str, mask: Mask) -> tuple[Path, Saved]:
        """The file, which has another ending where its photo needs another format, and what is to
        be said of it. Where the photo's own samples cannot be had, PNG has the erasers'."""
        from ui.service.saving.kept import ENDINGS
        from ui.service.saving.make import made_in, saving_limits, step_line

        line = step_line(get_eraser(eraser).spec.name, event.settings, event.seed)
        all_masks = mask if self.reached is None else mask | self.reached
        try:
            saved = save_result(
                self.original,
                Change(event.image, event.alpha, all_masks),
                made_in((*self.before, line)),
                self.wish,
                name=self.name,
                limits=saving_limits(Limits.from_environment()),
            )
        except UserError as error:
            complain(str(error))
            write(file.with_suffix(".png"), png_bytes(event.image, event.alpha))
            return file.with_suffix(".png"), _as_erased(event)
        path = file.with_suffix(f".{ENDINGS[saved.format]}")
        write(path, saved.data)
        return path, {
            "format": saved.format,
            "samples_changed_outside": saved.samples_changed_outside,
            "coefficients_changed_outside": saved.coefficients_changed_outside,
            "removed": list(saved.removed),
            "notes": [note.plain() for note in saved.notes],
        }


def _as_erased(event: Finished) -> Saved:
    """Of the erasers' own pixels, as they were counted when the job ended."""
    return {
        "format": "png",
        "samples_changed_outside": event.changed_outside,
        "coefficients_changed_outside": None,
        "removed": [],
        "notes": [],
    }


def saver_for(args: argparse.Namespace, found: Continued | None) -> Saver:
    """What --format and --no-location ask for. Raises UserError."""
    wish = SavingWish(args.format, keep_location=not args.no_location)
    if found is None:  # the photo has been read before, within its bounds
        return Saver(args.photo.read_bytes(), args.photo.name, wish, (), None)
    from ui.service.saving.make import made_by

    first, name = found.first.read_bytes(), found.chain.first.name
    return Saver(first, name, wish, made_by(found).steps, found.reached())


def possible_files(files: Sequence[Path]) -> list[Path]:
    """All that results may come to be called, whatever their format."""
    from ui.service.saving.kept import ENDINGS

    return [file.with_suffix(f".{ending}") for file in files for ending in ENDINGS.values()]
