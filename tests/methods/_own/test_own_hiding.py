"""What a program was given in confidence stands in none of the words that are shown of it."""

from __future__ import annotations

import base64
import json
import os
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from methods._own.hiding import LEFT_OUT, SHORTEST, hidden
from methods._own.process import TAIL_BYTES, Tail

KEY = 'sk-planted/key+with="signs&more'


@pytest.mark.parametrize(
    "written",
    [
        KEY,
        quote(KEY, safe=""),
        json.dumps(KEY),
        base64.b64encode(KEY.encode()).decode(),
        f"https://host/?key={quote(KEY, safe='')}&a=1",
        repr({"key": KEY}),
    ],
)
def test_no_way_of_writing_it_shows_it(written: str) -> None:
    shown = hidden(f"before {written} after", [KEY])
    assert "planted" not in shown and "signs" not in shown
    assert base64.b64encode(KEY.encode()).decode()[:-3] not in shown
    assert shown.startswith("before") and shown.endswith("after")


@pytest.mark.parametrize("user", ["", "a:", "ab:", "abc:"])
def test_it_is_hidden_in_a_header_of_name_and_password(user: str) -> None:
    code = base64.b64encode(f"{user}{KEY}".encode()).decode()
    shown = hidden(f"Authorization: Basic {code}", [KEY])
    assert code[len(user) * 4 // 3 + 2 : -4] not in shown
    assert len(shown) < len("Authorization: Basic ") + 12


def test_a_key_of_several_lines_is_hidden_line_by_line() -> None:
    key = "-----BEGIN KEY-----\nAAAAbbbbCCCC\nDDDDeeee\n-----END KEY-----\n"
    shown = hidden("one\nAAAAbbbbCCCC\ntwo DDDDeeee", [key])
    assert shown == "one\n…\ntwo …"


def test_switches_and_empty_values_hide_nothing() -> None:
    assert hidden("1 of 12 true", ["1", "", "  ", "\n", "12"]) == "1 of 12 true"


@given(st.integers(1, len(KEY) - 4), st.sampled_from(["start", "end"]))
def test_what_a_cut_has_left_of_it_is_hidden(length: int, where: str) -> None:
    rest = KEY[length:] if where == "start" else KEY[:-length]
    words = f"{rest} said it" if where == "start" else f"it said {rest}"
    assert rest not in hidden(words, [KEY])


def test_the_last_words_of_a_program_begin_within_no_key() -> None:
    """They are as many bytes as are kept, wherever these begin."""
    for more in range(len(KEY)):
        end, into = os.pipe()
        os.write(into, KEY.encode() + b"\n" + b"x" * (TAIL_BYTES - more - 1))
        os.close(into)
        with os.fdopen(end, "rb", buffering=0) as stream:
            shown = hidden(Tail(stream).text(), [KEY])
        first = shown.split("\n")[0]
        assert first == (LEFT_OUT if more >= SHORTEST else first), (more, first)
        assert more < SHORTEST or KEY[-SHORTEST:] not in shown
