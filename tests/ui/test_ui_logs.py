"""The log: whose run it is about, in a form that people or programs read."""

from __future__ import annotations

import json
import logging
import sys
from contextvars import copy_context

import pytest

from ui.common.logs import JsonLines, Lines, adopt, current_run, formatter

RUN = "abcdef0123456789abcdef"


def record(words: str, *, failed: bool = False) -> logging.LogRecord:
    trace = None
    if failed:
        try:
            raise RuntimeError("inner words")
        except RuntimeError:
            trace = sys.exc_info()
    return logging.LogRecord("ui.x", logging.WARNING, "", 0, words, None, trace)


def in_a_run(form: logging.Formatter, what: logging.LogRecord) -> str:
    def formatted() -> str:
        current_run.set(RUN)
        return form.format(what)

    return copy_context().run(formatted)


def test_a_line_names_the_run_but_does_not_open_it() -> None:
    line = in_a_run(Lines(), record("something"))
    assert line.endswith("WARNING ui.x [abcdef]: something") and RUN not in line
    assert Lines().format(record("something")).endswith("WARNING ui.x: something")


def test_json_is_one_object_a_line() -> None:
    line = in_a_run(JsonLines(), record("two\nlines", failed=True))
    assert "\n" not in line and RUN not in line
    said = json.loads(line)
    assert (said["level"], said["run"], said["message"]) == ("warning", "abcdef", "two\nlines")
    assert "inner words" in said["trace"] and said["time"].endswith("+00:00")
    assert "run" not in json.loads(JsonLines().format(record("x")))


def test_the_form_is_the_hosts_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(formatter(), Lines)
    monkeypatch.setenv("ERASER_LAB_LOG", "JSON")
    assert isinstance(formatter(), JsonLines)
    logger, handler = logging.getLogger("eraser-lab-test"), logging.StreamHandler()
    logger.addHandler(handler)
    adopt("eraser-lab-test")
    assert isinstance(handler.formatter, JsonLines)
    monkeypatch.setenv("ERASER_LAB_LOG", "xml")
    with pytest.raises(ValueError, match="ERASER_LAB_LOG"):
        formatter()
