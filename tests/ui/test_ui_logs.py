"""The log: whose run it is about, in a form that people or programs read."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from contextvars import copy_context

import pytest

from methods._system.logs import JsonLines, Lines, formatter, keeping_private
from methods._system.redacting import redacted, words_of
from ui.common.logs import adopt, current_run
from ui.service.service import Service
from ui_tools import Upload, last, order, png_file

pytest_plugins = ["ui_fixtures"]

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


# --- what no line holds -----------------------------------------------------------------------

PLANTED = (
    "my holiday 2026.png",
    "the red car of Anna",
    "203.0.113.77",
    "2001:db8::17",
    "hf_AbCdEfGhIjKlMnOp",
    "s3cretvalue",
    RUN,
)


@pytest.fixture(params=[Lines, JsonLines])
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """All that is logged meanwhile, in the program's form."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(request.param())
    root = logging.getLogger()
    root.addHandler(handler)
    yield written
    root.removeHandler(handler)


def holds_nothing(log: io.StringIO) -> str:
    said = log.getvalue()
    assert [each for each in PLANTED if each in said] == []
    return said


def test_addresses_tokens_and_ids_are_left_out_of_any_line(log: io.StringIO) -> None:
    try:
        raise OSError(f"/data/runs/{RUN}/run.json from 203.0.113.77:4711 and 2001:db8::17")
    except OSError:
        logging.getLogger("x").exception("token=s3cretvalue, Bearer abcdefgh12345, %s", PLANTED[4])
    said = holds_nothing(log)
    assert "run.json" in said and "Traceback" in said and "abcdefgh12345" not in said


@pytest.mark.parametrize(
    "words",
    [
        "http://127.0.0.1:7860 answers",
        "at 12:30:05, of 10:20",
        'File "/x/ui/service/selections/select.py", line 12, in _without_a_known_name',
        "ProxyHeadersMiddleware: 0.0.0.0 and ::1, numpy 2.4.6",
        "a std::vector of 5 tokens",
    ],
)
def test_what_names_nobody_stays(words: str) -> None:
    assert redacted(words) == words


def test_what_a_visitor_says_is_left_out_and_words_of_ours_stay() -> None:
    asked = {"eraser": "telea", "words": "cat", "jobs": [{"settings": {"prompt": "a (wide) lawn"}}]}
    assert set(words_of(asked)) == {"cat", "a (wide) lawn"}
    assert redacted("telea: no cat in location, a (wide) lawn", (asked,)) == (
        "telea: no […] in location, […]"
    )


def test_a_request_that_breaks_tells_nothing_of_the_visitor(
    service: Service, upload: Upload, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*asked: object, **more: object) -> None:
        raise RuntimeError(f"could not do it: {asked} {more}")

    path = upload(png_file(), "my holiday 2026.png")
    with monkeypatch.context() as patch:
        patch.setattr(service.uploads, "open", broken)
        answer = service.open_photo({"path": path, "name": "my holiday 2026.png"}, "203.0.113.77")
    assert answer["error"]["code"] == "internal"
    photo = service.open_photo({"path": path, "name": "my holiday 2026.png"})["photo"]["id"]
    monkeypatch.setattr(service.detecting, "detect", broken)
    service.detect({"photo": photo, "phrase": "the red car of Anna"}, "2001:db8::17")
    assert holds_nothing(log).count("RuntimeError: could not do it") == 2
    assert photo not in log.getvalue()


@pytest.mark.usefixtures("toy_erasers")
def test_a_run_that_breaks_tells_nothing_of_the_visitor(
    service: Service, photo: str, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {**order(photo, "paint"), "words": "the red car of Anna"}

    def broken(run_id: str, value: object) -> None:
        raise OSError(f"no room for the red car of Anna in {run_id}: {value}")

    monkeypatch.setattr(service.runs, "save", broken)
    last(service.erase(asked, "s", "203.0.113.77"))
    said = holds_nothing(log)
    assert "run.json could not be written" in said and str(asked["run"]) not in said


def test_an_eraser_that_breaks_does_not_repeat_its_prompt(log: io.StringIO) -> None:
    with keeping_private({"prompt": "the red car of Anna"}):
        logging.getLogger("x").warning("cannot paint %r", "the red car of Anna")
    assert "cannot paint" in holds_nothing(log)
