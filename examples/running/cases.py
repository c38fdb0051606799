"""The cases of a table: the documents' rows, the stand-ins, or a folder of anyone's photos.

In a folder, NAME.jpg (or any other format that the program reads) with NAME-mask.png is a case;
NAME-mask-2.png and further ones make further cases of the same photo, as LaMa's own NAME_mask.png
and NAME_mask001.png do. NAME-truth.jpg is the photo without the object, where that is known. A
mask is white where something is to be erased.
What is wrong with a case is found out when it is opened, so that the others can go on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from examples.remote import bring
from examples.rows import (
    NOTHING,
    PhotoRef,
    Row,
    Table,
    document_rows,
    document_tables,
    stand_in_rows,
    stand_in_table,
)
from methods import (
    BadInput,
    Image,
    Mask,
    Photo,
    SettingValue,
    Text,
    Verbatim,
    check_mask,
    flattened,
    load_image,
    read_mask,
    readable,
)
from segmentation import dilate

ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
ENDINGS |= {".heic", ".heif", ".avif"}  # as load_image
_PART = re.compile(
    r"(?P<name>.+)[-_](?P<kind>mask|truth|object|cut)(?P<number>[-_]?\d+)?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row of a table to be run.

    id: unique in its table. missing: why it cannot be opened at all. shown: results of others
    that the row shows (the document's own), by their caption. eraser, settings: run beside
    the chosen erasers, with exactly these settings. dilate: pixels by which the mask grows, where
    a sweep asks for it; base: the id of the case that it has been made of then.
    """

    id: str
    photo: PhotoRef
    mask: PhotoRef | None
    truth: PhotoRef | None = None
    title: Text = NOTHING
    problem: Text | None = None
    remark: Text = NOTHING
    settings_note: Text = NOTHING
    credit: str = ""
    eraser: str = ""
    settings: Mapping[str, SettingValue] = field(default_factory=dict)
    shares: tuple[str, ...] = ()
    stand_ins: tuple[str, ...] = ()
    shown: tuple[tuple[Text, PhotoRef], ...] = ()
    missing: BadInput | None = None
    base: str = ""
    dilate: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A case's pictures. mask_notes: how its mask was read, where that is not plain."""

    photo: Photo
    mask: Mask
    truth: Image | None
    mask_notes: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseTable:
    """What is run and reported as one. notes: on its parts, where it has several."""

    title: Text
    cases: tuple[Case, ...]
    notes: tuple[Table, ...] = ()


# --- the tables --------------------------------------------------------------------------


def documents() -> CaseTable:
    """The documents' rows, each with its own eraser and settings."""
    title = Text("case.documents")
    cases = tuple(case_of(row) for row in document_rows())
    return CaseTable(title, cases, document_tables())


def stand_ins() -> CaseTable:
    """The cases that come with the program."""
    table = stand_in_table()
    return CaseTable(table.title, tuple(case_of(row) for row in stand_in_rows()), (table,))


NAMED: Mapping[str, Callable[[], CaseTable]] = {"documents": documents, "stand_ins": stand_ins}


def table_named(name: str) -> CaseTable:
    """The table of that name, or the cases of the folder. Raises BadInput."""
    return NAMED[name]() if name in NAMED else of_folder(Path(name))


def substitutes(unreachable: Iterable[Case]) -> tuple[Case, ...]:
    """The stand-ins of cases whose pictures the network refused, each once."""
    wanted = {name for case in unreachable for name in case.stand_ins}
    return tuple(case for case in stand_ins().cases if case.id in wanted)


DOCUMENT_RESULT = Text("case.document_result")
DOCUMENT_DETAIL = Text("case.document_detail")


def case_of(row: Row) -> Case:
    """A row as a case."""
    shown = (DOCUMENT_RESULT, row.documents_result), (DOCUMENT_DETAIL, row.detail)
    return Case(
        id=row.id,
        photo=row.photo,
        mask=row.mask,
        truth=row.truth,
        title=row.title,
        problem=row.problem,
        remark=row.remark,
        settings_note=row.settings_note,
        credit=row.credit,
        eraser=row.eraser,
        settings=row.settings,
        shares=row.shares,
        stand_ins=row.stand_ins,
        shown=tuple((caption, ref) for caption, ref in shown if ref is not None),
    )


def of_folder(folder: Path) -> CaseTable:
    """The cases of a folder, by name. Raises BadInput where there is none."""
    try:
        files = [path for path in folder.iterdir() if _may_be_a_picture(path)]
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadInput("no_such_file.folder", name=folder.name, reason=reason) from error
    files.sort(key=lambda path: (path.stem, path.suffix))  # "a-mask" before "a-mask-2"
    cases = tuple(_of_files(files))
    if not cases:
        raise BadInput("nothing_named.folder", folder=folder.name)
    return CaseTable(Verbatim(readable(folder.name)), cases)


def _may_be_a_picture(path: Path) -> bool:
    """Not what a system leaves behind: a Mac's ._NAME.jpg beside each file, folders of previews."""
    hidden = path.name.startswith(".")
    return path.suffix.lower() in ENDINGS and not hidden and path.is_file()


def _of_files(files: list[Path]) -> Iterator[Case]:
    parts: dict[tuple[str, str], list[Path]] = {}
    stems = {path.stem for path in files}
    masked = _masked(stems)  # a photo may itself be called like a mask
    photos = []
    for path in files:
        found = _PART.fullmatch(path.stem)
        if found is None or (path.stem in masked and found["name"] not in stems):
            photos.append(path)
        elif found["name"] in stems:
            parts.setdefault((found["name"], found["kind"].lower()), []).append(path)
        elif found["kind"].lower() == "mask":
            yield _without_photo(path, found["name"])
    for photo in photos:
        masks: list[Path | None] = [*parts.get((photo.stem, "mask"), [])]
        truth = next(iter(parts.get((photo.stem, "truth"), [])), None)
        for mask in masks or [None]:
            yield _of_pair(photo, mask, truth, twice=_twice(photo, photos))


def _masked(stems: Iterable[str]) -> set[str]:
    """The names for which there is a mask."""
    parts = (found for stem in stems if (found := _PART.fullmatch(stem)) is not None)
    return {part["name"] for part in parts if part["kind"].lower() == "mask"}


def _without_photo(mask: Path, name: str) -> Case:
    missing = BadInput("case_without_photo", name=readable(mask.name), stem=readable(name))
    shown = Verbatim(readable(mask.stem))
    return Case(id=readable(mask.stem), photo=_ref(mask), mask=None, title=shown, missing=missing)


def _twice(photo: Path, photos: list[Path]) -> bool:
    """Whether another photo has the same name in another format."""
    return sum(other.stem == photo.stem for other in photos) > 1


def _of_pair(photo: Path, mask: Path | None, truth: Path | None, twice: bool) -> Case:
    name = readable(photo.name if twice else photo.stem)
    end = _number(mask) if mask else ""
    missing = None
    if mask is None:
        stem = readable(photo.stem)
        missing = BadInput("case_without_mask", name=readable(photo.name), stem=stem)
    return Case(
        id=f"{name}{end}",
        photo=_ref(photo),
        mask=_ref(mask) if mask else None,
        truth=_ref(truth) if truth else None,
        title=Verbatim(f"{name}{end}"),
        missing=missing,
    )


def _number(mask: Path) -> str:
    """What sets apart several masks of a photo: "-2" of a-mask-2, "-001" of LaMa's a_mask001."""
    found = _PART.fullmatch(mask.stem)
    digits = re.sub(r"\D", "", found["number"] or "") if found else ""
    return f"-{digits}" if digits else ""


def _ref(path: Path) -> PhotoRef:
    return PhotoRef(readable(path.name), path=str(path.absolute()))


# --- opening a case ----------------------------------------------------------------------


def open_case(
    case: Case,
    *,
    accept_changed: bool = False,
    should_stop: Callable[[], bool] | None = None,
) -> Opened:
    """Its pictures, fetched where they are links. Raises UserError with a sentence."""
    if case.missing is not None or case.mask is None:
        raise case.missing or BadInput("mask_empty.no_mask")
    get = partial(bring, accept_changed=accept_changed, should_stop=should_stop)
    photo = load_image(get(case.photo), name=case.photo.name)
    read = read_mask(get(case.mask), photo.size, name=case.mask.name)
    mask = read.mask if case.dilate is None else dilate(read.mask, case.dilate)
    check_mask(photo.rgb, mask)
    truth = None
    if case.truth is not None:
        clean = load_image(get(case.truth), name=case.truth.name)
        truth = flattened(clean.rgb, clean.alpha, photo.ground)
        if truth.shape != photo.rgb.shape:
            raise _truth_size(case.truth, truth, photo.rgb)
    return Opened(photo, mask, truth, read.notes)


def _truth_size(ref: PhotoRef, truth: Image, photo: Image) -> BadInput:
    return BadInput(
        "truth_size",
        truth_width=truth.shape[1],
        truth_height=truth.shape[0],
        photo_width=photo.shape[1],
        photo_height=photo.shape[0],
        truth=ref.name,
    )
