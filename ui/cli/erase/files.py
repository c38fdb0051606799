"""The files that `python -m methods erase` writes: their names, and how they are written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from examples.running.records import safe
from methods import BadInput, Mask, write_atomic

if TYPE_CHECKING:
    from segmentation import SweepCell


def result_files(folder: Path, cells: Sequence[SweepCell]) -> list[Path]:
    """ERASER.png, in a sweep with the values; what has the same name gets a number."""
    from segmentation import cell_name

    counts: Counter[str] = Counter()
    files = []
    for cell in cells:
        name = safe(f"{cell.job.eraser}{cell_name(cell.axes)}")
        counts[name] += 1
        number = f"-{counts[name]}" if counts[name] > 1 else ""
        files.append(folder / f"{name}{number}.png")
    return files


def spare_inputs(inputs: Sequence[Path | None], outputs: Sequence[Path]) -> None:
    """Refuse to write over what was given, whatever it is called or linked to."""
    for source in inputs:
        for target in outputs:
            if source and source.exists() and target.exists() and source.samefile(target):
                raise BadInput("would_overwrite", file=source.name)


def make_folder(folder: Path) -> None:
    """Raises BadInput."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadInput("cannot_write.folder", file=folder.name, reason=reason) from error


def write(file: Path, content: bytes) -> None:
    """Whole or not at all: written beside its place and moved there."""
    try:
        write_atomic(file, content)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadInput("cannot_write", file=file.name, reason=reason) from error


def write_mask(file: Path, mask: Mask) -> None:
    """As a black and white PNG. Raises BadInput."""
    from segmentation import mask_png

    write(file, mask_png(mask))


def json_bytes(value: object) -> bytes:
    """Of settings.json."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
