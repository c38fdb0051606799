"""Cases: the prompts and the jobs on a photo, as a file that repeats them anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from methods import JSON, BadInput, Job, Mask, PlainJob, Text, get_eraser
from segmentation import (
    CasePhoto,
    Selection,
    are_run_lengths,
    list_segmenters,
    mask_of_runs,
    read_case,
    write_case,
)
from ui.common.requests import Prompts
from ui.service.answers import ImportAnswer
from ui.stores.masks import MaskUploads, read_upload
from ui.stores.photos import PhotoRecord
from ui.stores.runs import SavedRun

ANOTHER_PHOTO = Text("note.case.another_photo")


def export_case(
    record: PhotoRecord, prompts: Prompts, jobs: Sequence[Job], upload: Mask | None
) -> Mapping[str, JSON]:
    """The case as plain values. Raises UserError for an upload that is like noise."""
    photo = CasePhoto(
        name=record.name, sha256=record.sha256, width=record.width, height=record.height
    )
    return write_case(photo, prompts.with_mask(upload), jobs)


def case_of_run(saved: SavedRun, folder: Path) -> Mapping[str, JSON] | None:
    """The case of a finished run, from what stands in its run.json and its folder.

    None for a run of an older version of the program, and for a mask that is like noise.
    """
    record = PhotoRecord.from_json(saved["photo"])
    try:
        prompts = Prompts.model_validate({"photo": record.id, **saved["selection"]})
        jobs = [Job.from_plain(job) for job in saved["jobs"]]
        upload = None if prompts.upload is None else read_upload(folder / "upload.png")
        return export_case(record, prompts, jobs, upload)
    except (BadInput, ValidationError):
        return None


def import_case(data: object, record: PhotoRecord, uploads: MaskUploads) -> ImportAnswer:
    """Prompts, jobs and notes for the page. The uploaded mask is kept beside the photo.

    A mask's run lengths count as a case that selects them. Raises UserError for what is neither,
    or one of a photo of another size.
    """
    if are_run_lengths(data):
        return _of_runs(data, record, uploads)
    case = read_case(data)
    upload = case.upload((record.height, record.width))
    notes = [] if case.photo.sha256 == record.sha256 else [ANOTHER_PHOTO]
    segmenter = _known_segmenter(case.selection.segmenter, notes)
    jobs = [job for entry in case.jobs if (job := _usable(entry, notes)) is not None]
    if case.sweep is not None:
        notes.append(Text("note.case.sweep"))
    return {
        "prompts": {
            **case.selection.plain(),
            "upload": None if upload is None else uploads.put(record.id, upload),
            "segmenter": segmenter,
        },
        "jobs": jobs,
        "notes": [note.plain() for note in notes],
    }


def _of_runs(data: object, record: PhotoRecord, uploads: MaskUploads) -> ImportAnswer:
    """A mask's run lengths in place of a case: it alone is selected."""
    read = mask_of_runs(data, (record.height, record.width))
    upload = uploads.put(record.id, read.mask, read.notes)
    return {
        "prompts": Selection(upload=upload).plain(),
        "jobs": [],
        "notes": [note.plain() for note in read.notes],
    }


def _known_segmenter(name: str | None, notes: list[Text]) -> str | None:
    if name is None or name in {spec.id for spec in list_segmenters()}:
        return name
    notes.append(Text("note.case.unknown_segmenter", segmenter=name))
    return None


def _usable(job: Job, notes: list[Text]) -> PlainJob | None:
    """The job as the page gets it; None where its eraser cannot take it."""
    try:
        get_eraser(job.eraser).Settings.model_validate(job.settings)
    except (BadInput, ValidationError):
        notes.append(Text("note.case.unknown_eraser", eraser=job.eraser))
        return None
    return job.plain()
