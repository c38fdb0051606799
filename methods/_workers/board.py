"""What the programs on this machine show each other of their places: a small file each.

The folder is this user's alone. A file whose program has ended counts no more, and is removed by
whoever finds it.
"""

from __future__ import annotations

import getpass
import itertools
import json
import os
import platform
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from methods._system.files import write_atomic
from methods._workers.executor import Place

_numbers = itertools.count(1)


class _Shown(BaseModel):
    """A file. pid, born: of the program, so that another one with its number is not taken for
    it."""

    pid: int
    born: float
    places: list[dict[str, object]]


class Board:
    """One executor's file."""

    def __init__(self) -> None:
        self._number = next(_numbers)
        self._is_shown = False

    def show(self, places: Sequence[Place]) -> None:
        """These are its places now. Raises nothing: nobody's work depends on it."""
        pid = os.getpid()
        with suppress(OSError):
            shown = _Shown(pid=pid, born=_born(pid), places=[asdict(place) for place in places])
            write_atomic(_folder() / self._name, shown.model_dump_json().encode())
            self._is_shown = True

    def clear(self) -> None:
        """It has none any more."""
        if self._is_shown:
            self._is_shown = False
            with suppress(OSError):
                (_folder() / self._name).unlink(missing_ok=True)

    @property
    def _name(self) -> str:
        return f"{os.getpid()}-{self._number}.json"


def shown_places() -> tuple[Place, ...]:
    """Of all pages of this user on this machine, and of other programs that erase or have erased;
    `program` says whose."""
    found: list[Place] = []
    with suppress(OSError):
        for file in sorted(_folder().glob("*.json")):
            found.extend(_places_in(file))
    return tuple(found)


def _places_in(file: Path) -> list[Place]:
    try:
        shown = _Shown.model_validate_json(file.read_bytes())
        places = _PLACES.validate_python(shown.places)
    except (OSError, ValidationError, json.JSONDecodeError):
        return []
    if _born(shown.pid) != shown.born:
        with suppress(OSError):
            file.unlink(missing_ok=True)
        return []
    return [replace(place, program=program_name(shown.pid)) for place in places]


_PLACES = TypeAdapter(list[Place])


def program_name(pid: int | None = None) -> str:
    """By what a program on this machine is told from all others."""
    return f"{platform.node()}:{os.getpid() if pid is None else pid}"


def _born(pid: int) -> float:
    """When a process began; 0 = there is none."""
    import psutil

    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def _folder() -> Path:
    """Raises OSError where it is not this user's own."""
    user = os.getuid() if hasattr(os, "getuid") else getpass.getuser()
    folder = Path(tempfile.gettempdir()) / f"eraser-lab-places-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if hasattr(os, "getuid") and folder.lstat().st_uid != os.getuid():
        raise PermissionError(folder)
    return folder
