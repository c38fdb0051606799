"""Writing files so that nobody ever reads half of one."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from secrets import token_hex
from typing import Any


def write_atomic(path: Path, data: bytes) -> None:
    """The file is there whole or not at all. Raises OSError."""
    part = path.with_name(f".{path.name}.{token_hex(4)}")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    write_atomic(path, json.dumps(value, ensure_ascii=False, indent=1).encode())


def link_or_copy(source: Path, target: Path) -> None:
    """A second name for the same bytes; a copy where the file system has no links."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, target)


def private_folder(path: Path) -> Path:
    """The folder, made if need be, open to this user only."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path
