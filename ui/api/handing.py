"""Files that are made for a program, at an address where Gradio hands files out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from secrets import token_urlsafe

import gradio as gr

from methods import JSON, write_atomic
from ui.common.files import link_or_copy, private_folder
from ui.stores.uploads import Uploads


def new_folder(uploads: Uploads) -> Path:
    """A folder of its own, under a random name; it goes with the uploads."""
    return private_folder(uploads.folder / "api" / token_urlsafe(16))


def handed(found: Path | bytes, place: Path, mime_type: str) -> Mapping[str, JSON]:
    """A file or its bytes, brought to `place`; as Gradio describes files. Raises OSError."""
    if isinstance(found, Path):
        link_or_copy(found, place)
    else:
        write_atomic(place, found)
    size = place.stat().st_size
    return gr.FileData(
        path=str(place), orig_name=place.name, mime_type=mime_type, size=size
    ).model_dump()
