"""Writing files so that nobody ever reads half of one, and saying what went wrong with them."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex

from methods._system.console import readable


def write_atomic(path: Path, data: bytes) -> None:
    """Written beside its place and renamed: the file is there whole or not at all.

    The folder must exist. Two writers at once do not meet: the last one's file stays.
    Raises OSError, and leaves nothing behind then.
    """
    part = path.with_name(f".{path.name}.{token_hex(4)}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def file_fault(error: OSError) -> str:
    """What went wrong, as a sentence: the file's own name without its place, and the reason."""
    name = f"{readable(os.path.basename(os.fsdecode(error.filename)))}: " if error.filename else ""
    return f"{name}{error.strerror or type(error).__name__}."
