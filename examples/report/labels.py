"""What the cells of a table are called."""

from __future__ import annotations

from collections.abc import Sequence

from examples.running.jobs import OF_SEED, is_of_document
from examples.running.records import Cell
from methods import SettingValue, Text, Verbatim
from segmentation import value_words


def label_of(cell: Cell) -> Text:
    """The eraser's name; with whose settings these are where they are a document's, and with what
    it is of a sweep, a seed among several included."""
    seed = cell.id.partition(OF_SEED)[2]
    label: Text = Verbatim(cell.name)
    if is_of_document(cell.id):
        label = Text("report.as_in_document", eraser=cell.name)
    elif cell.given:
        label = Text(f"report.{cell.given}", eraser=cell.name)
    axes = dict(cell.axes) or ({"seed": seed} if seed else {})
    for name, value in axes.items():
        label = _with(label, name, value)
    return label


def _with(label: Text, name: str, value: SettingValue) -> Text:
    shown = value_words(value)
    if name == "seed":
        return Text("report.with_seed", eraser=label, seed=shown)
    if name == "dilate":
        return Text("report.with_dilate", eraser=label, value=shown)
    words = name.replace("_", " ")
    return Text("report.with_setting", eraser=label, name=words, value=shown)


def told_apart(cells: Sequence[Cell]) -> list[Cell]:
    """Where an eraser has several cells that nobody has told apart, each with the settings and the
    seed in which they differ as its axes."""
    return [
        cell if cell.axes else cell.model_copy(update={"axes": _own(cell, _like(cell, cells))})
        for cell in cells
    ]


def _like(cell: Cell, cells: Sequence[Cell]) -> list[Cell]:
    """Those that would have the same label."""
    same = label_of(cell)
    return [other for other in cells if other is not cell and label_of(other) == same]


def _own(cell: Cell, others: Sequence[Cell]) -> dict[str, SettingValue]:
    names = [name for one in (cell, *others) for name in one.settings]
    own: dict[str, SettingValue] = {
        name: cell.settings.get(name)
        for name in dict.fromkeys(names)
        if any(other.settings.get(name) != cell.settings.get(name) for other in others)
    }
    return own | ({"seed": cell.seed} if any(o.seed != cell.seed for o in others) else {})
