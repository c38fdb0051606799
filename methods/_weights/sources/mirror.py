"""A place of the operator's own that is asked for pinned files before all others.

    ERASER_LAB_WEIGHTS_MIRROR    a folder, or an http(s) address, where files lie as they do in the
                                 folder for weights

Many machines need not each ask a hub. What comes from there must have the pinned SHA-256 like
everything else, so files without a pin are not looked for there.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from methods._base import UrlFile, WeightFile

SETTING = "ERASER_LAB_WEIGHTS_MIRROR"


def mirror_of(weight: WeightFile) -> list[UrlFile | Path]:
    """Where the mirror has the file, if it has it; [] = there is none, or it does not count."""
    where = os.environ.get(SETTING, "").strip()
    if not where or weight.sha256 is None:
        return []
    if where.startswith(("http://", "https://")):
        return [UrlFile(f"{where.rstrip('/')}/{quote(weight.name)}")]
    file = Path(where).expanduser() / weight.name
    return [file] if file.is_file() else []
