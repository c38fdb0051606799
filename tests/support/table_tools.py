"""The documents' pictures as if they had been fetched: small ones of our own in their places."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from examples.remote import place_of
from examples.rows import Row, document_rows
from methods import Image, png_bytes
from ui_tools import picture


def row_mask(height: int = 90, width: int = 120) -> Image:
    """White where `picture` has its disc."""
    y, x = np.mgrid[:height, :width]
    inside = (y - height // 2) ** 2 + (x - width // 2) ** 2 < (height // 4) ** 2
    return np.repeat((inside * 255).astype(np.uint8)[..., None], 3, axis=2)


def save_documents(rows: tuple[Row, ...] | None = None) -> None:
    """Put a picture where `bring` keeps each of the rows' files (see ERASER_LAB_PHOTOS)."""
    for row in document_rows() if rows is None else rows:
        refs = {row.photo: picture(), row.mask: row_mask(), row.documents_result: picture() // 2}
        for ref, image in refs.items():
            if ref is not None:
                put(place_of(ref), image)
        if row.detail is not None:
            put(place_of(row.detail), picture())


def put(place: Path, image: Image) -> None:
    """A file that is a picture, whatever its ending says."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(png_bytes(image))
