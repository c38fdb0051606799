"""What comes out of the room, read as a stranger's words: it fits together, or it is none."""

from __future__ import annotations

import logging
import mmap
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from methods._base import BadInput, Text
from methods._photo.load import Photo
from methods._photo.mask import ReadMask
from methods._photo.mask_levels import MaskReading
from methods._saving.contract import SavedFile
from methods._texts.text import UNFILLED
from methods._workers.closed.talk import (
    Said,
    Told,
    ToldBug,
    ToldError,
    ToldMask,
    ToldPhoto,
    ToldSaved,
)
from methods._workers.closed.wrong import crashed

logger = logging.getLogger(__name__)


@contextmanager
def believed(name: str) -> Iterator[None]:
    """Whatever does not fit is a sentence about the file of that name."""
    try:
        yield
    except (*UNFILLED, OSError) as error:
        logger.warning("The room gave no answer that can be read: %s", type(error).__name__)
        raise crashed(name, "no answer") from None


def photo_told(said: bytes, memory: mmap.mmap | bytes, name: str) -> Photo:
    """The photo. Raises BadInput as the decoder did, ValueError and the like for nonsense."""
    told = _told(said, name)
    if not isinstance(told, ToldPhoto):
        raise ValueError("another answer")
    height, width = told.size
    count = height * width
    if len(memory) != count * (4 if told.alpha else 3):
        raise ValueError("other pixels")
    pixels = np.frombuffer(memory, np.uint8)
    rgb = pixels[: 3 * count].reshape(height, width, 3)
    alpha = pixels[3 * count :].reshape(height, width) if told.alpha else None
    return Photo(rgb, alpha, name, told.format, tuple(map(_text, told.notes)))


def mask_told(said: bytes, memory: mmap.mmap | bytes, name: str, size: tuple[int, int]) -> ReadMask:
    """The mask for a photo of that size; see `photo_told`."""
    told = _told(said, name)
    if not isinstance(told, ToldMask) or told.size != tuple(size):
        raise ValueError("another answer")
    masks = np.frombuffer(memory, np.uint8).reshape(len(told.said), *size)
    if masks.max() > 1:
        raise ValueError("neither True nor False")
    readings = [
        MaskReading(mask.view(np.bool_), _text(said))
        for mask, said in zip(masks, told.said, strict=True)
    ]
    return ReadMask(tuple(readings), tuple(map(_text, told.notes)))


def saved_told(said: bytes, memory: mmap.mmap | bytes, name: str) -> SavedFile:
    """The file to keep; see `photo_told`. Its bytes are handed on and never looked at here."""
    told = _told(said, name)
    if not isinstance(told, ToldSaved) or not len(memory):
        raise ValueError("another answer")
    return SavedFile(
        memory[:],
        told.format,
        told.samples_changed_outside,
        told.coefficients_changed_outside,
        told.removed,
        told.holds,
        tuple(map(_text, told.notes)),
    )


def _told(said: bytes, name: str) -> ToldPhoto | ToldMask | ToldSaved:
    told = Told.model_validate_json(said).it
    if isinstance(told, ToldError):
        error = BadInput(told.said.id, **told.said.filled())
        error.sentence.plain()  # raises where it wants other values
        raise error
    if isinstance(told, ToldBug):
        logger.error("A file could not be decoded:\n%s", told.trace)
        raise BadInput("file_damaged", name=name)
    return told


def _text(said: Said) -> Text:
    text = said.text()
    text.plain()  # as above
    return text
