"""`python -m methods erase`: select on the command line, erase, write lossless files."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Required, TypedDict

import numpy as np

from methods import (
    ENGLISH,
    Executor,
    Failed,
    Finished,
    Job,
    Judge,
    Judged,
    Mask,
    Photo,
    PlainReading,
    PlainText,
    SettingValue,
    StopToken,
    Text,
    default_erasers,
    demand_agreed,
    get_eraser,
    load_image,
    make_executor,
    note_pace,
    readable,
    settings_of,
)
from ui.cli.erase.files import (
    json_bytes,
    make_folder,
    result_files,
    spare_inputs,
    write,
    write_mask,
)
from ui.cli.erase.going_on import limits_of, taken_up
from ui.cli.erase.saving import Saved, Saver, possible_files, saver_for
from ui.cli.erase.select import case_of, picked, read_case_file, selected
from ui.cli.erase.sweeping import (
    cell_words,
    mask_file,
    sweep_asked,
    tell_cells,
    tell_expected,
)
from ui.cli.judge import Asked, numbers_asked, tell_readings
from ui.cli.judging import ENTRY, judge_for
from ui.cli.output import (
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

if TYPE_CHECKING:
    from segmentation import Case, Sweep, SweepCell, SweepPart
    from ui.stores.continuing import Continued


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be erased from which photo, and how it was said. parts: the cells with their
    masks, which differ where dilations are swept."""

    photo: Photo
    parts: tuple[tuple[SweepPart, Mask], ...]
    description: dict[str, object]
    saver: Saver


class Outcome(TypedDict, total=False):
    """What the report says of one job. axes: of a sweep, where it stands. code, text, printed: only
    of a failed one; what follows them: only of one that is done. printed: the last lines of an
    owner's own program."""

    eraser: Required[str]
    state: Required[str]
    axes: dict[str, SettingValue]
    code: str
    text: str
    printed: str
    file: str
    saved: Saved
    seed: int
    settings: dict[str, SettingValue]
    weights: dict[str, str]
    device: str
    load_seconds: float
    erase_seconds: float
    pieces: int
    peak_memory: int
    memory_kind: str
    changed_outside: int
    notes: list[PlainText]
    readings: list[PlainReading]


def erase(args: argparse.Namespace) -> int:
    """The command `erase`, of one photo."""
    if args.dry_run:
        return tell_plan(args)
    with make_executor() as executor:
        report = erased(args, executor)
    if args.json:
        say_json(report)
    return DONE if all_done(report) else FAILED


def tell_plan(args: argparse.Namespace, photos: int = 1) -> int:
    """What would be run, and about how long that takes, on so many photos."""
    tell_cells(planned(args), args.json, photos)
    return DONE


def planned(args: argparse.Namespace) -> tuple[SweepCell, ...]:
    """What is run on each photo. Raises BadInput for unknown names, settings and values."""
    from segmentation import cells_of

    given = read_case_file(args)
    sweep = sweep_asked(args, given)
    return cells_of(sweep, _jobs(args, given, sweep))


def all_done(report: Mapping[str, object]) -> bool:
    """Whether every eraser of the report has a result."""
    results = report["results"]
    return isinstance(results, list) and all(each["state"] == "done" for each in results)


def erased(args: argparse.Namespace, executor: Executor) -> dict[str, object]:
    """One photo erased from, its files written: the report that settings.json holds."""
    from segmentation import cells_of, parts_of

    use_local_files(args.weights)
    found = taken_up(args)
    given = read_case_file(args)
    # Unknown names and settings are said before any time is spent on the photo.
    sweep = sweep_asked(args, given)
    jobs = _jobs(args, given, sweep)
    cells = cells_of(sweep, jobs)
    demand_agreed((cell.job.eraser for cell in cells), args.agree)
    parts = parts_of(cells)
    files = result_files(args.out, cells)
    others = [args.out / mask_file(part) for part in parts]
    inputs = [args.photo, args.mask, args.case, args.truth]
    outputs = [*possible_files(files), *others, args.out / "mask.png", args.out / "settings.json"]
    spare_inputs(inputs, outputs)
    subject = _subject(args, given, jobs, sweep, parts, found)
    asked = numbers_asked(args, subject.photo)
    if sweep is not None:
        complain(tell_expected(cells))
    make_folder(args.out)
    return _run_and_write(args, executor, subject, files, asked)


def _jobs(args: argparse.Namespace, given: Case | None, sweep: Sweep | None) -> list[Job]:
    """--erasers, else the jobs of the case, else those that are swept, else the default set; --set
    and --seed apply to all."""
    if given is not None and given.jobs and not args.erasers:
        wanted = [(job.eraser, job.settings, job.seed) for job in given.jobs]
    else:
        swept = list(sweep.erasers()) if sweep is not None else []
        ids = args.erasers or swept or [spec.id for spec in default_erasers()]
        wanted = [(name, {}, 0) for name in ids]
    changes = settings_for(list(dict.fromkeys(name for name, _, _ in wanted)), args.set)
    return [
        Job(
            name,
            settings_of(get_eraser(name), {**settings, **changes[name]}).model_dump(mode="json"),
            seed if args.seed is None else args.seed,
        )
        for name, settings, seed in wanted
    ]


# --- the photo and its mask --------------------------------------------------------------


def _subject(
    args: argparse.Namespace,
    given: Case | None,
    jobs: Sequence[Job],
    sweep: Sweep | None,
    parts: Sequence[SweepPart],
    found: Continued | None,
) -> Subject:
    photo = load_image(args.photo, limits=limits_of(found))
    for note in photo.notes:
        complain(note.en)
    asked = picked(args, given, photo)
    shapes = [part.shape(asked.selection.shape) for part in parts]
    selections, segmenter_id, asked = selected(asked, photo, shapes, offline=args.offline)
    masks = [selection.mask for selection in selections]
    height, width = photo.size
    description: dict[str, object] = {
        "photo": {
            "name": readable(args.photo.name),
            "width": width,
            "height": height,
            "key": photo.key,
        },
        "objects": [prompted.model_dump(mode="json") for prompted in asked.selection.objects],
        "segmenter": segmenter_id,
        "mask_file": asked.mask_file,
        "mask_notes": [note.plain() for note in asked.mask_notes],
        "dilate": shapes[0].dilate,
        "masked_pixels": int(np.count_nonzero(masks[0])),
        "case": case_of(asked, segmenter_id, photo, args.photo, jobs, sweep),
    }
    if found is not None:
        description["chain"] = found.chain.plain()
    if sweep is not None:
        description["sweep"] = sweep.model_dump(mode="json")
    saver = saver_for(args, found)
    return Subject(photo, tuple(zip(parts, masks, strict=True)), description, saver)


# --- the run -----------------------------------------------------------------------------


def _run_and_write(
    args: argparse.Namespace,
    executor: Executor,
    subject: Subject,
    files: Sequence[Path],
    asked: Asked | None,
) -> dict[str, object]:
    token = StopToken()
    outcomes: dict[int, Outcome] = {}
    try:
        judge = None
        if asked is not None:
            judge = judge_for(asked.wanted, asked.truth, executor.helper(ENTRY))
        for part, mask in subject.parts:
            _run_part(args, executor, subject, part, mask, files, judge, token, outcomes)
    finally:
        token.stop()
    results = [outcomes[index] for index in sorted(outcomes)]
    report = {**subject.description, "results": results}
    _write_masks(args.out, subject)
    write(args.out / "settings.json", json_bytes(report))
    return report


def _run_part(
    args: argparse.Namespace,
    executor: Executor,
    subject: Subject,
    part: SweepPart,
    mask: Mask,
    files: Sequence[Path],
    judge: Judge | None,
    token: StopToken,
    outcomes: dict[int, Outcome],
) -> None:
    """The cells that share a mask; what becomes of them goes into `outcomes`."""
    with Bars([job.eraser for job in part.jobs]) as bars:
        for event in executor.run(
            part.jobs,
            subject.photo.rgb,
            mask,
            alpha=subject.photo.alpha,
            token=token,
            fetch_missing=not args.offline,
            judge=judge,
        ):
            bars.show(event)
            if isinstance(event, Finished | Failed):
                cell, number = part.cells[event.index], part.first + event.index
                keep = partial(subject.saver.write, files[number], mask=mask)
                outcomes[number] = _outcome(event, cell, keep)
                _tell(outcomes[number], cell_words(cell), args.json)
            if isinstance(event, Judged):
                words = cell_words(part.cells[event.index])
                _take_readings(event, outcomes[part.first + event.index], words, args)


def _write_masks(folder: Path, subject: Subject) -> None:
    """mask.png is the only mask, or the first."""
    for part, mask in subject.parts:
        write_mask(folder / mask_file(part), mask)
    write_mask(folder / "mask.png", subject.parts[0][1])


def _take_readings(event: Judged, outcome: Outcome, words: str, args: argparse.Namespace) -> None:
    """The numbers of a result, into the report and, in words, onto the screen."""
    outcome["readings"] = [reading.plain() for reading in event.readings]
    if not args.json:
        tell_readings(words, event.readings, with_truth=args.truth is not None)


def _outcome(
    event: Finished | Failed, cell: SweepCell, keep: Callable[[Finished, str], tuple[Path, Saved]]
) -> Outcome:
    """One result in plain values; a finished one is written first."""
    eraser = cell.job.eraser
    begun: Outcome = {"eraser": eraser, "state": "failed"}
    if cell.axes:
        begun["axes"] = dict(cell.axes)
    if isinstance(event, Failed):
        printed = str(event.details.get("printed", ""))
        more: Outcome = {**begun, "code": event.code, "text": event.text}
        return {**more, "printed": printed} if printed else more
    note_pace(eraser, event)
    file, saved = keep(event, eraser)
    return {
        **begun,
        "state": "done",
        "file": file.name,
        "saved": saved,
        "seed": event.seed,
        "settings": event.settings,
        "weights": event.weights,
        "device": event.device,
        "load_seconds": round(event.load_seconds, 3),
        "erase_seconds": round(event.erase_seconds, 3),
        "pieces": event.pieces,
        "peak_memory": event.peak_memory,
        "memory_kind": event.memory_kind,
        "changed_outside": event.changed_outside,
        "notes": [note.plain() for note in event.notes],
    }


def _tell(outcome: Outcome, words: str, as_json: bool) -> None:
    """One line on the result; with --json only failures, on standard error."""
    name = f"{words:<14}"
    if outcome["state"] == "failed":
        complain(f"{name} failed: {outcome['text']}")
        for line in outcome.get("printed", "").splitlines():
            complain(f"{'':<14} | {line}")
    elif not as_json:
        seconds = f"{outcome['erase_seconds']:7.2f} s"
        memory = f"{megabytes(outcome['peak_memory']):>8}"
        count = outcome["pieces"]
        pieces = f"   {Text('report.pieces', count=count)}" if count > 1 else ""
        say(f"{name} {seconds} {memory}   {outcome['file']}{pieces}")
        for note in outcome["notes"]:
            say(f"{name} {note[ENGLISH]}")
