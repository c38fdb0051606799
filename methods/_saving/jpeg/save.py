"""A JPEG with a fill in it, and all blocks that the mask does not reach as they were.

Quantisation tables, sampling, colour space and profile stay; baseline stays baseline, progressive
stays progressive. Restart intervals are not written, and Huffman tables are made anew unless they
are the standard ones. The picture stays turned as it was stored, and EXIF's orientation says so:
turning it would move all blocks.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from methods._base import Text
from methods._saving.contract import MadeBy, SavedFile, Wish
from methods._saving.jpeg import coefficients
from methods._saving.jpeg.coefficients import Plane
from methods._saving.jpeg.fill import Counted, Placed, box_rows, fill_blocks, reached
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
    box = [plane[rows] for plane, rows in zip(read.planes, box_rows(layout, placed), strict=True)]
    before = [part.copy() for part in box]
    counted = fill_blocks(layout, replace(read, planes=box), placed)  # which sees no other rows
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
    again. before: of the box's rows; all others stand in `meant` as they were read. Raises Unkept
    where the blocks that the mask reaches are not as they were meant."""
    again, hits = coefficients.read(layout_of(written)).planes, reached(layout, placed)
    changed = 0
    for number, rows in enumerate(box_rows(layout, placed)):
        new, wanted, hit = again[number], meant[number], hits[number][rows]
        if not np.array_equal(new[rows][hit], wanted[rows][hit]):
            raise Unkept("broken")
        changed += _changed(before[number], new[rows], ~hit)
        for others in (slice(0, rows.start), slice(rows.stop, None)):
            changed += _changed(wanted[others], new[others])
    return changed


def _changed(old: Plane, new: Plane, counts: NDArray[np.bool_] | None = None) -> int:
    """In all blocks, or in those that count."""
    differs = (new.view(np.int64) != old.view(np.int64)).any(axis=-1)
    if counts is not None:
        differs &= counts
    return int(np.count_nonzero(new[differs] != old[differs]))
