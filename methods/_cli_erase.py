"""`python -m methods erase`: select on the command line, erase, write lossless files."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from methods._base import BadInput, Mask, WeightFile
from methods._cli import (
    DONE,
    FAILED,
    Bars,
    complain,
    megabytes,
    say,
    say_json,
    settings_for,
    use_local_files,
)
from methods._device import StopToken
from methods._events import Failed, Finished
from methods._photo import Photo, load_image, load_mask, png_bytes
from methods._registry import get_eraser, list_erasers, settings_of
from methods._runner import Job, run

if TYPE_CHECKING:
    from segmentation import PromptedObject


@dataclass(frozen=True, slots=True)
class Case:
    """What is to be erased from which photo, and how it was said."""

    photo: Photo
    mask: Mask
    description: dict[str, Any]


def erase(args: argparse.Namespace) -> int:
    """The command `erase`."""
    use_local_files(args.weights)
    ids = args.erasers or [spec.id for spec in list_erasers() if spec.default]
    chosen = settings_for(ids, args.set)
    # Unknown names and settings are said before any time is spent on the photo.
    jobs = [Job(name, settings_of(get_eraser(name), chosen[name]), args.seed) for name in ids]
    files = {name: args.out / f"{name}.png" for name in ids}
    others = [args.out / "mask.png", args.out / "settings.json"]
    _spare_inputs([args.photo, args.mask], [*files.values(), *others])
    case = _case(args)
    _make_folder(args.out)
    return _run_and_write(args, jobs, case, files)


def _spare_inputs(inputs: Sequence[Path | None], outputs: Sequence[Path]) -> None:
    """Refuse to write over what was given, whatever it is called or linked to."""
    for source in inputs:
        for target in outputs:
            if source and source.exists() and target.exists() and source.samefile(target):
                text = (
                    f"The result would overwrite your file {source.name}."
                    " Choose another folder with --out."
                )
                raise BadInput(text, "would_overwrite", file=source.name)


# --- the mask ----------------------------------------------------------------------------


def _case(args: argparse.Namespace) -> Case:
    if not args.prompts and args.mask is None:
        text = "Say what to erase: --point X,Y, --box X0,Y0,X1,Y1, or --mask FILE."
        raise BadInput(text, "nothing_selected")
    photo = load_image(args.photo)
    for note in photo.notes:
        complain(note.en)
    mask = np.zeros(photo.size, dtype=bool)
    if args.mask is not None:
        mask |= load_mask(args.mask, photo.size)
    objects = _objects(args.prompts, args.level)
    segmenter_id = _segmenter_id(args.segmenter) if objects else None
    if segmenter_id:
        mask |= _selected(photo, objects, segmenter_id, args.offline)
    if args.dilate:
        from segmentation import dilate

        mask = dilate(mask, args.dilate)
    height, width = photo.size
    description = {
        "photo": {"name": args.photo.name, "width": width, "height": height, "key": photo.key},
        "objects": [prompted.model_dump(mode="json") for prompted in objects],
        "segmenter": segmenter_id,
        "mask_file": args.mask.name if args.mask else None,
        "dilate": args.dilate,
        "masked_pixels": int(np.count_nonzero(mask)),
    }
    return Case(photo, mask, description)


def _objects(
    prompts: Sequence[tuple[str, tuple[float, ...]]], level: int | None
) -> list[PromptedObject]:
    """One object for each box, with the points that follow it; points before the first
    box belong to the first object."""
    from segmentation import Box, Point, PromptedObject

    groups: list[tuple[list[Point], list[Box]]] = []
    for kind, values in prompts:
        if not groups or (kind == "box" and groups[-1][1]):
            groups.append(([], []))
        points, boxes = groups[-1]
        if kind == "box":
            boxes.append(Box(**dict(zip(("x0", "y0", "x1", "y1"), values, strict=True))))
        else:
            x, y, *label = values
            points.append(Point.model_validate({"x": x, "y": y, "label": (label or [1])[0]}))
    return [
        PromptedObject.model_validate(
            {"points": tuple(points), "box": boxes[0] if boxes else None, "level": level}
        )
        for points, boxes in groups
    ]


def _segmenter_id(wanted: str | None) -> str:
    """The one that was asked for, or the preferred one."""
    from segmentation import list_segmenters

    known = [spec.id for spec in list_segmenters()]
    if wanted is not None and wanted not in known:
        text = f"There is no segmenter '{wanted[:80]}'. Choose from: {', '.join(known)}."
        raise BadInput(text, "unknown_segmenter", known=", ".join(known))
    return wanted or known[0]


def _selected(
    photo: Photo, objects: list[PromptedObject], segmenter_id: str, offline: bool
) -> Mask:
    from segmentation import get_segmenter, list_segmenters, select

    for spec in list_segmenters():
        if spec.id == segmenter_id and not offline:
            _fetch(spec.weights)
    segmenter = get_segmenter(segmenter_id, fetch_missing=not offline)
    embedding = segmenter.encode(photo.rgb, photo.key)
    return select(segmenter, embedding, objects).mask


def _fetch(weights: Sequence[WeightFile]) -> None:
    from methods._weight_console import console_progress
    from methods._weights import fetch, find_weights

    for weight in weights:
        if find_weights(weight) is None:
            with console_progress(weight.name, weight.size) as progress:
                fetch(weight, progress)


# --- the run -----------------------------------------------------------------------------


def _run_and_write(
    args: argparse.Namespace, jobs: list[Job], case: Case, files: dict[str, Path]
) -> int:
    token = StopToken()
    outcomes: list[dict[str, Any]] = []
    try:
        with Bars([job.eraser for job in jobs]) as bars:
            for event in run(
                jobs, case.photo.rgb, case.mask, token=token, fetch_missing=not args.offline
            ):
                bars.show(event)
                if isinstance(event, Finished | Failed):
                    job = jobs[event.index]
                    outcome = _outcome(event, job, case, files[job.eraser])
                    outcomes.append(outcome)
                    _tell(outcome, args.json)
    finally:
        token.stop()
    report = {**case.description, "results": outcomes}
    _write(args.out / "mask.png", _mask_png(case.mask))
    _write(args.out / "settings.json", _json_bytes(report))
    if args.json:
        say_json(report)
    return DONE if all(outcome["state"] == "done" for outcome in outcomes) else FAILED


def _outcome(event: Finished | Failed, job: Job, case: Case, file: Path) -> dict[str, Any]:
    """One result in plain values; a finished one is written first."""
    if isinstance(event, Failed):
        return {"eraser": job.eraser, "state": "failed", "code": event.code, "text": event.text}
    _write(file, png_bytes(event.image, case.photo.alpha))
    return {
        "eraser": job.eraser,
        "state": "done",
        "file": file.name,
        "seed": event.seed,
        "settings": event.settings,
        "weights": event.weights,
        "device": event.device,
        "load_seconds": round(event.load_seconds, 3),
        "erase_seconds": round(event.erase_seconds, 3),
        "peak_memory": event.peak_memory,
        "memory_kind": event.memory_kind,
        "changed_outside": event.changed_outside,
    }


def _tell(outcome: dict[str, Any], as_json: bool) -> None:
    """One line on the result; with --json only failures, on standard error."""
    name = f"{outcome['eraser']:<14}"
    if outcome["state"] == "failed":
        complain(f"{name} failed: {outcome['text']}")
    elif not as_json:
        seconds = f"{outcome['erase_seconds']:7.2f} s"
        memory = f"{megabytes(outcome['peak_memory']):>8}"
        say(f"{name} {seconds} {memory}   {outcome['file']}")


# --- files -------------------------------------------------------------------------------


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        text = f"The folder {folder.name} cannot be made: {reason}. Choose another with --out."
        raise BadInput(text, "cannot_write", file=folder.name) from error


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all: written beside its place and moved there."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        reason = error.strerror or type(error).__name__
        text = f"{file.name} cannot be written: {reason}. Choose another folder with --out."
        raise BadInput(text, "cannot_write", file=file.name) from error


def _mask_png(mask: Mask) -> bytes:
    from segmentation import mask_png

    return mask_png(mask)


def _json_bytes(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
