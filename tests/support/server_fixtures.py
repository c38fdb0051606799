"""Erasers that run at a server, for tests; see `own_fixtures`, which it needs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from textwrap import dedent

from methods import Failed, Finished, StopToken
from own_tools import Own
from troubled_server import until

ANSWERED = (
    ([429], None),
    ([429, 429], "takes no more requests now: no: 429"),
    ([500], "says: no: 500"),
    (["half"], "no result"),
    (["html"], "no result"),
    (["elsewhere"], "no result"),
)
"""What every kind does with what a server answers: troubles, and words of the sentence; None = it
has its picture all the same."""

WITHOUT_KEY = (([401], "without a key"), ([403], "without a key"), *ANSWERED)
WITH_KEY = (
    ([401], "does not accept the key: no: 401"),
    ([403], "does not accept the key: no: 403"),
    *ANSWERED,
)

FAST = "seconds = 20\nretries = 1"


def serve(own: Own, kind: str, url: str, table: str, more: str = "", server: str = FAST) -> None:
    """A manifest `theirs.toml` of a kind. table: of its own table; more: further ones."""
    text = f'kind = "{kind}"\nlearned = false\n[server]\nurl = "{url}"\n{server}\n'
    own.put("theirs.toml", f"{text}[{kind}]\n{dedent(table)}\n{dedent(more)}")


def stop_when(condition: Callable[[], object], token: StopToken) -> threading.Thread:
    """Stop is pressed as soon as that is true."""

    def pressed() -> None:
        if until(condition, 60):
            token.stop()

    thread = threading.Thread(target=pressed)
    thread.start()
    return thread


def check_told(last: Finished | Failed, words: str | None) -> None:
    """That it ended with a sentence that has these words; None = with a picture."""
    if words is None:
        assert isinstance(last, Finished), last
    else:
        assert isinstance(last, Failed)
        assert (last.code, words in last.text) == ("own_server", True), last.text
        assert "planted" not in last.text
