"""What is said where a file could not be decoded in the room."""

from __future__ import annotations

import signal

from methods._base import BadInput, Unavailable, UserError
from methods._workers.closed.talk import Ended, Wish


def ended_early(wish: Wish, ended: Ended) -> UserError:
    """Of a file at which the process that decoded it has ended."""
    if ended.late:
        return BadInput("decoder_slow.clock", name=wish.name, seconds=round(wish.bounds.patience))
    reason = _reason(ended.code)
    if reason == "SIGXCPU":
        return BadInput("decoder_slow", name=wish.name, seconds=wish.bounds.seconds)
    return crashed(wish.name, reason)


def crashed(name: str, reason: str) -> UserError:
    """Of a file at which the process that decoded it was no longer what it should be."""
    return BadInput("decoder_crashed", name=name, reason=reason)


def lost(reason: str) -> UserError:
    """Where the room itself is gone, through no fault of the file."""
    return Unavailable("decoder_lost", reason=reason)


def not_begun(reason: str) -> UserError:
    """Where there is no room at all."""
    return Unavailable("decoder_not_started", reason=reason)


def _reason(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
