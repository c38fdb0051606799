"""What happens in the room: one process decodes one file, tells of it, and is no more."""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from methods._base import BadInput
from methods._photo.decode import Limits, read_source
from methods._photo.load import Photo, photo_of
from methods._photo.mask import ReadMask, mask_of
from methods._saving.contract import SavedFile
from methods._saving.jpeg.coefficients import prepare as prepare_jpeg
from methods._workers.closed.patches import saved
from methods._workers.closed.talk import (
    MOST_SAID,
    Said,
    Told,
    ToldBug,
    ToldError,
    ToldMask,
    ToldPhoto,
    ToldSaved,
    Wish,
    sent,
)

_LATER = (
    "PIL.ImageCms",
    "pillow_heif",
    "methods._photo.tiff",
    "numpy.ma",
    "encodings.latin_1",
    "encodings.utf_16",
    "encodings.utf_16_be",
    "encodings.utf_16_le",
    "encodings.utf_32",
    "encodings.cp1252",
    "encodings.ascii",
    "encodings.idna",
    "concurrent.futures.thread",
    "xml.etree.ElementTree",
    "methods._saving.save",
    "tifffile",
    "numpy.random",
    "PIL.PpmImagePlugin",
)
"""What decoders import when they first need it, when no file can be opened any more."""


_CODECS = (
    "cms_transform",
    "png_encode",
    "png_decode",
    *("avif_encode", "avif_decode"),
    *("zlib_encode", "zlib_decode", "deflate_decode", "lzw_decode", "packbits_decode"),
    *("delta_encode", "delta_decode", "packints_encode", "packints_decode", "bitorder_decode"),
    *("jpeg8_decode", "lzma_decode", "zstd_decode", "floatpred_decode", "floatpred_encode"),
)
"""imagecodecs imports each of its own when it is first used."""


def prepare() -> None:
    """Import all that decoding will need."""
    for name in _LATER:
        try:
            import_module(name)
        except ImportError:
            continue  # whoever needs it says so
    with suppress(ImportError):
        prepare_jpeg()
    for name in _CODECS:
        getattr(imagecodecs, name)
    str(BadInput("file_empty", name=""))  # the catalogues


def decode_into(wish: Wish, given: int, pixels: int, answer: int) -> None:
    """See `Wish`; the three are descriptors."""
    told: ToldPhoto | ToldMask | ToldSaved | ToldError | ToldBug
    try:
        told = _told(wish, given, pixels)
    except BadInput as error:
        said = Said.of(error.sentence.id.removeprefix("error."), error.sentence.values)
        told = ToldError(said=said)
    except MemoryError:
        told = ToldError(said=Said.of("file_memory", {"name": wish.name}))
    except Exception:
        told = ToldBug(trace=traceback.format_exc()[-8000:])
    os.write(answer, sent(Told(it=told))[:MOST_SAID])


def _told(wish: Wish, given: int, pixels: int) -> ToldPhoto | ToldMask | ToldSaved:
    limits = Limits(wish.megapixels, wish.megabytes)
    if wish.saving is not None:
        return _told_saved(saved(wish, wish.saving, given, limits), pixels)
    with os.fdopen(os.dup(given), "rb") as file:
        data = read_source(file, wish.name, limits)
    if wish.size is not None:
        return _told_mask(mask_of(data, wish.size, wish.name, limits), pixels)
    return _told_photo(photo_of(data, wish.name, limits), pixels)


def _told_photo(photo: Photo, pixels: int) -> ToldPhoto:
    _write(pixels, [photo.rgb] if photo.alpha is None else [photo.rgb, photo.alpha])
    notes = tuple(Said.of(note.id, note.values) for note in photo.notes)
    return ToldPhoto(
        size=photo.size, alpha=photo.alpha is not None, format=photo.format, notes=notes
    )


def _told_mask(read: ReadMask, pixels: int) -> ToldMask:
    _write(pixels, [each.mask for each in read.readings])
    height, width = read.mask.shape
    return ToldMask(
        size=(height, width),
        said=tuple(Said.of(each.said.id, each.said.values) for each in read.readings),
        notes=tuple(Said.of(note.id, note.values) for note in read.notes),
    )


def _told_saved(file: SavedFile, pixels: int) -> ToldSaved:
    _write(pixels, [np.frombuffer(file.data, np.uint8)])
    return ToldSaved(
        format=file.format,
        samples_changed_outside=file.samples_changed_outside,
        coefficients_changed_outside=file.coefficients_changed_outside,
        removed=file.removed,
        holds=file.holds,
        notes=tuple(Said.of(note.id, note.values) for note in file.notes),
    )


def _write(file: int, arrays: Sequence[NDArray[np.uint8] | NDArray[np.bool_]]) -> None:
    for array in arrays:
        content = np.ascontiguousarray(array).view(np.uint8).data.cast("B")
        while content:
            content = content[os.write(file, content) :]
