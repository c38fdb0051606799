"""A figure's case from a run: the zip that the page gives, that zip unpacked, or the folder that
`python -m methods erase` has written. All of it may come from strangers."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from examples.figure.content import FigureCase
from examples.report.data import Report
from examples.report.labels import told_apart
from examples.rows import PhotoRef
from examples.running.cases import ENDINGS, Case, CaseTable, Opened
from examples.running.jobs import Choice, changed_or_all, name_of
from examples.running.records import Cell
from examples.running.work import RowResult
from methods import (
    BadInput,
    Photo,
    Verbatim,
    load_image,
    read_mask,
    readable,
    shown_name,
)
from segmentation import cell_name

SETTINGS, MASK = "settings.json", "mask.png"

MOST_SETTINGS = 2**24
MOST_MEMBERS = 200
MOST_MEMBER = 2**29
MOST_UNPACKED = 2**32
"""Bytes of settings.json, of one file in a zip, and of all of them."""


def case_of_run(folder: Path, photo: Path | None = None) -> FigureCase:
    """photo: where it is not in the folder. Raises BadInput where that is no run's folder."""
    said = _settings(folder / SETTINGS)
    described = said.get("photo")
    place = photo or _photo_in(folder, _jobs(said))
    name = described.get("name") if isinstance(described, dict) else None
    shown = readable(str(name or place.name))[:400]
    try:
        cells = told_apart(_numbered(list(_cells(said, folder))))
    except ValidationError as error:
        raise BadInput("figure_no_run", name=shown_name(folder, "")) from error
    case = Case(
        id=shown,
        photo=PhotoRef(shown, path=str(place.absolute())),
        mask=PhotoRef(MASK, path=str((folder / MASK).absolute())),
        title=Verbatim(shown),
    )
    report = Report(
        table=CaseTable(case.title, (case,)),
        choice=Choice(()),
        rows=[RowResult(case, cells)],
        remarks={},
    )
    (plain,) = report.plain()["cases"]
    key = _key(described)
    return FigureCase(plain, partial(_opened, place, folder / MASK, key), folder)


def _settings(file: Path) -> Mapping[str, object]:
    fault = BadInput("figure_no_run", name=shown_name(file.parent, ""))
    try:
        if file.stat().st_size > MOST_SETTINGS:
            raise fault
        said = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise fault from error
    if not isinstance(said, dict):
        raise fault
    return said


def _jobs(said: Mapping[str, object]) -> list[Mapping[str, object]]:
    """The page calls them jobs, the command line results."""
    jobs = said.get("jobs", said.get("results"))
    if not isinstance(jobs, list) or not all(isinstance(job, dict) for job in jobs):
        return []
    return jobs


def _cells(said: Mapping[str, object], folder: Path) -> Iterator[Cell]:
    for job in _jobs(said):
        eraser, settings = str(job.get("eraser", "")), job.get("settings")
        error = job.get("error")
        fault = error if isinstance(error, dict) else job
        done = job.get("state") == "done" and isinstance(job.get("file"), str)
        axes = job.get("axes")
        made = {
            **job,
            "id": eraser + (cell_name(axes) if isinstance(axes, dict) else ""),
            "axes": axes or {},
            "name": job.get("name") or name_of(eraser),
            "state": "done" if done else "failed" if job.get("state") == "failed" else "stopped",
            "file": _inside(str(job.get("file", "")), folder),
            "changed_settings": changed_or_all(
                eraser, settings if isinstance(settings, dict) else {}
            ),
            "code": fault.get("code", ""),
            "text": fault.get("text", ""),
            "details": {},
            "said": fault.get("said", {}),
        }
        yield Cell.model_validate(made)


def _inside(name: str, folder: Path) -> str:
    """A file's name, if it lies in the folder; nothing else is ever opened."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise BadInput("figure_no_run", name=shown_name(folder, ""))
    return name


def _numbered(cells: Sequence[Cell]) -> list[Cell]:
    """An eraser's second result has another id than the first."""
    counts: dict[str, int] = {}
    numbered = []
    for cell in cells:
        counts[cell.id] = counts.get(cell.id, 0) + 1
        end = f"-{counts[cell.id]}" if counts[cell.id] > 1 else ""
        numbered.append(cell.model_copy(update={"id": cell.id + end}))
    return numbered


def _photo_in(folder: Path, jobs: Sequence[Mapping[str, object]]) -> Path:
    """The one picture that is neither the mask nor a result."""
    ours = {MASK, *(str(job.get("file")) for job in jobs)}
    found = [
        path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in ENDINGS and path.name not in ours and path.is_file()
    ]
    if len(found) != 1:
        raise BadInput("figure_photo_missing", name=shown_name(folder, ""))
    return found[0]


def _key(described: object) -> str | None:
    """The hash of the photo's pixels, under the name that the page or the command line has."""
    if not isinstance(described, dict):
        return None
    key = described.get("pixels_sha256", described.get("key"))
    return key if isinstance(key, str) else None


def _opened(place: Path, mask: Path, key: str | None) -> Opened:
    photo: Photo = load_image(place)
    if key is not None and photo.key != key:
        raise BadInput("figure_other_photo", name=shown_name(place, ""))
    return Opened(photo, read_mask(mask, photo.size, name=MASK).mask, None)


# --- a zip -------------------------------------------------------------------------------


def unpack(file: Path, folder: Path) -> Path:
    """A run's zip into an empty folder, which is returned. Raises BadInput for what is none, and
    for one that would take too much room."""
    fault = BadInput("figure_no_run", name=shown_name(file, ""))
    try:
        with zipfile.ZipFile(file) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            sizes = [one.file_size for one in members]
            if len(members) > MOST_MEMBERS or max(sizes, default=0) > MOST_MEMBER:
                raise fault
            if sum(sizes) > MOST_UNPACKED:
                raise fault
            for member in members:
                if _is_wanted(member.filename):
                    archive.extract(member, folder)  # never out of the folder
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as error:
        raise fault from error
    return folder


def _is_wanted(name: str) -> bool:
    return name == SETTINGS or Path(name).suffix.lower() in ENDINGS
