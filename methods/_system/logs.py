"""The program's log: lines for people, or one JSON object a line for whatever collects them.

    ERASER_LAB_LOG=json

It names no photo, no prompt, no address of a visitor and no token, also not where an error's own
words do: what a request says (`keeping_private`), and whatever looks like an address, a token or an
id, is left out of messages and traces. A run is named by the beginning of its id, which is enough
to tell runs apart and not enough to open one.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from methods._system.redacting import redacted

SHOWN = 6
"""Characters of a run's id; whoever has the whole id may see the run."""

current_run: ContextVar[str] = ContextVar("current_run", default="")
"""The run that this thread works for; "" for none."""

_private: ContextVar[tuple[object, ...]] = ContextVar("private", default=())
"""What visitors have said to those who work for them now."""


def keep_private(*said: object) -> None:
    """As `keeping_private`, for as long as this thread lives."""
    _private.set((*_private.get(), *said))


@contextmanager
def keeping_private(*said: object) -> Iterator[None]:
    """What a visitor says, in whatever dictionaries and lists, stands in no line of the log."""
    before = _private.set((*_private.get(), *said))
    try:
        yield
    finally:
        _private.reset(before)


def begin_logging() -> None:
    """Give the root logger our form. Raises ValueError for another word in ERASER_LAB_LOG."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def adopt_logger(logger: str) -> None:
    """Give our form to what another library has given a form of its own."""
    for handler in logging.getLogger(logger).handlers:
        handler.setFormatter(formatter())


def formatter() -> logging.Formatter:
    """By ERASER_LAB_LOG. Raises ValueError."""
    kind = os.environ.get("ERASER_LAB_LOG", "").strip().lower() or "lines"
    if kind not in ("lines", "json"):
        raise ValueError("ERASER_LAB_LOG must be lines or json.")
    return JsonLines() if kind == "json" else Lines()


class Lines(logging.Formatter):
    """Time, level, who, the run where there is one, and what."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s%(run)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        record.run = f" [{shown_run()}]" if shown_run() else ""
        return shown(super().format(record))  # also a trace that another handler has written


class JsonLines(logging.Formatter):
    """The same as JSON; a trace stands under "trace"."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, str] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": shown(record.getMessage()),
        }
        if shown_run():
            said["run"] = shown_run()
        if record.exc_info:
            said["trace"] = shown(self.formatException(record.exc_info))
        return json.dumps(said, ensure_ascii=False)


def shown(words: str) -> str:
    """Without what names anybody."""
    run = current_run.get()
    return redacted(words.replace(run, run[:SHOWN]) if run else words, _private.get())


def shown_run() -> str:
    return current_run.get()[:SHOWN]
