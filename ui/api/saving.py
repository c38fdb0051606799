"""Results as files like the photo, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from methods import JSON, PlainText, WantedFormat
from ui.common.files import link_or_copy
from ui.common.grid import Card, Grid
from ui.service.saving.downloads import Downloads
from ui.service.saving.kept import Facts


class SavedResult(TypedDict):
    """A file like the photo. file: as Gradio describes files; the rest as in `Facts`."""

    file: Mapping[str, JSON]
    format: str
    size: int
    samples_changed_outside: int
    coefficients_changed_outside: int | None
    holds: list[str]
    removed: list[str]
    notes: list[PlainText]


@dataclass(frozen=True, slots=True)
class ApiWish:
    """format: None = no further files."""

    format: WantedFormat | None = None
    keep_location: bool = False


def file_of(
    downloads: Downloads, grid: Grid, card: Card, wish: ApiWish, caller: str
) -> tuple[Path, Facts] | None:
    """The file of a card, where it has a result and one is wished for. Raises UserError."""
    if wish.format is None or "full" not in card:
        return None
    return downloads.get(
        grid["run"], card["index"], wish.format, caller, keep_location=wish.keep_location
    )


def handed_out(kept: tuple[Path, Facts], place: Path) -> Facts:
    """Bring a file to where Gradio hands files out; what is to be said of it."""
    link_or_copy(kept[0], place)
    return kept[1]


def described(file: Mapping[str, JSON], facts: Facts) -> SavedResult:
    """As the endpoint answers it."""
    return {
        "file": file,
        "format": facts.format,
        "size": facts.size,
        "samples_changed_outside": facts.samples_changed_outside,
        "coefficients_changed_outside": facts.coefficients_changed_outside,
        "holds": list(facts.holds),
        "removed": list(facts.removed),
        "notes": [dict(note) for note in facts.notes],
    }
