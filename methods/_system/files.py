"""Writing files so that nobody ever reads half of one."""

from __future__ import annotations

from pathlib import Path
from secrets import token_hex


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
