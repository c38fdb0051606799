"""The one way in for files of strangers: every photo and mask that is decoded passes here.

Where they are decoded is the program's choice: in this process, or, where it has set one up, in a
closed room (`_workers.closed`), which a file made to do harm cannot leave.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from methods._base import Mask
from methods._photo.decode import FileSource, Limits, read_source, shown_name
from methods._photo.load import Photo, photo_of
from methods._photo.mask import ReadMask, mask_of


class Decoder(Protocol):
    """Who decodes. data: a file's bytes, no more than `limits` allows. name: what to call it in
    sentences. Raises UserError."""

    def photo(self, data: bytes, name: str, limits: Limits) -> Photo:
        """See `load_image`."""

    def mask(self, data: bytes, size: tuple[int, int], name: str, limits: Limits) -> ReadMask:
        """See `read_mask`."""


class Here:
    """In this process."""

    def photo(self, data: bytes, name: str, limits: Limits) -> Photo:
        """See `Decoder`."""
        return photo_of(data, name, limits)

    def mask(self, data: bytes, size: tuple[int, int], name: str, limits: Limits) -> ReadMask:
        """See `Decoder`."""
        return mask_of(data, size, name, limits)


_decoders: list[Decoder] = [Here()]
"""The last one decodes."""


@contextmanager
def decoding_by(decoder: Decoder) -> Iterator[None]:
    """Have it decode all files of this process, in every thread, while the block lasts."""
    _decoders.append(decoder)
    try:
        yield
    finally:
        _decoders.remove(decoder)


def current_decoder() -> Decoder:
    """Who decodes now."""
    return _decoders[-1]


def load_image(source: FileSource, *, name: str = "", limits: Limits | None = None) -> Photo:
    """Read a photo: JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF.

    source: a file's path, its bytes, or an open binary file. name: what to call it in
    messages; else the path's file name. limits: else those of the environment.
    Raises BadInput; Unavailable where the room in which files are decoded is gone.
    """
    limits, shown = limits or Limits.from_environment(), shown_name(source, name)
    return _decoders[-1].photo(read_source(source, shown, limits), shown, limits)


def load_mask(
    source: FileSource, size: tuple[int, int], *, name: str = "", limits: Limits | None = None
) -> Mask:
    """The first reading of a mask file for a photo of `size` = (H, W); True = erase.

    See `read_mask`, which also says how it was read.
    """
    return read_mask(source, size, name=name, limits=limits).mask


def read_mask(
    source: FileSource, size: tuple[int, int], *, name: str = "", limits: Limits | None = None
) -> ReadMask:
    """Read a mask for a photo of `size` = (H, W), with what should be said of it.

    White (or any bright colour) means erase. Of two levels the brighter one does, however dark;
    of a label map all but 0; of a dim mask what is at least half as bright as its brightest level.
    Where parts are transparent, the opaque ones mean erase whatever their colour (an
    editor's layer, a cut-out object), except that black stays where the opaque pixels are
    black and white themselves. A mask of the photo's shape in another size is
    resized so that areas stay what they are. Raises BadInput, for another shape with both sizes
    named; Unavailable as `load_image` does.
    """
    limits, shown = limits or Limits.from_environment(), shown_name(source, name)
    return _decoders[-1].mask(read_source(source, shown, limits), size, shown, limits)
