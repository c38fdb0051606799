"""The file to keep: the opened file's own samples, with the fill where the mask is.

    save_result(bytes of the opened file, change, made_by) → SavedFile

The samples are read anew, the fill is brought to their colours and depth and put where the mask is
true, they are written in a format that holds them as they are, and the written file is read again
and compared.
"""

from __future__ import annotations

from collections.abc import Callable

from methods._base import BadInput, Text
from methods._photo.decode import Limits
from methods._saving.contract import Change, FileFormat, MadeBy, SavedFile, Wish
from methods._saving.files.png import fits_png, png_of
from methods._saving.samples.compare import changed_samples, outside_digest
from methods._saving.samples.compose import fill_in, suited
from methods._saving.samples.original import Original
from methods._saving.samples.patch import Patch, patch_of
from methods._saving.samples.read import read_original, working_picture

Writer = Callable[[Original, bytes], bytes]

_WRITERS: dict[FileFormat, tuple[Callable[[Original], bool], Writer]] = {
    "png": (fits_png, png_of),
}
"""Of each format: whether it holds the samples as they are, and who writes them."""

_LIKE: dict[str, FileFormat] = {"TIFF": "tiff"}
"""What a file of a kind is saved as; of all other kinds, as PNG."""


def save_result(
    original: bytes,
    change: Change,
    made_by: MadeBy,
    wish: Wish = Wish(),  # noqa: B008 - it cannot be changed
    *,
    name: str = "",
    limits: Limits | None = None,
) -> SavedFile:
    """The result of an erase as a file like the one that was opened.

    original: the bytes of that file. change: of the picture as it was decoded for the erasers, of
    the same size. name: what to call the file in sentences. Raises BadInput where the file cannot
    be read, or is not the one that was changed.
    """
    limits = limits or Limits.from_environment()
    return save_patch(original, patch_of(change), made_by, wish, name or "The file", limits)


def formats_for(
    original: bytes, *, name: str = "", limits: Limits | None = None
) -> tuple[FileFormat, ...]:
    """What a result of this file can be saved as with all its samples as they are; the first is
    what `auto` means. Raises BadInput."""
    limits = limits or Limits.from_environment()
    return _offered(read_original(original, name or "The file", limits))


def save_patch(
    original: bytes, patch: Patch, made_by: MadeBy, wish: Wish, name: str, limits: Limits
) -> SavedFile:
    """See `save_result`; all of a change but the pixels that it leaves alone."""
    opened = suited(_read(original, patch, name, limits), patch)
    offered, notes = _offered(opened), opened.notes
    chosen = offered[0] if wish.format == "auto" else wish.format
    if chosen not in offered:
        notes = (*notes, Text("note.saving.other_format", wanted=chosen, format=offered[0]))
        chosen = offered[0]
    before = outside_digest(opened, patch)
    fill_in(opened, patch)
    data = _WRITERS[chosen][1](opened, original)
    del opened  # one picture at a time
    written = read_original(data, name, limits)
    changed = 0
    if outside_digest(written, patch) != before:
        again = suited(_read(original, patch, name, limits), patch)
        changed = changed_samples(again, written, patch)
    return SavedFile(data, chosen, changed, notes=notes)


def _read(data: bytes, patch: Patch, name: str, limits: Limits) -> Original:
    """Samples that some format holds. Raises BadInput where they are not those of the photo that
    was changed."""
    original = read_original(data, name, limits)
    if not _offered(original):
        original = working_picture(data, name, limits)
    if original.size != patch.size:
        (height, width), (mask_height, mask_width) = original.size, patch.size
        raise BadInput(
            "mask_shape",
            mask_width=mask_width,
            mask_height=mask_height,
            photo_width=width,
            photo_height=height,
        )
    return original


def _offered(original: Original) -> tuple[FileFormat, ...]:
    like = _LIKE.get(original.source, "png")
    fitting = [kind for kind, (fits, _) in _WRITERS.items() if fits(original)]
    return tuple(sorted(fitting, key=lambda kind: kind != like))
