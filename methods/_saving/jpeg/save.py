"""A JPEG with a fill in it, and all blocks that the mask does not reach as they were.

Quantisation tables, sampling, colour space and profile stay; baseline stays baseline, progressive
stays progressive. Restart intervals are not written, and Huffman tables are made anew. The picture
stays turned as it was stored, and EXIF's orientation says so: turning it would move all blocks.
"""

from __future__ import annotations

import numpy as np

from methods._base import Text
from methods._saving.contract import MadeBy, SavedFile, Wish
from methods._saving.jpeg import coefficients
from methods._saving.jpeg.coefficients import Plane
from methods._saving.jpeg.fill import Counted, Placed, fill_blocks, reached
from methods._saving.jpeg.layout import Layout, Unkept, layout_of
from methods._saving.jpeg.placed import placed_in
from methods._saving.metadata.carried import carried
from methods._saving.metadata.written import jpeg_segments
from methods._saving.samples.patch import Patch

_START, _JFIF = b"\xff\xd8", b"\xff\xe0"


def save_jpeg(original: bytes, patch: Patch, made_by: MadeBy, wish: Wish) -> SavedFile:
    """original: the bytes of a JPEG that `_photo` has decoded. patch: of the upright picture.

    Raises Unkept, with a sentence, where the library cannot keep its blocks; BadInput where the
    patch is of another picture.
    """
    layout = layout_of(original)
    placed = placed_in(layout, patch)
    read = coefficients.read(layout)
    before = [plane.copy() for plane in read.planes]
    counted = fill_blocks(layout, read, placed)
    picture = coefficients.write(layout, read.planes)
    changed = _changed_outside(picture, layout, before, read.planes, placed)
    metadata = carried(
        original,
        made_by,
        wish,
        "jpeg",
        size=(layout.size[1], layout.size[0]),
        orientation=layout.orientation,
    )
    data = _with_segments(picture, jpeg_segments(metadata))
    notes = (*metadata.notes, *_notes(counted))
    return SavedFile(data, "jpeg", counted.samples, changed, removed=metadata.removed, notes=notes)


def _with_segments(picture: bytes, segments: bytes) -> bytes:
    """Behind JFIF's, which wants to be the first one."""
    at = len(_START)
    if picture[at : at + 2] == _JFIF:
        at += 2 + int.from_bytes(picture[at + 2 : at + 4], "big")
    return b"".join((picture[:at], segments, picture[at:]))


def _notes(counted: Counted) -> tuple[Text, ...]:
    if not counted.samples:
        return ()
    return (Text("note.saving.jpeg_beside", count=counted.samples, levels=counted.most),)


def _changed_outside(
    written: bytes, layout: Layout, before: list[Plane], meant: list[Plane], placed: Placed
) -> int:
    """Coefficients of blocks beyond the mask that are not what they were, in the file as it is read
    again. Raises Unkept where the blocks that it reaches are not as they were meant."""
    again = coefficients.read(layout_of(written)).planes
    changed = 0
    for old, new, wanted, hit in zip(before, again, meant, reached(layout, placed), strict=True):
        if not np.array_equal(new[hit], wanted[hit]):
            raise Unkept("broken")
        differs = (new.view(np.int64) != old.view(np.int64)).any(axis=-1) & ~hit
        changed += int(np.count_nonzero(new[differs] != old[differs]))
    return changed
