"""What is written and linked in the program's own folders."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path
from tempfile import TemporaryFile

from methods import write_atomic


def write_json(path: Path, value: object) -> None:
    """As UTF-8; whole or not at all. Raises OSError."""
    write_atomic(path, json.dumps(value, ensure_ascii=False, indent=1).encode())


def link_or_copy(source: Path, target: Path) -> None:
    """A second name for the same bytes; a copy where the file system has no links."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, target)


def own_file(path: Path) -> Path | None:
    """The path where an ordinary file lies there, in a folder that is one: no link, whose target
    may be anybody's file. None where it does not."""
    try:
        found, folder = path.lstat(), path.parent.lstat()
    except (OSError, ValueError):
        return None
    return path if stat.S_ISREG(found.st_mode) and stat.S_ISDIR(folder.st_mode) else None


def has_links(folder: Path) -> bool:
    """Whether the folder is a link or holds one. Raises OSError where there is none."""
    with os.scandir(folder) as entries:
        return folder.is_symlink() or any(entry.is_symlink() for entry in entries)


def writable_folder(path: Path) -> Path:
    """The same, once something could be written to it. Raises OSError."""
    folder = private_folder(path)
    with TemporaryFile(dir=folder) as trial:
        trial.write(b"x")
    return folder


def private_folder(path: Path) -> Path:
    """The folder, made if need be, open to this user only."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path
