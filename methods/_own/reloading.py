"""The owner wishes that their folder be looked at anew: a file says when that was last.

Every process of the program looks at it whenever it asks which erasers there are, so that workers
learn of it as the page does.
"""

from __future__ import annotations

from pathlib import Path

from methods._system.data_folder import data_folder


def _file() -> Path:
    return data_folder() / "erasers.reload"


def stamp() -> int:
    """When it was wished last, in nanoseconds; 0 = never."""
    try:
        return _file().stat().st_mtime_ns
    except OSError:
        return 0


def wish_reload() -> None:
    """Have every process that uses this data folder look again. Raises OSError."""
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("python -m methods reload\n", encoding="ascii")
