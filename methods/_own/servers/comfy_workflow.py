"""A ComfyUI workflow in its API form: a JSON object of nodes by id, each with `class_type`,
`inputs` and, as ComfyUI writes it, its title in `_meta`.

A place in it is "NODE.INPUT" or "NODE"; a node is named by its id or by its title.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from pydantic import Field

from methods._base import Text
from methods._own.faults import Fault, Place, suggested
from methods._own.parts import Name, Part

Where: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
Wheres: TypeAlias = Where | Annotated[list[Where], Field(min_length=1, max_length=50)]

MOST_BYTES = 8 * 2**20
"""Of a workflow's file."""

_PICTURE = ("image",)
_SEED = ("seed", "noise_seed")


class ComfyuiPart(Part):
    """workflow: a file beside the manifest, exported in the API form. photo, mask, seed: places
    which they are put into, one or several; a node alone means its `image`, or its `seed` or
    `noise_seed`. result: the node whose first picture is the result. settings: places of the
    manifest's settings, by name."""

    workflow: Annotated[str, Field(min_length=1, max_length=500)]
    photo: Wheres | None = None
    mask: Wheres
    seed: Wheres | None = None
    result: Where
    settings: Annotated[dict[Name, Wheres], Field(max_length=60)] = Field({})


@dataclass(frozen=True, slots=True)
class Workflow:
    """One that was read. nodes: by id, as the file has them."""

    nodes: Mapping[str, Mapping[str, Any]]

    def node(self, name: str, place: Place = ()) -> str:
        """Its id. Raises Fault where none is called that, or several are."""
        if name in self.nodes:
            return name
        found = [node for node in self.nodes if self._title(node) == name]
        if len(found) == 1:
            return found[0]
        if found:
            text = Text("own.fault.comfy_title", name=name, nodes=", ".join(found))
            raise Fault(text, place=place)
        titles = filter(None, map(self._title, self.nodes))
        raise Fault(suggested(name, [*self.nodes, *titles]), place=place)

    def place(self, where: str, usual: Sequence[str], place: Place = ()) -> tuple[str, str]:
        """(node, input). usual: inputs of which the first that a node has is meant where it stands
        alone. Raises Fault."""
        name, dot, entry = where.rpartition(".")
        if not dot or where in self.nodes or where in map(self._title, self.nodes):
            name, entry = where, ""
        node = self.node(name, place)
        inputs = self.nodes[node]["inputs"]
        entry = entry or next((each for each in usual if each in inputs), "")
        if entry not in inputs:
            text = Text("own.fault.comfy_input", node=name, known=", ".join(inputs) or "-")
            raise Fault(text, place=place)
        return node, entry

    def _title(self, node: str) -> str:
        meta = self.nodes[node].get("_meta")
        return str(meta.get("title", "")) if isinstance(meta, dict) else ""


def read_workflow(part: ComfyuiPart, folder: Path) -> Workflow:
    """The file, in which all that the part names is found. Raises Fault."""
    where = ("comfyui", "workflow")
    file = folder / Path(part.workflow).expanduser()
    try:
        if file.stat().st_size > MOST_BYTES:
            raise OSError(f"{MOST_BYTES // 2**20} MB at most")
        found = json.loads(file.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        reason = f"{part.workflow}: {getattr(error, 'strerror', None) or error}"
        raise Fault(Text("own.fault.unreadable", reason=reason[:200]), place=where) from error
    if not _is_api_form(found):
        raise Fault(Text("own.fault.comfy_form", file=part.workflow), place=where)
    workflow = Workflow(found)
    _check(workflow, part)
    return workflow


def filled(
    workflow: Workflow, part: ComfyuiPart, values: Mapping[str, object]
) -> dict[str, dict[str, Any]]:
    """The nodes with values in their places. values: by "photo", "mask", "seed" and
    "settings.NAME"."""
    nodes: dict[str, dict[str, Any]] = copy.deepcopy(dict(workflow.nodes))  # type: ignore[arg-type]
    for name, wheres, usual in _places(part):
        for where in wheres:
            node, entry = workflow.place(where, usual)
            nodes[node]["inputs"][entry] = values[name]
    return nodes


def _check(workflow: Workflow, part: ComfyuiPart) -> None:
    for name, wheres, usual in _places(part):
        for where in wheres:
            workflow.place(where, usual, ("comfyui", *name.split(".")))
    workflow.node(part.result, ("comfyui", "result"))


def _places(part: ComfyuiPart) -> list[tuple[str, list[str], tuple[str, ...]]]:
    """(name, places, usual inputs) of all that is put into a workflow."""
    named = [
        ("photo", _listed(part.photo), _PICTURE),
        ("mask", _listed(part.mask), _PICTURE),
        ("seed", _listed(part.seed), _SEED),
    ]
    return [*named, *((f"settings.{n}", _listed(w), ()) for n, w in part.settings.items())]


def _listed(wheres: Wheres | None) -> list[str]:
    return [wheres] if isinstance(wheres, str) else list(wheres or ())


def _is_api_form(found: object) -> bool:
    """Not the form that the page itself saves, which lists nodes with their positions."""
    return (
        isinstance(found, dict)
        and bool(found)
        and all(
            isinstance(node, dict)
            and isinstance(node.get("class_type"), str)
            and isinstance(node.get("inputs"), dict)
            for node in found.values()
        )
    )
