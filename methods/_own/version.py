"""What an owner's eraser is made of, as a digest: results of another version are others."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

_MOST_BYTES = 4 * 2**20
"""Of a file that is named in a command: a script, no weights."""


def version_of(file: Path, words: Sequence[str] = (), folder: str = ".") -> str:
    """SHA-256 of the file, and of each small file that is named among the words."""
    digest = hashlib.sha256(file.read_bytes())
    base = file.parent / Path(folder).expanduser()
    for word in words:
        try:
            named = base / word
            if "{" not in word and named.is_file() and named.stat().st_size <= _MOST_BYTES:
                digest.update(named.read_bytes())
        except (OSError, ValueError):
            continue
    return digest.hexdigest()
