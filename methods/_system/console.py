"""Text for whatever console or file reads it, and names that are no text."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from typing import NoReturn

_HALVES = re.compile("[\ud800-\udfff]")


def readable(name: str) -> str:
    """A file's name with a replacement for each byte that is no UTF-8: Python hands such bytes on
    as halves of pairs, which nothing else can write."""
    return _HALVES.sub("\ufffd", name)


def write_any_text() -> None:
    """Let standard output and error take every character.

    A terminal, and whoever names an encoding by PYTHONIOENCODING, gets that encoding, and what it
    lacks as an escape; a file or pipe gets UTF-8, where Windows would give it a code page.
    """
    named = os.environ.get("PYTHONIOENCODING")
    for stream in (sys.stdout, sys.stderr):
        change = getattr(stream, "reconfigure", None)
        if change is None:  # somebody's own stream, which is theirs
            continue
        if named or stream.isatty():
            change(errors="backslashreplace")
        else:
            change(encoding="utf-8", errors="backslashreplace")


def takes_all_text() -> bool:
    """Whether standard output's encoding has every character."""
    return (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")


def leave_at_once(code: int = 0) -> NoReturn:
    """End the program though a network may still be computing in a thread, for a number beside a
    result, or for a job that was stopped: nothing can end that, and Python's own way out would pull
    the libraries away under it and abort."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # whoever read it is gone
            stream.flush()
    os._exit(code)
