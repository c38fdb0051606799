"""What `check` finds of calls that do not end well: stopped, out of time, with files that are no
pictures. Nothing may be left of them, and nobody may take them for results."""

from __future__ import annotations

from collections.abc import Iterator

from methods import (
    Eraser,
    Image,
    Mask,
    Settings,
    Stopped,
    Trial,
    try_late,
    try_no_pictures,
    try_stop,
)
from ui.cli.own.finding import Finding, Verdict

END_SECONDS = 1.0
"""Of whoever has pressed Stop, and for what has run out of time."""


def of_ends(eraser: Eraser, image: Image, mask: Mask, settings: Settings) -> Iterator[Finding]:
    """One finding of each; nothing of what the eraser cannot meet."""
    yield _of_stop(try_stop(eraser, image, mask, settings), _stays(eraser))
    late = try_late(eraser, image, mask, settings)
    if late is not None:
        yield _of_time(late)
    answer = try_no_pictures(eraser, image, mask, settings)
    if answer is not None:
        yield _of_no_pictures(answer)


def _stays(eraser: Eraser) -> bool:
    """Whether its processes outlive a call."""
    return eraser.spec.holds_device


def _of_stop(trial: Trial, stays: bool) -> Finding:
    if trial.error is None and trial.seconds <= END_SECONDS:
        return Finding("stop", "ok", "it was done before Stop could be heard")
    if trial.error is None:
        text = f"it goes on for {trial.seconds:.1f} s after Stop: call progress after each step"
        return Finding("stop", "note", text)
    if not isinstance(trial.error, Stopped):
        return Finding("stop", "wrong", f"Stop makes it fail: {trial.error}")
    if trial.left:
        text = f"{trial.left} more of its processes are there after Stop"
        return Finding("stop", "note" if stays else "wrong", text)
    return _in_time("stop", trial.seconds, "it is heard, or it is ended with all that it has begun")


def _of_time(trial: Trial) -> Finding:
    if trial.error is None:
        return Finding("time-out", "ok", "it was done before its time could run out")
    if getattr(trial.error, "code", "") != "own_late":
        text = f"with hardly any time it fails otherwise: {trial.error}"
        return Finding("time-out", "wrong", text)
    if trial.left:
        text = f"{trial.left} of its processes are there after their time has run out"
        return Finding("time-out", "wrong", text)
    text = "where its time runs out, it is ended with all that it has begun"
    return _in_time("time-out", trial.seconds, text)


def _in_time(about: str, seconds: float, text: str) -> Finding:
    verdict: Verdict = "ok" if seconds <= END_SECONDS else "note"
    return Finding(about, verdict, f"{text}; that took {seconds:.1f} s")


def _of_no_pictures(trial: Trial) -> Finding:
    about = "bad files"
    if trial.error is None:
        text = "it gives a picture for files that are none: let it end with another code than 0"
        return Finding(about, "wrong", text)
    if getattr(trial.error, "code", "") == "own_late":
        text = f"it does not end when its files are no pictures: {trial.error}"
        return Finding(about, "wrong", text)
    return Finding(about, "ok", f"files that are no pictures make it say so: {trial.error}")
