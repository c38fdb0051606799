"""The numbers of a report as CSV: a line for each result, with what it is of a sweep."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence

from examples.report.shapes import PlainCase, PlainCell
from methods import ENGLISH, METRICS, readable

OF_AXIS = "axis."
"""Before a sweep's axis in the name of its column, so that none is called like another column."""

FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")
"""A text that begins so would be a formula in a spreadsheet; it gets an apostrophe in front."""

BEFORE = ("case", "cell", "eraser", "name", "state")
AFTER = ("seed", "erase_seconds", "load_seconds", "pieces", "peak_memory", "device")
LAST = ("changed_outside", "given", "changed_settings", "failure")


def numbers_of(cases: Callable[[], Iterable[PlainCase]]) -> Iterator[str]:
    """A header and a line for each cell, each with its line break; what is missing is empty,
    peak_memory in bytes. cases: is called twice, since the header has the names of all."""
    axes: dict[str, None] = {}
    used: set[str] = set()
    for case in cases():
        for cell in case["cells"]:
            axes |= dict.fromkeys(cell["axes"])
            used |= {reading["id"] for reading in cell["readings"]}
    metrics = [name for name in METRICS if name in used]
    names = [*BEFORE, *(OF_AXIS + name for name in axes), *AFTER, *metrics, *LAST]
    yield _written(names)
    for case in cases():
        for cell in case["cells"]:
            yield _written(_line(case, cell, tuple(axes), metrics))


def numbers_csv(cases: Sequence[PlainCase]) -> bytes:
    """The whole file, UTF-8."""
    return "".join(numbers_of(lambda: cases)).encode()


def _written(cells: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(list(cells))
    return readable(line.getvalue())


def _line(
    case: PlainCase, cell: PlainCell, axes: Sequence[str], metrics: Sequence[str]
) -> Iterator[object]:
    done = cell["state"] == "done"
    values = {reading["id"]: reading["value"] for reading in cell["readings"]}
    yield _text(case["id"])
    yield from (_text(cell["id"]), cell["eraser"], _text(cell["name"]), cell["state"])
    yield from (_value(cell["axes"].get(name)) for name in axes)
    ran = not cell["given"]
    yield cell["seed"] if ran else ""
    figures = (cell["erase_seconds"], cell["load_seconds"], cell["pieces"], cell["peak_memory"])
    yield from ((*figures, cell["device"]) if done and ran else [""] * 5)
    yield from (values.get(name, "") for name in metrics)
    yield cell["changed_outside"] if done else ""
    yield cell["given"].replace("_", " ")
    yield json.dumps(cell["changed_settings"], ensure_ascii=False)
    yield _text(cell["failure"][ENGLISH]) if cell["failure"] else ""


def _value(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else _text(value) if isinstance(value, str) else value


def _text(words: str) -> str:
    return f"'{words}" if words.startswith(FORMULA_BEGINS) else words
