"""What `doctor` finds out: of the machine, and of each eraser that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from methods import (
    BrokenEraser,
    EraserSpec,
    Machine,
    Report,
    broken_erasers,
    examine,
    get_eraser,
    list_erasers,
    needed_weights,
    network_forbidden,
    report,
    survey,
    unmet_requirements,
)


@dataclass(frozen=True, slots=True)
class Findings:
    """What the command has found out. unmet: lines of requirements.txt that this environment
    does not meet. silent: why nobody was asked, "" = whoever had to be. seconds: for asking."""

    machine: Machine
    unmet: tuple[str, ...]
    reports: tuple[Report, ...]
    broken: tuple[BrokenEraser, ...]
    silent: str
    seconds: float

    @property
    def asked(self) -> int:
        """Files that a hub or a host was asked for."""
        return len({f.name for one in self.reports for f in one.weights if f.asked})

    @property
    def late(self) -> int:
        """Files that would have been asked for, had there been time."""
        return len({f.name for one in self.reports for f in one.weights if f.late})


def chosen(names: Sequence[str]) -> tuple[list[EraserSpec], tuple[BrokenEraser, ...]]:
    """Those that are named, or all. Raises BadInput for a name that is none."""
    broken = {one.id: one for one in broken_erasers()}
    if not names:
        return list(list_erasers()), tuple(broken.values())
    each_once = list(dict.fromkeys(names))
    specs = [get_eraser(name).spec for name in each_once if name not in broken]
    return specs, tuple(broken[name] for name in each_once if name in broken)


def find_out(
    specs: Sequence[EraserSpec], broken: tuple[BrokenEraser, ...], offline: bool, seconds: float
) -> Findings:
    """Look at the machine, and ask for what is not here. offline: ask nobody. seconds: for asking.

    Raises Unavailable for an override of the machine's that makes no sense.
    """
    forbidden = "ERASER_LAB_OFFLINE is set" if network_forbidden() else ""
    silent = "--offline" if offline else forbidden
    files = {spec.id: needed_weights(spec) for spec in specs}
    every = list({file.name: file for kept in files.values() for file in kept}.values())
    facts = {one.name: one for one in examine(every, ask=not silent, seconds=seconds)}
    machine = survey()

    def reported(spec: EraserSpec) -> Report:
        return report(spec, machine, [facts[file.name] for file in files[spec.id]])

    reports = tuple(map(reported, specs))
    return Findings(machine, unmet_requirements(), reports, broken, silent, seconds)
