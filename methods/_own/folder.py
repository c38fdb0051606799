"""The owner's folder: which files in it mean to be erasers, and what may be wrong with their names.

    ERASER_LAB_ERASERS_DIR    the folder; else `erasers` in the data folder

A name becomes the eraser's id, which stands in addresses, on the command line and in files' names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from methods._base import BadInput, Text
from methods._system.data_folder import data_folder

SETTING = "ERASER_LAB_ERASERS_DIR"
KINDS = (".toml", ".py")
ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""As `_engine.job.EraserId` has it."""


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file that means to be an eraser. id: its name, or what stands for a name that cannot be
    one; fault: what is wrong with the name, None = nothing."""

    path: Path
    id: str
    fault: Text | None = None


def own_folder() -> Path:
    """Where the owner's erasers lie; it need not exist unless it was named."""
    chosen = os.environ.get(SETTING, "").strip()
    return Path(chosen).expanduser() if chosen else data_folder() / "erasers"


def use_own_folder(folder: str | None) -> None:
    """As the command line says it, for this process and its workers. None = it says nothing.

    Raises BadInput for what is no folder.
    """
    if folder is not None:
        os.environ[SETTING] = str(Path(folder).expanduser().absolute())
    check_own_folder()


def check_own_folder() -> None:
    """Raise BadInput where a folder is named that is none."""
    folder = own_folder()
    if os.environ.get(SETTING, "").strip() and not folder.is_dir():
        raise BadInput("bad_erasers_dir", folder=str(folder))


def own_files(taken: Container[str]) -> list[OwnFile]:
    """In the order of their names; hidden ones and those that begin with _ are none of them, nor
    is NAME.py beside NAME.toml: a manifest's program.

    taken: ids of the program's own erasers.
    """
    try:
        paths = sorted(path for path in own_folder().iterdir() if _means_to_be_one(path))
    except OSError:
        return []
    files: list[OwnFile] = []
    for path in paths:
        fault = _fault_of(path, taken)
        used = {file.id for file in files}
        files.append(OwnFile(path, _stand_in(path, taken, used) if fault else path.stem, fault))
    return files


def _means_to_be_one(path: Path) -> bool:
    if path.suffix not in KINDS or path.name.startswith((".", "_")) or not path.is_file():
        return False
    return path.suffix == ".toml" or not path.with_suffix(".toml").exists()


def _fault_of(path: Path, taken: Container[str]) -> Text | None:
    if not ID.fullmatch(path.stem):
        return Text("own.fault.name")
    if path.stem in taken:
        return Text("own.fault.taken", name=path.stem)
    return None


def _stand_in(path: Path, taken: Container[str], used: Container[str]) -> str:
    """An id for the card of a file whose name cannot be one."""
    base = "own_" + re.sub(r"[^a-z0-9]+", "_", path.name.lower())[:30].strip("_")
    found, number = base, 1
    while found in taken or found in used:
        number += 1
        found = f"{base}_{number}"
    return found
