"""Where the program keeps what it has been given and what it has made."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def data_folder() -> Path:
    """ERASER_LAB_DATA, else this user's cache folder."""
    chosen = os.environ.get("ERASER_LAB_DATA")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("eraser-lab"))
