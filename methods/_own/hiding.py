"""What a program was given in confidence is left out of what is shown of its words.

Words are shown to visitors and kept in runs, so a value must not survive by being written otherwise
(in an address, in JSON, line by line), or by being cut in two where its words are shortened.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

LEFT_OUT = "…"
SHORTEST = 4
"""Characters of a value that is left out: the 1 of a switch is no secret."""


def hidden(words: str, secrets: Iterable[str]) -> str:
    """words less the secrets, in every form of `_forms`, and less what a cut has left of one at
    either end."""
    forms = sorted({form for each in secrets for form in _forms(each)}, key=len, reverse=True)
    for form in forms:
        words = words.replace(form, LEFT_OUT)
    for form in forms:
        words = _without_rest(words, form)
    return words


def _forms(secret: str) -> Iterator[str]:
    """As it is, and each line of it alone, in every way of `_ways`."""
    for part in {secret, secret.strip(), *map(str.strip, secret.splitlines())}:
        if len(part.strip()) >= SHORTEST:
            yield from (way for way in _ways(part) if len(way) >= SHORTEST)


def _ways(part: str) -> Iterator[str]:
    """As programs print it, and as addresses, JSON and headers have it."""
    yield from (part, json.dumps(part)[1:-1], json.dumps(part, ensure_ascii=False)[1:-1])
    yield from (repr(part)[1:-1], quote(part, safe=""), quote(part), quote_plus(part))
    for code in _in_base64(part.encode()):
        yield from (code, code.replace("+", "-").replace("/", "_"))


def _in_base64(data: bytes) -> Iterator[str]:
    """The letters that are the data's alone, wherever in a longer text it begins, as a password
    does after its name in a header."""
    for before in range(3):
        code = base64.b64encode(bytes(before) + data).decode()
        yield code[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]


def _without_rest(words: str, form: str) -> str:
    """Where words were shortened, their ends may be one of a secret's."""
    for length in range(len(form) - 1, SHORTEST - 1, -1):
        if words.startswith(form[-length:]):
            words = LEFT_OUT + words[length:]
            break
    for length in range(len(form) - 1, SHORTEST - 1, -1):
        if words.endswith(form[:length]):
            return words[:-length] + LEFT_OUT
    return words
