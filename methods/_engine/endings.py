"""The last events of jobs that have no result: what is said of each way to end."""

from __future__ import annotations

from methods._base import EraserSpec, Text, Unavailable, UserError
from methods._engine.events import Failed
from methods._engine.stuck import most_silent_seconds


def failed(index: int, error: UserError) -> Failed:
    """The last event of a job that an error for the user has ended."""
    return Failed(index, error.code, error.sentence, dict(error.details), False)


def stopped(index: int) -> Failed:
    """The last event of a job that Stop has ended."""
    return Failed(index, "stopped", Text("error.stopped"), {}, True)


def gave_up(index: int, spec: EraserSpec, end: str = "") -> Failed:
    """The last event of a job that did nothing any more. end: "" = it has been ended; "device" =
    it could not be, and keeps the device; "beside" = nor could it be, and is in nobody's way."""
    minutes = round(most_silent_seconds() / 60, 2)
    code = f"eraser_stuck.{end}" if end else "eraser_stuck"
    return failed(index, Unavailable(code, title=spec.name, minutes=minutes))


def internal(index: int, spec: EraserSpec) -> Failed:
    """The last event of a job that a bug has ended; the log has the rest."""
    text = Text("error.internal.eraser", title=spec.name)
    return Failed(index, "internal", text, {"eraser": spec.id}, False)
