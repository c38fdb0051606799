"""Erasers that run at a server, for tests; see `own_fixtures`, which it needs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from textwrap import dedent

from methods import StopToken
from own_tools import Own
from troubled_server import until

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
