"""What can be in an eraser's way, each as a sentence with its reason and its way out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from methods._base import DeviceName, EraserSpec, Text
from methods._engine.outlook import Outlook
from methods._engine.registry import missing_packages
from methods._system.units import in_bytes
from methods._texts.text import Value
from methods._weights.errors import command, variable
from methods._weights.facts import WeightFacts
from methods._weights.sources.hub import network_forbidden
from methods._weights.transport.refusals import REFUSALS


class Hurdle(StrEnum):
    """NOWHERE: it runs nowhere for now. ACCESS: its publisher keeps files back. FILES: what is
    here cannot be used, or must be brought by hand. SOURCE: whether files come could not be
    found out. FETCH: files are not here yet."""

    NOWHERE = "nowhere"
    PACKAGES = "packages"
    DEVICE = "device"
    MEMORY = "memory"
    ACCESS = "access"
    FILES = "files"
    SOURCE = "source"
    DISK = "disk"
    FETCH = "fetch"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """text: the reason and the way out. way: the exact command or page for it, "" = none."""

    kind: Hurdle
    text: Text
    way: str = ""


# --- the program and the machine -----------------------------------------------------------


def in_packages_or_device(spec: EraserSpec, best: DeviceName) -> tuple[Obstacle, ...]:
    """What no download mends, the gravest alone. best: this machine's best device."""
    if spec.unavailable is not None:
        return (Obstacle(Hurdle.NOWHERE, spec.unavailable),)
    if missing := " ".join(missing_packages(spec)):
        text = Text("eraser.packages", packages=missing)
        return (Obstacle(Hurdle.PACKAGES, text, f"pip install {missing}"),)
    if not {best, "cpu"} & set(spec.devices):
        text = Text("eraser.devices", devices=", ".join(spec.devices))
        return (Obstacle(Hurdle.DEVICE, text),)
    return ()


_FITS = "python -m methods fits"


def in_memory(plan: Outlook) -> tuple[Obstacle, ...]:
    """A model that does not fit."""
    needed, free = in_bytes(plan.needed), in_bytes(plan.free)
    match plan.lacking:
        case "device":
            text = Text("obstacle.gpu_memory", needed=needed, free=free, fits=_FITS)
        case "main":
            text = Text("obstacle.memory", needed=needed, free=free, fits=_FITS)
        case _:
            return ()
    return (Obstacle(Hurdle.MEMORY, text, _FITS),)


# --- weights -------------------------------------------------------------------------------


def in_weights(spec: EraserSpec, weights: Sequence[WeightFacts]) -> tuple[Obstacle, ...]:
    """What keeps files from coming or from being used, each reason once."""
    found: dict[str, Obstacle] = {}
    for facts in weights:
        if facts.why and facts.opens is not True:
            obstacle = _told(spec, facts)
            # A host that is not there says so in other words the second time.
            reason = str(obstacle.text) if facts.sentence else facts.place
            found.setdefault(reason, obstacle)
    return tuple(sorted(found.values(), key=lambda each: list(Hurdle).index(each.kind)))


def _told(spec: EraserSpec, facts: WeightFacts) -> Obstacle:
    if facts.sentence is None:
        return _unanswered(spec, facts)
    text = facts.sentence
    if facts.code in _OF_THE_WHOLE:
        text = Text(text.id, **_of_the_whole(text.values, facts, spec))
    kind = Hurdle.ACCESS if facts.code in REFUSALS else Hurdle.FILES
    way = facts.details.get("page") or facts.details.get("command") or ""
    return Obstacle(kind, text, str(way))


_OF_THE_WHOLE = REFUSALS | {"weights_by_hand"}
"""Codes of sentences that hold for all files of a model: they are said once, of the eraser."""


def _of_the_whole(
    values: Mapping[str, Value], facts: WeightFacts, spec: EraserSpec
) -> dict[str, Value]:
    """The values with the eraser's name for the file's, and the variable for its whole folder."""
    told = {
        name: value.replace(facts.name, spec.id) if isinstance(value, str) else value
        for name, value in values.items()
    }
    return told | {"variable": variable(facts.name.partition("/")[0])}


def _unanswered(spec: EraserSpec, facts: WeightFacts) -> Obstacle:
    way = command(spec.id)
    text = Text("obstacle.unanswered", place=facts.place, why=facts.why, command=way)
    return Obstacle(Hurdle.SOURCE, text, way)


def no_room(needed: int, free: int) -> Obstacle:
    """The disk has less room than the files take that are still to be fetched; bytes."""
    text = Text("obstacle.disk", needed=in_bytes(needed), free=in_bytes(free))
    return Obstacle(Hurdle.DISK, text)


def over_cap(needed: int, cap: int) -> Obstacle:
    """The host keeps fewer bytes of weights than the files have."""
    return Obstacle(Hurdle.DISK, Text("obstacle.cap", needed=in_bytes(needed), cap=in_bytes(cap)))


def to_fetch(spec: EraserSpec, missing: Sequence[WeightFacts]) -> Obstacle:
    """Files that are not here, and come when they are asked for, as far as that is known."""
    places = ", ".join(dict.fromkeys(facts.place for facts in missing))
    size = in_bytes(sum(facts.missing for facts in missing))
    way = command(spec.id)
    if network_forbidden():
        text = Text("obstacle.fetch.offline", size=size, places=places, command=way)
    else:
        text = Text("obstacle.fetch", size=size, places=places, command=way)
    return Obstacle(Hurdle.FETCH, text, way)
