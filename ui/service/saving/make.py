"""One result as a file to keep: the bytes that were opened in the beginning, and all that has
changed since, in one erase or in several one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from methods import (
    PROGRAM,
    Change,
    Image,
    Limits,
    MadeBy,
    SavedFile,
    SavingWish,
    save_result,
)
from ui.common.errors import run_damaged
from ui.service.saving.kept import Facts
from ui.stores.continuing import Continued

BYTES_A_PIXEL = 17.0
"""Of a lossless file at most: four samples of four bytes, and what packing noise adds."""


def saved_file(found: Continued, wish: SavingWish, limits: Limits) -> SavedFile:
    """Raises UserError, OSError."""
    rgb, alpha = read_result(found.result)
    original = found.first.read_bytes()
    change = Change(rgb, alpha, found.reached())
    name, ample = found.chain.first.name, saving_limits(limits)
    return save_result(original, change, made_by(found), wish, name=name, limits=ample)


def saving_limits(limits: Limits) -> Limits:
    """A file that is written may be larger than one that was opened, of as many pixels."""
    return limits.for_own(BYTES_A_PIXEL)


def made_by(found: Continued) -> MadeBy:
    """The program, and a line for each erase: nothing that tells of a visitor."""
    steps = [step_line(step.name, step.settings, step.seed) for step in found.chain.steps]
    return made_in(steps)


def made_in(steps: Iterable[str]) -> MadeBy:
    """steps: a line for each erase."""
    return MadeBy(f"Eraser Lab {PROGRAM}", tuple(steps))


def step_line(name: str, settings: Mapping[str, object], seed: int) -> str:
    """The eraser with its settings; texts, which may be a visitor's own words, are left out."""
    told = [f"{key}={value}" for key, value in settings.items() if not isinstance(value, str)]
    return ", ".join([name, *told, f"seed={seed}"])


def read_result(path: Path) -> tuple[Image, NDArray[np.uint8] | None]:
    """The pixels of a result of ours, and its transparency. Raises UserError."""
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim != 3:
        raise run_damaged()
    if pixels.shape[2] == 3:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)), None
    rgba = cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA)
    return np.ascontiguousarray(rgba[:, :, :3]), np.ascontiguousarray(rgba[:, :, 3])


def facts_of(saved: SavedFile) -> Facts:
    """What is to be said of a file."""
    return Facts(
        program=PROGRAM,
        format=saved.format,
        size=len(saved.data),
        sha256=sha256(saved.data).hexdigest(),
        samples_changed_outside=saved.samples_changed_outside,
        coefficients_changed_outside=saved.coefficients_changed_outside,
        holds=saved.holds,
        removed=saved.removed,
        notes=tuple(dict(note.plain()) for note in saved.notes),
    )
