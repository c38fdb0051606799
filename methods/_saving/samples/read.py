"""The way to a file's own samples, whatever its format.

The bounds of `_photo` hold here, too: the header's size is judged before anything is decoded, and
decoders see the file as `_photo.containers` leaves it, without anything but the first picture.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from methods._base import BadInput, Text
from methods._photo.containers import read_header
from methods._photo.decode import Limits, check_pixels, explained
from methods._photo.header import Header
from methods._photo.jpeg_end import with_end
from methods._photo.load import photo_of
from methods._saving.samples.by_pillow import read_by_pillow
from methods._saving.samples.coded import read_avif, read_heic
from methods._saving.samples.fill import colours_for
from methods._saving.samples.original import FIRST_PICTURE, Original, Samples
from methods._saving.samples.png import read_png
from methods._saving.samples.tiff import read_tiff

logger = logging.getLogger(__name__)

Reader = Callable[[Header, str, Limits], Original]

_READERS: dict[str, Reader] = {
    "PNG": read_png,
    "TIFF": read_tiff,
    "HEIC": read_heic,
    "AVIF": read_avif,
}
"""Where Pillow would not give all bits."""

EIGHT_BITS = Text("note.saving.eight_bits")


def read_original(data: bytes, name: str, limits: Limits, *, ours: bool = False) -> Original:
    """A file's samples. name: what to call it in sentences. ours: it was written here, and decoders
    may see it as it is, which saves a copy of it. Raises BadInput.

    Where only the working picture can be had of a file, these are its samples, and a note says so.
    """
    with explained(name):
        header = read_header(data)
        if header.size is not None:
            check_pixels(header.size, name, limits)
        if ours:
            header = replace(header, reduced=data)
        if header.format == "JPEG" and not header.whole:
            header = with_end(header)
        try:
            read = _READERS.get(header.format, read_by_pillow)(header, name, limits)
            _check_way_back(read)
            if header.several and FIRST_PICTURE not in read.notes:
                read = read.with_note(FIRST_PICTURE)
            return replace(read, wide=header.wide)
        except (BadInput, MemoryError):
            raise
        except Exception:  # decoders raise errors of any class
            logger.info("The samples of a file of kind %s could not be read", header.format)
            return working_picture(data, name, limits)


def _check_way_back(original: Original) -> None:
    """Raise whatever LittleCMS does where a profile, by which inks can be seen, does not tell which
    inks a colour needs."""
    colours_for(np.zeros((1, 1, 3), np.uint8), original)


def working_picture(data: bytes, name: str, limits: Limits) -> Original:
    """What erasers saw, in 8-bit sRGB, as if it were the file."""
    photo = photo_of(data, name, limits)
    planes = [photo.rgb] if photo.alpha is None else [photo.rgb, photo.alpha]
    samples: Samples = np.dstack(planes)
    original = Original(samples, "rgb", photo.format, alpha=photo.alpha is not None)
    return replace(original, notes=(EIGHT_BITS,))
