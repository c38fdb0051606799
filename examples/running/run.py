"""Runs a table: every case with every eraser, each cell once, whatever interrupts it.

cases ▶ open (a failure fills the row) ▶ what is finished already? ▶ methods.run ▶ records
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from examples.running.cases import Case, CaseTable, Opened, open_case
from examples.running.records import Cell, Folder, ReadingRecord
from methods import (
    METRICS,
    Event,
    Failed,
    Finished,
    Image,
    Job,
    Judged,
    Mask,
    Reading,
    SettingValue,
    StopToken,
    Text,
    UserError,
    fingerprint,
    flattened,
    get_eraser,
    judge,
    load_image,
    picture_key,
    png_bytes,
    run,
    settings_of,
    why_missing,
)
from segmentation import are_features_ready, features_of

OF_DOCUMENT = "--document"
"""At the end of a cell's id: the row's own eraser, with the settings that the row states."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What runs on every case. settings: changed ones, by eraser. fetch: weights of any size
    that are missing. accept_changed: pictures behind links that are not the recorded ones.
    features: also the numbers that a network's features are needed for, where it is here."""

    erasers: tuple[str, ...]
    settings: Mapping[str, Mapping[str, SettingValue]] = field(default_factory=dict)
    seed: int = 0
    fetch: bool = False
    accept_changed: bool = False
    features: bool = True


@dataclass(slots=True)
class RowResult:
    """A case with its cells. failure: why it could not be opened; then it has no cells."""

    case: Case
    cells: list[Cell] = field(default_factory=list)
    failure: UserError | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Something has happened: case `number` of `total`. event: of the cell under way; cell: one
    that is finished; both None where the case has just been opened, or could not be."""

    number: int
    total: int
    case: Case
    cell: Cell | None = None
    event: Event | None = None
    eraser: str = ""
    failure: UserError | None = None


Tell = Callable[[Step], None]


def run_table(
    table: CaseTable,
    choice: Choice,
    folder: Folder,
    token: StopToken,
    tell: Tell,
    *,
    only_kept: bool = False,
) -> Iterator[RowResult]:
    """Yield each case's row when it is done; a stopped run yields the row under way, and no
    more. only_kept: take what is finished and erase nothing. Raises BadInput only where the
    folder cannot be written."""
    for number, case in enumerate(table.cases, 1):
        if token.stopped:
            return
        told = _TellOfCase(tell, number, len(table.cases), case)
        yield _run_case(case, choice, folder, token, told, only_kept)


@dataclass(frozen=True, slots=True)
class _TellOfCase:
    """Tells what happens to one case; called without anything when it has been opened."""

    tell: Tell
    number: int
    total: int
    case: Case

    def __call__(
        self,
        cell: Cell | None = None,
        event: Event | None = None,
        eraser: str = "",
        failure: UserError | None = None,
    ) -> None:
        self.tell(Step(self.number, self.total, self.case, cell, event, eraser, failure))


def _run_case(
    case: Case,
    choice: Choice,
    folder: Folder,
    token: StopToken,
    tell: _TellOfCase,
    only_kept: bool,
) -> RowResult:
    row = RowResult(case)
    try:
        opened = open_case(
            case,
            accept_changed=choice.accept_changed,
            should_stop=lambda: token.stopped,
        )
    except UserError as error:
        row.failure = error
        tell(failure=error)
        return row
    tell()
    work = _CaseRun(case, opened, choice, folder)
    row.cells = list(work.cells(token, tell, only_kept))
    return row


class _CaseRun:
    """One opened case and its cells, in order."""

    def __init__(self, case: Case, opened: Opened, choice: Choice, folder: Folder) -> None:
        self._case = case
        self._photo = opened.photo
        self._mask = opened.mask
        self._picture = picture_key(opened.photo.rgb, opened.mask, opened.photo.alpha)
        self._truth = opened.truth
        self._folder = folder
        self._choice = choice
        features = features_of if choice.features and are_features_ready() else None
        self._judged_by = judged_by(opened.truth, features is not None)
        self._judge = partial(judge, truth=opened.truth, features=features)

    def cells(self, token: StopToken, tell: _TellOfCase, only_kept: bool) -> Iterator[Cell]:
        """Finished ones from the folder, the rest from the erasers."""
        made: dict[str, Cell] = {}
        open_jobs: dict[str, Job] = {}
        jobs = dict(jobs_of(self._case, self._choice))
        for cell_id, job in jobs.items():
            cell = self._finished(cell_id, job)
            if cell is None:
                open_jobs[cell_id] = job
            else:
                made[cell_id] = cell
                tell(cell=cell)
        for cell in self._run({} if only_kept else open_jobs, token, tell):
            made[cell.id] = cell
        yield from (made[cell_id] for cell_id in jobs if cell_id in made)

    def _finished(self, cell_id: str, job: Job) -> Cell | None:
        """From an earlier run or from a check that failed; None = it has to be run."""
        try:
            key = fingerprint(job, self._picture)
        except UserError as error:
            return _failed(cell_id, job, error.code, error.sentence, error.details)
        found = self._folder.finished(self._case.id, cell_id, key)
        if found is None:
            return None
        file = self._folder.result(self._case.id, cell_id)
        cell = found.model_copy(update={"kept": True, "file": self._folder.relative(file)})
        return cell if cell.judged == self._judged_by else self._judged_again(cell)

    def _judged_again(self, cell: Cell) -> Cell | None:
        """A result whose numbers are missing, or were made with another truth."""
        try:
            result = load_image(self._folder.path / cell.file)
            shown = flattened(result.rgb, result.alpha, self._photo.ground)
            readings = self._judge(self._photo.seen, self._mask, shown)
        except (UserError, ValueError):
            return None  # the picture is damaged: erase again
        return self._with_readings(cell, readings)

    def _run(self, jobs: Mapping[str, Job], token: StopToken, tell: _TellOfCase) -> Iterator[Cell]:
        """Every job's cell; with its numbers where it is done."""
        if not jobs:
            return
        ids, cells = list(jobs), dict[str, Cell]()
        for event in self._events(list(jobs.values()), token):
            cell_id = ids[event.index]
            if isinstance(event, Failed):
                cells[cell_id] = _failed(
                    cell_id, jobs[cell_id], event.code, event.sentence, event.details
                )
                if event.stopped:
                    cells[cell_id].state = "stopped"
                tell(cell=cells[cell_id])
            elif isinstance(event, Finished):
                cells[cell_id] = self._written(cell_id, jobs[cell_id], event)
                tell(cell=cells[cell_id])
            elif isinstance(event, Judged):
                cells[cell_id] = self._with_readings(cells[cell_id], event.readings)
            else:
                tell(event=event, eraser=cell_id)
        yield from cells.values()

    def _events(self, jobs: list[Job], token: StopToken) -> Iterator[Event]:
        return run(
            jobs,
            self._photo.rgb,
            self._mask,
            alpha=self._photo.alpha,
            token=token,
            fetch_missing=self._choice.fetch,
            judge=self._judge,
        )

    def _written(self, cell_id: str, job: Job, event: Finished) -> Cell:
        file = self._folder.result(self._case.id, cell_id)
        cell = Cell(
            id=cell_id,
            eraser=job.eraser,
            name=get_eraser(job.eraser).spec.name,
            state="done",
            key=fingerprint(job, self._picture),
            file=self._folder.relative(file),
            load_seconds=round(event.load_seconds, 3),
            erase_seconds=round(event.erase_seconds, 3),
            peak_memory=event.peak_memory,
            memory_kind=event.memory_kind,
            device=event.device,
            seed=event.seed,
            settings=event.settings,
            changed_settings=changed(job),
            weights=event.weights,
            changed_outside=event.changed_outside,
        )
        self._folder.keep(self._case.id, cell, png_bytes(event.image, event.alpha))
        return cell

    def _with_readings(self, cell: Cell, readings: Iterable[Reading]) -> Cell:
        plain = [ReadingRecord.model_validate(reading.plain()) for reading in readings]
        judged = cell.model_copy(update={"readings": plain, "judged": self._judged_by})
        self._folder.keep(self._case.id, judged.model_copy(update={"kept": False}))
        return judged


# --- jobs and cells ----------------------------------------------------------------------


def jobs_of(case: Case, choice: Choice) -> Iterator[tuple[str, Job]]:
    """Cell id and job: the row's own eraser first, then the chosen ones.

    Where a row's own settings are the chosen ones too, it runs once.
    """
    own = dict(case.settings)
    if case.eraser:
        yield f"{case.eraser}{OF_DOCUMENT}", Job(case.eraser, own, choice.seed)
    for eraser in choice.erasers:
        settings = dict(choice.settings.get(eraser, {}))
        if not (eraser == case.eraser and settings == own):
            yield eraser, Job(eraser, settings, choice.seed)


def changed(job: Job) -> dict[str, SettingValue]:
    """The settings that are not the eraser's defaults. Raises BadInput for bad ones."""
    eraser = get_eraser(job.eraser)
    given = settings_of(eraser, job.settings).model_dump(mode="json")
    usual = eraser.Settings().model_dump(mode="json")
    return {name: value for name, value in given.items() if value != usual[name]}


def judged_by(truth: Image | None, with_features: bool) -> str:
    """What readings depend on beside the result: the truth, which numbers can be had, and how
    these are defined."""
    defined = [metric for name, metric in METRICS.items() if why_missing(name) is None]
    digest = hashlib.sha256(f"{with_features} {defined}".encode())
    if truth is not None:
        digest.update(repr(truth.shape).encode())
        digest.update(truth.tobytes())
    return digest.hexdigest()


def _failed(
    cell_id: str, job: Job, code: str, sentence: Text, details: Mapping[str, str | int | float]
) -> Cell:
    return Cell(
        id=cell_id,
        eraser=job.eraser,
        name=name_of(job.eraser),
        state="failed",
        seed=job.seed,
        code=code,
        text=str(sentence),
        said=sentence.plain(),
        details=dict(details),
    )


def name_of(eraser: str) -> str:
    """The eraser's name; its id where there is no such eraser."""
    try:
        return get_eraser(eraser).spec.name
    except UserError:
        return eraser


def mask_share(mask: Mask) -> float:
    """Of the photo, 0 … 1."""
    return float(mask.mean())


def erasers_in(rows: Sequence[RowResult]) -> list[str]:
    """The ids of all cells, in the order in which they first come."""
    return list(dict.fromkeys(cell.id for row in rows for cell in row.cells))
