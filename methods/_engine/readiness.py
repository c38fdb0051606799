"""Whether an eraser would run on this machine, and if not: why, and the way out.

One answer for whoever shows it: the command line's `doctor` and the page's cards. Nothing is
downloaded and nothing loaded; who wants to know whether a hub gives its files asks for that
first (see `_weights.facts.examine`) and hands the facts over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from methods._base import DeviceName, EraserSpec
from methods._engine.obstacles import (
    Hurdle,
    Obstacle,
    in_memory,
    in_packages_or_device,
    in_weights,
    no_room,
    over_cap,
    to_fetch,
)
from methods._engine.outlook import Machine, Outlook, outlook
from methods._engine.registry import get_eraser
from methods._system.lent import borrows, is_elsewhere
from methods._weights.facts import WeightFacts
from methods._weights.room import with_spare
from methods._weights.transport.refusals import REFUSALS


class Readiness(StrEnum):
    """READY: runs at once. TO_FETCH: runs as soon as its weights are here, and nothing that is
    known speaks against fetching them. BLOCKED: something else must be done first."""

    READY = "ready"
    TO_FETCH = "to_fetch"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Report:
    """An eraser on this machine. device: where it would run, None = nowhere. outlook: of its
    model in memory there. weights: of the files that its default settings need. obstacles: what
    is in the way, what must be done first in front; none = ready."""

    spec: EraserSpec
    device: DeviceName | None
    outlook: Outlook | None
    weights: tuple[WeightFacts, ...]
    obstacles: tuple[Obstacle, ...]

    @property
    def readiness(self) -> Readiness:
        """By its obstacles."""
        if not self.obstacles:
            return Readiness.READY
        only_fetching = all(each.kind is Hurdle.FETCH for each in self.obstacles)
        return Readiness.TO_FETCH if only_fetching else Readiness.BLOCKED

    @property
    def missing(self) -> int:
        """Bytes that are still to be fetched."""
        return sum(facts.missing for facts in self.weights)


def report(spec: EraserSpec, machine: Machine, weights: Sequence[WeightFacts]) -> Report:
    """What is in this eraser's way on this machine.

    weights: the facts of `needed_weights(spec)`.
    """
    facts = tuple(weights)
    standing = in_packages_or_device(spec, machine.device)
    if standing:  # nothing else is worth doing before
        return Report(spec, None, None, facts, standing)
    device = next(each for each in spec.devices if each in machine.budget and _has(spec, each))
    plan = outlook(get_eraser(spec.id), device, machine)
    obstacles = (*in_memory(plan), *in_weights(spec, facts), *_of_fetching(spec, facts, machine))
    return Report(spec, device, plan, facts, obstacles)


def _has(spec: EraserSpec, device: DeviceName) -> bool:
    """Whether jobs have this device: a GPU that is lent has those of large networks alone."""
    return device != "cuda" or not is_elsewhere() or borrows(spec)


def _of_fetching(
    spec: EraserSpec, facts: Sequence[WeightFacts], machine: Machine
) -> Iterator[Obstacle]:
    """Room on the disk for all that is not here; the download of what nothing keeps back, less
    where a hub refuses some of it: nothing is fetched then."""
    missing = [each for each in facts if not each.is_here]
    needed = with_spare(sum(each.missing for each in missing))
    whole = sum(each.missing + each.begun for each in missing)
    if machine.cap is not None and whole > machine.cap:
        yield over_cap(whole, machine.cap)
    elif needed > machine.disk:
        yield no_room(needed, machine.disk)
    free_to_come = [each for each in missing if not each.why]
    if free_to_come and not any(each.code in REFUSALS for each in missing):
        yield to_fetch(spec, free_to_come)
