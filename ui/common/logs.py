"""The program's log: lines for people, or one JSON object a line for whatever collects them.

    ERASER_LAB_LOG=json

The program's own messages name no photo, no prompt, no address of a visitor and no token; a trace
says what its error says. A run is named by the beginning of its id, which is enough to tell runs
apart and not enough to open one.
"""

from __future__ import annotations

import json
import logging
import os
from contextvars import ContextVar
from datetime import UTC, datetime

SHOWN = 6
"""Characters of a run's id; whoever has the whole id may see the run."""

current_run: ContextVar[str] = ContextVar("current_run", default="")
"""The run that this thread works for; "" for none."""


def begin_logging() -> None:
    """Give the root logger our form. Raises ValueError for another word in ERASER_LAB_LOG."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def adopt(logger: str) -> None:
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
        return super().format(record)


class JsonLines(logging.Formatter):
    """The same as JSON; a trace stands under "trace"."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, str] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if shown_run():
            said["run"] = shown_run()
        if record.exc_info:
            said["trace"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)


def shown_run() -> str:
    return current_run.get()[:SHOWN]
