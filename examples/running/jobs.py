"""What runs on a case: the row's own eraser and the chosen ones, with each seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from examples.running.cases import Case
from examples.running.results import Kind
from methods import Job, SettingValue, UserError, get_eraser, settings_of

OF_DOCUMENT = "--document"
"""At the end of a cell's id: the row's own eraser, with the settings that the row states."""

OF_SEED = "--seed-"
"""Before the seed in a cell's id, where a table is run with several."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What runs on every case. settings: changed ones, by eraser. seeds: each a cell of its own
    for erasers that throw dice. fetch: weights of any size that are missing. accept_changed:
    pictures behind links that are not the recorded ones. features: also the numbers that a
    network's features are needed for, where it is here. results: what is kept of a picture."""

    erasers: tuple[str, ...]
    settings: Mapping[str, Mapping[str, SettingValue]] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    fetch: bool = False
    accept_changed: bool = False
    features: bool = True
    results: Kind = "whole"


def jobs_of(case: Case, choice: Choice) -> Iterator[tuple[str, Job]]:
    """Cell id and job: the row's own eraser first, then the chosen ones.

    Where a row's own settings are the chosen ones too, it runs once.
    """
    own = dict(case.settings)
    if case.eraser:
        yield from _with_each_seed(f"{case.eraser}{OF_DOCUMENT}", case.eraser, own, choice)
    for eraser in choice.erasers:
        settings = dict(choice.settings.get(eraser, {}))
        if not (eraser == case.eraser and settings == own):
            yield from _with_each_seed(eraser, eraser, settings, choice)


def _with_each_seed(
    cell_id: str, eraser: str, settings: dict[str, SettingValue], choice: Choice
) -> Iterator[tuple[str, Job]]:
    if len(choice.seeds) == 1 or not _throws_dice(eraser):
        yield cell_id, Job(eraser, settings, choice.seeds[0])
        return
    for seed in choice.seeds:
        yield f"{cell_id}{OF_SEED}{seed}", Job(eraser, settings, seed)


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
