"""What the cells of a table are called."""

from __future__ import annotations

from examples.running.jobs import OF_DOCUMENT, OF_SEED
from examples.running.records import Cell
from methods import Text, Verbatim


def label_of(cell: Cell) -> Text:
    """The eraser's name; with the seed where there are several, and with whose settings these
    are where they are a document's."""
    rest, _, seed = cell.id.partition(OF_SEED)
    is_document = rest.endswith(OF_DOCUMENT)
    name: Text = Verbatim(cell.name)
    label = Text("report.as_in_document", eraser=cell.name) if is_document else name
    return Text("report.with_seed", eraser=label, seed=seed) if seed else label
