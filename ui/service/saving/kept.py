"""Files that were made of a result to be kept, with what is to be said of each.

runs/<id>/saved-<n>-<format>.<ending>          without places and serial numbers of devices
          saved-<n>-<format>-place.<ending>    with them
          ….json                               what is known of the file: `Facts`
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from methods import PROGRAM, FileFormat, SavedFile, SavingWish, write_atomic
from ui.common.files import own_file, write_json

ENDINGS: dict[FileFormat, str] = {
    "png": "png",
    "tiff": "tif",
    "jpeg": "jpg",
    "webp": "webp",
    "avif": "avif",
}


class Facts(BaseModel):
    """What is known of a file. program: whose version made it. size: bytes. holds: kinds of
    metadata that are in it; the rest as in `SavedFile`. notes: by language."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    program: str
    format: FileFormat
    size: int
    sha256: str
    samples_changed_outside: int
    coefficients_changed_outside: int | None
    holds: tuple[str, ...]
    removed: tuple[str, ...]
    notes: tuple[dict[str, str], ...]

    def plain(self) -> dict[str, JsonValue]:
        """For JSON."""
        return dict(self.model_dump(mode="json"))


def stem_of(index: int, wish: SavingWish) -> str:
    """The name of a result's file for a wish, without its ending."""
    return f"saved-{index}-{wish.format}{'-place' if wish.keep_location else ''}"


def found(folder: Path, stem: str) -> tuple[Path, Facts] | None:
    """What an earlier call has kept; None where it is not there, or of another program."""
    try:
        facts = Facts.model_validate_json((folder / f"{stem}.json").read_bytes())
    except (OSError, ValidationError):
        return None
    path = own_file(folder / f"{stem}.{ENDINGS[facts.format]}")
    return (path, facts) if path is not None and facts.program == PROGRAM else None


def keep(folder: Path, stem: str, saved: SavedFile, facts: Facts) -> Path:
    """The file first: facts without it are none."""
    path = folder / f"{stem}.{ENDINGS[saved.format]}"
    write_atomic(path, saved.data)
    write_json(folder / f"{stem}.json", facts.plain())
    return path
