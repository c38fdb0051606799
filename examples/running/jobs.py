"""What runs on a case: the row's own eraser and the chosen ones, in every way that is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from examples.running.cases import Case, CaseTable
from examples.running.given import Column
from examples.running.results import Kind
from methods import (
    Job,
    SettingValue,
    Text,
    UserError,
    Verbatim,
    get_eraser,
    settings_of,
)
from segmentation import DILATE, SEED, Sweep, SweepCell, cell_name, cells_of, value_words

OF_DOCUMENT = "--document"
"""At the end of a cell's id: the row's own eraser, with the settings that the row states."""

OF_SEED = "--seed-"
"""Before the seed in a cell's id, where a table is run with several."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What runs on every case. settings: changed ones, by eraser. seeds: each a cell of its own
    for erasers that throw dice. sweep: axes of settings; dilations make cases of their own, see
    `grown`, and seeds stand in `seeds`. fetch: weights of any size that are missing.
    accept_changed: pictures behind links that are not the recorded ones. features: also the numbers
    that a network's features are needed for, where it is here. results: what is kept of a
    picture. given: columns of results that were made elsewhere, after the erasers'."""

    erasers: tuple[str, ...]
    settings: Mapping[str, Mapping[str, SettingValue]] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    sweep: Sweep | None = None
    fetch: bool = False
    accept_changed: bool = False
    features: bool = True
    results: Kind = "whole"
    given: tuple[Column, ...] = ()


def jobs_of(case: Case, choice: Choice) -> Iterator[tuple[str, Job]]:
    """Cell id and job; see `cells_on`."""
    for cell_id, cell in cells_on(case, choice):
        yield cell_id, cell.job


def cells_on(case: Case, choice: Choice) -> Iterator[tuple[str, SweepCell]]:
    """Cell id, and the job with its place on the axes: the row's own eraser first, then the chosen
    ones. Where a row's own settings are chosen ones too, it runs once. Raises BadInput for a sweep
    that does not fit the erasers."""
    own = dict(case.settings)
    if case.eraser:
        name = f"{case.eraser}{OF_DOCUMENT}"
        yield from _with_each_seed(name, SweepCell(Job(case.eraser, own)), case, choice)
    jobs = [Job(eraser, dict(choice.settings.get(eraser, {}))) for eraser in choice.erasers]
    for cell in cells_of(choice.sweep, jobs):
        if cell.axes:  # as it is validated, so that a default is one, too
            cell = replace(cell, job=Job(cell.job.eraser, changed(cell.job)))
        if not (cell.job.eraser == case.eraser and cell.job.settings == own):
            yield from _with_each_seed(cell.job.eraser, cell, case, choice)


def _with_each_seed(
    name: str, cell: SweepCell, case: Case, choice: Choice
) -> Iterator[tuple[str, SweepCell]]:
    """name: before what the axes say, in the cell's id."""
    axes = {**cell.axes, **({} if case.dilate is None else {DILATE: case.dilate})}
    if len(choice.seeds) == 1 or not _throws_dice(cell.job.eraser):
        job = replace(cell.job, seed=choice.seeds[0])
        yield f"{name}{cell_name(axes)}", SweepCell(job, case.dilate, axes)
        return
    for seed in choice.seeds:
        at = {**axes, SEED: seed}
        yield (
            f"{name}{cell_name(at)}",
            SweepCell(replace(cell.job, seed=seed), case.dilate, at),
        )


def grown(table: CaseTable, dilations: Sequence[float]) -> CaseTable:
    """Each case once for each of these dilations of its mask; the table itself for none."""
    if not dilations:
        return table
    cases = tuple(grown_case(case, pixels) for case in table.cases for pixels in dilations)
    return CaseTable(table.title, cases, table.notes)


def grown_case(case: Case, pixels: float) -> Case:
    """The case with its mask grown by so many pixels, under an id that says so."""
    title = case.title if case.title.en else Verbatim(case.id)
    return replace(
        case,
        id=f"{case.id}{cell_name({DILATE: pixels})}",
        title=Text("report.with_dilate", eraser=title, value=value_words(pixels)),
        base=case.id,
        dilate=pixels,
    )


def is_of_document(cell_id: str) -> bool:
    """Whether a cell is the row's own eraser, with the row's own settings."""
    return OF_DOCUMENT in cell_id.partition(OF_SEED)[0]


def _throws_dice(eraser: str) -> bool:
    try:
        return get_eraser(eraser).spec.seeded
    except UserError:
        return False  # its one cell will say that there is no such eraser


def order_of_loads(job: Job) -> tuple[str, str]:
    """Jobs with equal keys need the same networks: run side by side, they load these once."""
    return job.eraser, repr(sorted(job.settings.items()))


def changed(job: Job) -> dict[str, SettingValue]:
    """The settings that are not the eraser's defaults. Raises BadInput for bad ones."""
    eraser = get_eraser(job.eraser)
    given = settings_of(eraser, job.settings).model_dump(mode="json")
    usual = eraser.Settings().model_dump(mode="json")
    return {name: value for name, value in given.items() if value != usual[name]}


def changed_or_all(eraser: str, settings: Mapping[str, SettingValue]) -> dict[str, SettingValue]:
    """As `changed`; all of them for an eraser of another version of the program."""
    try:
        return changed(Job(eraser, settings))
    except UserError:
        return dict(settings)


def name_of(eraser: str) -> str:
    """The eraser's name; its id where there is no such eraser."""
    try:
        return get_eraser(eraser).spec.name
    except UserError:
        return eraser
