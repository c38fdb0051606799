"""How each eraser stands for whoever comes to this page: one answer, for the list of erasers and
for the table of all methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from examples.systems import State
from methods import (
    EraserSpec,
    Hurdle,
    Machine,
    Report,
    Standing,
    Text,
    WeightStatus,
    get_eraser,
    idle_machine,
    known_facts,
    needed_weights,
    report,
    room_to_have,
    standing_of,
    weight_status,
)
from ui.service.choices.visitors import Fetching, fetching, why_not_fetched


@dataclass(frozen=True, slots=True)
class Offer:
    """An eraser here. states: of the files that its default settings need. no_fetch: why visitors
    may not have those fetched, None = they may. why: the reason where it cannot be run now."""

    spec: EraserSpec
    standing: Standing
    found: Report
    states: Sequence[WeightStatus]
    no_fetch: Text | None

    @property
    def why(self) -> Text | None:
        """None where it is ready, or only has to be fetched."""
        if self.standing in (Standing.READY, Standing.TO_FETCH):
            return None
        obstacles = self.found.obstacles
        return obstacles[0].text if obstacles else self.no_fetch


def machine_here() -> Machine:
    """As it is without what this program has loaded: cards do not change with every run."""
    return replace(idle_machine(), disk=room_to_have())


def offer_of(spec: EraserSpec, machine: Machine) -> Offer:
    """Asks nobody; looks at the files of this machine."""
    files = needed_weights(spec)
    states = [weight_status(file) for file in files]
    found = report(spec, machine, list(map(known_facts, files, states)))
    standing = standing_of(found)
    if standing is Standing.TO_FETCH and fetching() is Fetching.NO:
        standing = Standing.NO_WEIGHTS
    return Offer(spec, standing, found, states, _no_fetch(spec, found))


def _no_fetch(spec: EraserSpec, found: Report) -> Text | None:
    """What the host does not allow, what nobody could send, and what there is no room for."""
    error = why_not_fetched(get_eraser(spec.id))
    if error is not None:
        return error.sentence
    full = (each.text for each in found.obstacles if each.kind is Hurdle.DISK)
    return next(full, None)


STATES: dict[Standing, State] = {
    Standing.READY: "ready",
    Standing.TO_FETCH: "fetch",
    Standing.TOO_LARGE: "large",
    Standing.NO_WEIGHTS: "yours",
    Standing.CANNOT: "cannot",
}
"""What the table of all methods calls them."""


def state_here(spec: EraserSpec) -> tuple[State, Text | None]:
    """For `examples.systems.standings`."""
    offer = offer_of(spec, machine_here())
    return STATES[offer.standing], offer.why
