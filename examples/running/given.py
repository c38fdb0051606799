"""Results that were made elsewhere, brought to the photo's size and held against the photo.

Nothing here runs them: they come from a folder of whoever runs the program (see
`methods.GivenResults`), so they have neither seconds nor memory. As given, what they change outside
of the mask is counted; pasted back, it is the photo's own pixels, as with every eraser.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from examples.rows import Table
from examples.running.records import Cell
from methods import (
    BadInput,
    GivenResults,
    Image,
    Limits,
    Mask,
    Photo,
    Text,
    UserError,
    Verbatim,
    changed_outside,
    flattened,
    list_given,
    load_image,
    read_source,
)

OF_PASTED = "--pasted-back"
"""At the end of a cell's id: given, and pasted back."""

STRETCHED = 0.01
"""By which the shapes may differ, as methods do that round to what their networks take."""

Alpha = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Column:
    """Such results in a table. pasted: outside of the mask they are the photo's pixels."""

    results: GivenResults
    pasted: bool = False

    @property
    def id(self) -> str:
        """Of its cells."""
        return f"{self.results.id}{OF_PASTED if self.pasted else ''}"


def columns_of(ids: Iterable[str], as_given: bool, pasted: bool) -> tuple[Column, ...]:
    """The columns of these results, in their order: as given, pasted back, or both. What is no
    such id is left out. Raises BadInput for what cannot be used."""
    known = {results.id: results for results in list_given()}
    chosen = [known[name] for name in dict.fromkeys(ids) if name in known]
    for results in chosen:
        check_given(results)
    ways = [way for way, wanted in ((False, as_given), (True, pasted)) if wanted]
    return tuple(Column(results, way) for results in chosen for way in ways)


def check_given(results: GivenResults) -> None:
    """Raises BadInput for what cannot be used: its manifest, or its folder."""
    if results.fault is not None:
        raise BadInput("given_fault", title=results.id, why=results.fault)
    if not results.folder.is_dir():
        raise BadInput("given_folder", title=results.name, file=results.file.name)


def note_on(results: GivenResults) -> Table:
    """What a report says of such a column: whose it is, its licence, and what its owner notes."""
    limits = [Text("report.given_non_commercial")] if results.non_commercial else []
    license_ = Text("report.given_license", license=results.license)
    about = [] if results.summary is None else [results.summary]
    if results.paper is not None:
        about.append(Verbatim(f"{results.paper.title} ({results.paper.year})"))
    note = Text("report.given_hint")
    for more in (*about, license_, *limits, *results.notes):
        note = Text("report.side_by_side", first=note, then=more)
    url = "" if results.paper is None else results.paper.url
    return Table(id=results.id, title=Verbatim(results.name), note=note, document=url)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A file as it lies in the folder. name: for sentences."""

    data: bytes
    name: str

    def key(self, picture: str, pasted: bool) -> str:
        """SHA-256 of what its cell depends on. picture: what stands for photo, mask and name."""
        digest = hashlib.sha256(f"given 1 {picture} {pasted} ".encode())
        digest.update(self.data)
        return digest.hexdigest()


def source_of(results: GivenResults, row: str, photo: str) -> Source:
    """The file of a row. photo: the name of its photo's file. Raises BadInput: "not_given" where
    there is none, and what keeps it from being read."""
    file = results.picture(row, photo)
    if file is None:
        wanted = results.wanted(row, photo)
        raise BadInput("not_given", title=results.name, file=wanted[:200])
    return Source(read_source(file, file.name, Limits.from_environment()), file.name)


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """A result of the photo's size. rgb: (H, W, 3) uint8; alpha: (H, W) uint8 where the photo has
    transparency. changed_outside: pixels outside of the mask that are not the photo's. notes: what
    was done to it."""

    rgb: Image
    alpha: Alpha | None
    changed_outside: int
    notes: tuple[Text, ...]


def given(source: Source, photo: Photo, mask: Mask, pasted: bool) -> Given:
    """The file as a result of this photo. Raises UserError: no picture, or of another shape."""
    found = load_image(source.data, name=source.name)
    rgb, alpha, notes = _laid(*_sized(found, photo), photo)
    if pasted:
        rgb = np.where(mask[:, :, None], rgb, photo.rgb)
        if alpha is not None and photo.alpha is not None:
            alpha = np.where(mask, alpha, photo.alpha)
    before, after = (_layers(*each, photo) for each in ((photo.rgb, photo.alpha), (rgb, alpha)))
    changed = changed_outside(before, after, mask)
    told = [*_of_size(found, photo), *notes]
    if changed and found.format.lower() == "jpeg":
        told.append(Text("note.given.jpeg"))
    return Given(rgb, alpha, changed, tuple(told))


def _sized(found: Photo, photo: Photo) -> tuple[Image, Alpha | None]:
    """At the photo's size. Raises BadInput for another shape."""
    if found.size == photo.size:
        return found.rgb, found.alpha
    (height, width), (wanted_height, wanted_width) = found.size, photo.size
    across, down = width * wanted_height, height * wanted_width
    if abs(across - down) > STRETCHED * max(across, down):
        raise BadInput(
            "given_shape",
            file=found.name,
            width=width,
            height=height,
            photo_width=wanted_width,
            photo_height=wanted_height,
        )
    how = cv2.INTER_AREA if _is_larger(found, photo) else cv2.INTER_CUBIC
    size = wanted_width, wanted_height
    rgb = np.asarray(cv2.resize(found.rgb, size, interpolation=how), np.uint8)
    if found.alpha is None:
        return rgb, None
    return rgb, np.asarray(cv2.resize(found.alpha, size, interpolation=how), np.uint8)


def _laid(
    rgb: Image, alpha: Alpha | None, photo: Photo
) -> tuple[Image, Alpha | None, tuple[Text, ...]]:
    """With the transparency that the photo has: of an opaque one none."""
    if photo.alpha is not None:
        return rgb, np.full(photo.size, 255, np.uint8) if alpha is None else alpha, ()
    if alpha is None:
        return rgb, None, ()
    return flattened(rgb, alpha, photo.ground), None, (Text("note.given.alpha"),)


def _of_size(found: Photo, photo: Photo) -> Iterator[Text]:
    if found.size != photo.size:
        height, width = found.size
        if _is_larger(found, photo):
            yield Text("note.given.larger", width=width, height=height)
        else:
            yield Text("note.given.smaller", width=width, height=height)


def _is_larger(found: Photo, photo: Photo) -> bool:
    return found.size[0] * found.size[1] > photo.size[0] * photo.size[1]


def _layers(rgb: Image, alpha: Alpha | None, photo: Photo) -> Image:
    """What is seen, (H, W, 3), and of a photo with transparency that, too: (H, W, 4)."""
    seen = flattened(rgb, alpha, photo.ground)
    return seen if alpha is None else np.dstack((seen, alpha))


def cell_of(column: Column, made: Given | UserError) -> Cell:
    """The cell as far as it is known without a folder: done; absent where nothing was given; failed
    where that cannot be used."""
    cell = Cell(
        id=column.id,
        eraser=column.results.id,
        name=column.results.name,
        state="done",
        given="pasted_back" if column.pasted else "as_given",
    )
    if isinstance(made, Given):
        cell.changed_outside = made.changed_outside
        cell.result_notes = [note.plain() for note in made.notes]
        return cell
    cell.state = "absent" if made.code == "not_given" else "failed"
    cell.code, cell.text = made.code, str(made.sentence)
    cell.said, cell.details = made.sentence.plain(), dict(made.details)
    return cell
