"""What a table's run says in a terminal."""

from __future__ import annotations

import sys

from examples.running.records import Cell
from examples.running.run import Step
from methods import Fetching, Stepped, Text


class Console:
    """A line for each cell; what is under way stands in the last line of a terminal."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()

    def __call__(self, step: Step) -> None:
        """Show one step."""
        where = f"[{step.number}/{step.total}] {step.case.id}"
        for note in step.notes:
            self._say(f"{where}: {note.en}")
        if step.failure is not None:
            self._say(f"{where}: {step.failure}")
        elif step.cell is not None:
            self._say(f"{where} · {step.cell.id}: {_outcome(step.cell)}")
        elif isinstance(step.event, Stepped):
            self._under_way(f"{where} · {step.eraser} {step.event.step}/{step.event.total}")
        elif isinstance(step.event, Fetching):
            done, total = step.event.done / 1e6, step.event.total / 1e6
            self._under_way(f"{where} · {step.event.name} {done:.0f} of {total:.0f} MB")

    def _say(self, text: str) -> None:
        self._under_way("")
        print(text, flush=True)

    def _under_way(self, text: str) -> None:
        if self._live:
            sys.stderr.write(f"\r\x1b[2K{text[:110]}")
            sys.stderr.flush()


def _outcome(cell: Cell) -> str:
    if cell.state == "absent":
        return cell.text
    if cell.state != "done":
        printed = str(cell.details.get("printed", "")).splitlines()  # by an owner's own program
        return "\n    | ".join([f"no result. {cell.text}", *printed])
    kept = ", kept" if cell.kept else ""
    if cell.given:
        return f"given, {cell.changed_outside} pixels changed outside the mask{kept}"
    pieces = f", {Text('report.pieces', count=cell.pieces)}" if cell.pieces > 1 else ""
    return f"{cell.erase_seconds:.2f} s, {cell.peak_memory / 1e6:.0f} MB{pieces}{kept}"
