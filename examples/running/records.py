"""What a table's run leaves in its folder, and how it is found again.

<out>/results/<case>/<cell>.png     a result, or its mask's box; lossless, written before its record
<out>/results/<case>/<cell>.json    its record: the key, figures, readings
<out>/remarks.json                  what people say, by case and cell; written by them and by us
<out>/table.html table.md table.json

A cell is one eraser with its settings on one case. Its key is `methods.fingerprint`: pixels,
mask, eraser, settings, seed and weights. A record with the same key and its picture beside it
is a finished cell, whatever killed the run that made it.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from examples.compose.recipes import replace_file
from methods import BadInput, PlainReading, PlainText, SettingValue

MOST_REMARK = 2000
"""Characters of one remark."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="ignore")


class ReadingRecord(_Record):
    """One number about a result, as `methods.Reading.plain` writes it."""

    id: str
    value: float
    remark: PlainText | None = None

    def plain(self) -> PlainReading:
        """For JSON."""
        return {"id": self.id, "value": self.value, "remark": self.remark}


class Cell(_Record):
    """One eraser on one case.

    id: the eraser's, with "--document" where it runs with the row's own settings. file:
    relative to the run's folder. box: of the photo's pixels, the part that the file holds; None
    = all of it (see `results`). axes: what of a sweep this cell is, by the name of a setting,
    "seed" or "dilate" (see `segmentation.Sweep`). result_notes: what the eraser says of it. judged:
    of what the readings were made, "" = not yet. given: how a result that was made elsewhere stands
    here; then it has no seconds, memory, seed and settings, and may be absent. code, text, details,
    said: of a failure; `said` by language. kept: taken over from an earlier run.
    """

    id: str
    eraser: str
    name: str
    state: Literal["done", "failed", "stopped", "absent"]
    key: str = ""
    file: str = ""
    box: tuple[int, int, int, int] | None = None
    load_seconds: float = 0.0
    erase_seconds: float = 0.0
    pieces: int = 1
    peak_memory: int = 0
    memory_kind: str = "ram"
    device: str = "cpu"
    seed: int = 0
    settings: dict[str, SettingValue] = {}
    changed_settings: dict[str, SettingValue] = {}
    axes: dict[str, SettingValue] = {}
    weights: dict[str, str] = {}
    changed_outside: int = 0
    given: Literal["", "as_given", "pasted_back"] = ""
    result_notes: list[PlainText] = []
    readings: list[ReadingRecord] = []
    judged: str = ""
    code: str = ""
    text: str = ""
    details: dict[str, str | int | float] = {}
    said: dict[str, str] = {}
    kept: bool = False


class Folder:
    """A run's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def result(self, case: str, cell: str) -> Path:
        """The result's picture."""
        return self.path / "results" / safe(case) / f"{safe(cell)}.png"

    def record(self, case: str, cell: str) -> Path:
        """The cell's record."""
        return self.result(case, cell).with_suffix(".json")

    def finished(self, case: str, cell: str, key: str) -> Cell | None:
        """The finished cell of that key; None for none, another, or a damaged record."""
        if not key or not self.result(case, cell).is_file():
            return None
        try:
            found = Cell.model_validate_json(self.record(case, cell).read_bytes())
        except (OSError, ValidationError):
            return None
        return found if found.state == "done" and found.key == key else None

    def keep(self, case: str, cell: Cell, picture: bytes | None = None) -> None:
        """Write the picture, then the record. Raises BadInput."""
        if picture is not None:
            replace_file(self.result(case, cell.id), picture)
        replace_file(self.record(case, cell.id), cell.model_dump_json(indent=1).encode())

    def forget(self, case: str, cell: str) -> None:
        """Take the record away before its picture becomes another: a kill in between leaves a
        cell that is not finished. Raises OSError."""
        self.record(case, cell).unlink(missing_ok=True)

    def relative(self, file: Path) -> str:
        """As it stands in the report."""
        return file.relative_to(self.path).as_posix()


def safe(name: str) -> str:
    """A file name for any id: readable, on every system, and different for different ids."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)[:80]
    if plain == name and not name.startswith(".") and not name.endswith("."):
        return name
    return f"{plain.strip('.')}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


# --- what people say ---------------------------------------------------------------------

Remarks = dict[str, dict[str, str]]
"""By case, then by cell; the cell "" is the case as a whole."""

_REMARKS = TypeAdapter(Remarks)


def read_remarks(folder: Path) -> Remarks:
    """Raises BadInput for a file that cannot be read, so that it is never written over."""
    file = folder / "remarks.json"
    try:
        return _REMARKS.validate_json(file.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        raise BadInput("bad_remarks") from error


def write_remark(folder: Path, case: str, cell: str, text: str) -> None:
    """Keep one remark; an empty one takes it away."""
    remarks = read_remarks(folder)
    of_case = remarks.setdefault(case, {})
    if text.strip():
        of_case[cell] = text.strip()[:MOST_REMARK]
    else:
        of_case.pop(cell, None)
    kept = {name: cells for name, cells in remarks.items() if cells}
    content = json.dumps(kept, ensure_ascii=False, indent=2, sort_keys=True)
    replace_file(folder / "remarks.json", (content + "\n").encode())
