"""The file to keep: the opened file's own samples, with the fill where the mask is.

    save_result(bytes of the opened file, change, made_by) → SavedFile

The samples are read anew, the fill is brought to their colours and depth and put where the mask is
true, they are written in a format that holds them as they are, and the written file is read again
and compared.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, runtime_checkable

from methods._base import BadInput, Text
from methods._photo.containers import is_jpeg, read_header
from methods._photo.decode import Limits, explained, read_source, shown_name
from methods._photo.files import current_decoder
from methods._saving.contract import Change, FileFormat, MadeBy, SavedFile, SavingWish
from methods._saving.files.avif import avif_of, fits_avif
from methods._saving.files.png import fits_png, png_of
from methods._saving.files.tiff import fits_tiff, tiff_of
from methods._saving.files.webp import fits_webp, webp_of
from methods._saving.jpeg.layout import Unkept, fits_jpeg
from methods._saving.jpeg.save import save_jpeg
from methods._saving.metadata.carried import Metadata, carried, describe_metadata
from methods._saving.samples.compare import changed_samples, outside_digest
from methods._saving.samples.compose import fill_in, suited
from methods._saving.samples.original import Original, in_sixteen
from methods._saving.samples.patch import Patch, patch_of
from methods._saving.samples.read import read_original

Writer = Callable[[Original, bytes, Metadata], Callable[[], bytes]]

_WRITERS: dict[FileFormat, tuple[Callable[[Original], bool], Writer]] = {
    "png": (fits_png, png_of),
    "tiff": (fits_tiff, tiff_of),
    "webp": (fits_webp, webp_of),
    "avif": (fits_avif, avif_of),
}
"""Of each format: whether it holds the samples as they are, and who writes them."""

_LIKE: dict[str, FileFormat] = {"TIFF": "tiff", "WEBP": "webp", "AVIF": "avif"}
"""What a file of a kind is saved as; of all other kinds, as PNG."""


@runtime_checkable
class Saver(Protocol):
    """A `Decoder` that saves, too, since a file that is to be saved is decoded once more."""

    def save(
        self,
        original: bytes,
        patch: Patch,
        made_by: MadeBy,
        wish: SavingWish,
        name: str,
        limits: Limits,
    ) -> SavedFile:
        """See `save_patch`. Raises UserError."""


def save_result(
    original: bytes,
    change: Change,
    made_by: MadeBy,
    wish: SavingWish = SavingWish(),  # noqa: B008 - it cannot be changed
    *,
    name: str = "",
    limits: Limits | None = None,
) -> SavedFile:
    """The result of an erase as a file like the one that was opened.

    original: the bytes of that file. change: of the picture as it was decoded for the erasers, of
    the same size. name: what to call the file in sentences. Raises BadInput where the file cannot
    be read, or is not the one that was changed; Unavailable as `load_image` does.
    """
    limits, shown = limits or Limits.from_environment(), shown_name(original, name)
    original = read_source(original, shown, limits)
    patch, decoder = patch_of(change), current_decoder()
    if isinstance(decoder, Saver):
        return decoder.save(original, patch, made_by, wish, shown, limits)
    return save_patch(original, patch, made_by, wish, shown, limits)


def formats_for(
    original: bytes, *, name: str = "", limits: Limits | None = None
) -> tuple[FileFormat, ...]:
    """What a result of this file can be saved as with all its samples as they are, by its header;
    the first is what `auto` means. Raises BadInput."""
    shown = shown_name(original, name)
    with explained(shown):
        header = read_header(original)
    if header.beyond_png:
        return ("jpeg", "tiff") if fits_jpeg(header) else ("tiff",)
    if fits_jpeg(header):
        return ("jpeg", "png", "tiff")
    like = _LIKE.get(header.format)
    return ("png", "tiff") if like is None else tuple(dict.fromkeys((like, "png", "tiff")))


def save_patch(
    original: bytes, patch: Patch, made_by: MadeBy, wish: SavingWish, name: str, limits: Limits
) -> SavedFile:
    """See `save_result`: in this process, and all of a change but the pixels that it leaves alone.
    Raises BadInput."""
    with explained(name):
        saved = _Saving(original, patch, made_by, name, limits).saved(wish)
        return replace(saved, holds=describe_metadata(saved.data))


class _Saving:
    """One file on its way from its bytes to those of another."""

    def __init__(
        self, data: bytes, patch: Patch, made_by: MadeBy, name: str, limits: Limits
    ) -> None:
        self._data, self._patch, self._made_by = data, patch, made_by
        self._name, self._limits = name, limits

    def saved(self, wish: SavingWish) -> SavedFile:
        """Raises BadInput."""
        kept = self._kept(wish)
        if isinstance(kept, SavedFile):
            return kept
        opened = self._read()
        chosen, notes = _chosen(opened, replace(wish, format="auto") if kept else wish)
        opened = suited(opened, self._patch, chosen)
        before = outside_digest(opened, self._patch)
        fill_in(opened, self._patch)
        said = carried(self._data, self._made_by, wish, chosen, size=opened.size[::-1])
        gc.collect()  # Pillow's and tifffile's readers are rings that hold the whole file
        finish = _WRITERS[chosen][1](opened, self._data, said)
        del opened  # one picture at a time
        data = finish()
        del finish
        notes = (*kept, *notes, *said.notes)
        changed = self._changed(data, chosen, before)
        return SavedFile(data, chosen, changed, removed=said.removed, notes=notes)

    def _kept(self, wish: SavingWish) -> SavedFile | tuple[Text, ...]:
        """Of a JPEG, where no other format is wished, the file with its blocks kept, or why they
        cannot be."""
        if wish.format not in ("auto", "jpeg") or not is_jpeg(self._data):
            return ()
        try:
            return save_jpeg(self._data, self._patch, self._made_by, wish)
        except Unkept as error:
            return (error.sentence,)

    def _read(self) -> Original:
        """Raises BadInput where the samples are not those of the photo that was changed."""
        original = read_original(self._data, self._name, self._limits)
        if original.size == self._patch.size:
            return original
        (height, width), (mask_height, mask_width) = original.size, self._patch.size
        raise BadInput(
            "mask_shape",
            mask_width=mask_width,
            mask_height=mask_height,
            photo_width=width,
            photo_height=height,
        )

    def _changed(self, data: bytes, chosen: FileFormat, before: bytes) -> int:
        """Samples outside the mask that the written file has otherwise than the opened one."""
        written = read_original(data, self._name, self._limits, ours=True)
        if outside_digest(written, self._patch) == before:
            return 0
        again = suited(self._read(), self._patch, chosen)
        return changed_samples(again, written, self._patch)


def _chosen(original: Original, wish: SavingWish) -> tuple[FileFormat, tuple[Text, ...]]:
    """The format, and all that is to be said."""
    like = _LIKE.get(original.source, "png")
    fitting = [kind for kind, (fits, _) in _WRITERS.items() if fits(original)]
    best = like if like in fitting else fitting[0]
    if wish.format == "auto" or wish.format in fitting:
        chosen = best if wish.format == "auto" else wish.format
        return chosen, _said(original, chosen)
    other = Text("note.saving.other_format", wanted=wish.format, format=best)
    return best, (*_said(original, best), other)


def _said(original: Original, chosen: FileFormat) -> tuple[Text, ...]:
    """An AVIF has as many bits as the one that was opened, and others have 16."""
    told = in_sixteen(original.bits)
    return tuple(note for note in original.notes if chosen != "avif" or note != told)
