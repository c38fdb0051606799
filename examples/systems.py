"""Every system that the documents name, and what has become of it here.

The documents are five notes on erasing and editing pictures. `systems.json` says what each
system is; whether it runs is asked of the registry, so that the list cannot promise what the
program does not do.

    python -m examples.systems > docs/systems.md
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from methods import EraserSpec, Text, list_erasers

FILE = Path(__file__).with_name("systems.json")

State = Literal["here", "ready", "fetch", "large", "yours", "cannot", "other"]
STATES: Mapping[State, Text] = {
    "here": Text("system.state.here"),
    "ready": Text("system.state.ready"),
    "fetch": Text("system.state.fetch"),
    "large": Text("system.state.large"),
    "yours": Text("system.state.yours"),
    "cannot": Text("system.state.cannot"),
    "other": Text("system.state.other"),
}


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Document(_Data):
    """One of the documents."""

    title: Text
    url: str | None = None


class System(_Data):
    """A system as a document names it.

    group: the document's own heading. erases: whether it can take an object away by its
    design; "partly" with a trick, which `how` describes. eraser: the id under which it runs
    here, if it does. why: what stands in the way where nothing here runs it. checked: against
    its paper or its code; else the entry is from general knowledge.
    """

    name: str
    document: str
    group: str | None = None
    reference: str
    url: str
    what: Text
    erases: Literal["yes", "partly", "no"]
    eraser: str | None = None
    how: Text | None = None
    why: Text | None = None
    checked: bool = False


class Systems(_Data):
    """The file: the documents by their key, and the systems in their order."""

    documents: dict[str, Document]
    systems: tuple[System, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What has become of a system: its state, the eraser that runs it, and why it is so."""

    system: System
    state: State
    spec: EraserSpec | None
    why: Text | None


Place = Callable[[EraserSpec], tuple[State, Text | None]]
"""How an eraser stands somewhere, and why."""


def anywhere(spec: EraserSpec) -> tuple[State, Text | None]:
    """Whatever the machine: "here", "yours" or "cannot"."""
    if spec.unavailable is not None:
        return "cannot", spec.unavailable
    by_hand = next((each.by_hand for each in spec.weights if not each.sources), None)
    return ("here", None) if by_hand is None else ("yours", by_hand)


@lru_cache(maxsize=1)
def systems() -> Systems:
    """What the file holds."""
    return Systems.model_validate_json(FILE.read_bytes())


def standings(place: Place = anywhere) -> tuple[Standing, ...]:
    """Every system with its state, in the order of the documents.

    place: how an eraser stands there; the default looks at no particular machine.
    """
    specs = {spec.id: spec for spec in list_erasers()}
    return tuple(
        _standing(system, specs.get(system.eraser or ""), place) for system in systems().systems
    )


def _standing(system: System, spec: EraserSpec | None, place: Place) -> Standing:
    if spec is None and system.eraser is not None and system.why is None:
        return Standing(system, "cannot", None, Text("system.not_offered"))
    if spec is None:
        state: State = "other" if system.erases == "no" else "cannot"
        return Standing(system, state, None, system.why)
    state, why = place(spec)
    if state == "cannot" or system.how is None:
        return Standing(system, state, spec, why)
    return Standing(system, state, spec, system.how if why is None else _joined(system.how, why))


def _joined(how: Text, why: Text) -> Text:
    return Text("system.how_and_weights", how=how, weights=why)


# --- as a page of the documentation ------------------------------------------------------

HEAD = """# Every system that the documents name

This project began with five documents on erasing and editing pictures. This is every system
they name ({count}), and what has become of it here. The list is made from `examples/systems.json`
and the registry of erasers: `python -m examples.systems > docs/systems.md`. What is marked with
° was not checked against the system's own paper or code.
"""


def as_markdown() -> str:
    """The list as docs/systems.md."""
    found = standings()
    parts = [HEAD.format(count=len(found)), _counts(found)]
    for key, document in systems().documents.items():
        title = f"[{document.title.en}]({document.url})" if document.url else document.title.en
        rows = [_row(each) for each in found if each.system.document == key]
        head = "| System | What it is | State | Remark |\n| --- | --- | --- | --- |"
        parts.append(f"## {title}\n\n" + "\n".join([head, *rows]))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _counts(found: tuple[Standing, ...]) -> str:
    totals = {state: sum(each.state == state for each in found) for state in STATES}
    return " · ".join(
        f"{words.en}: {totals[state]}" for state, words in STATES.items() if totals[state]
    )


def _row(standing: Standing) -> str:
    system, spec = standing.system, standing.spec
    state = STATES[standing.state].en
    runs = standing.state != "cannot"
    cells = (
        f"[{system.name}]({system.url}){'' if system.checked else ' °'}",
        system.what.en,
        f"{state} as **{spec.name}** `{spec.id}`" if spec is not None and runs else state,
        standing.why.en if standing.why else "",
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
