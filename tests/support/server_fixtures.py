"""Erasers that run at a server, for tests; see `own_fixtures`, which it needs."""

from __future__ import annotations

from textwrap import dedent

from own_tools import Own

FAST = "seconds = 20\nretries = 1"


def serve(own: Own, kind: str, url: str, table: str, more: str = "", server: str = FAST) -> None:
    """A manifest `theirs.toml` of a kind. table: of its own table; more: further ones."""
    text = f'kind = "{kind}"\nlearned = false\n[server]\nurl = "{url}"\n{server}\n'
    own.put("theirs.toml", f"{text}[{kind}]\n{dedent(table)}\n{dedent(more)}")
