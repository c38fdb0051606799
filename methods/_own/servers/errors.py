"""How a server may fail."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import httpx

Failure: TypeAlias = Literal[
    "unreachable", "late", "refused", "bad", "unfit", "model", "unauthorised", "rate", "elsewhere"
]

_LENGTH = 300
_KEYS = ("message", "detail", "error", "errors", "msg", "details")
"""Where a JSON answer says what is wrong, the most telling first."""


class ServerError(Exception):
    """kind: what went wrong; said: the server's own words on it, short, "" = none.

    unfit: it answers, but has not what the manifest names, `said`. model: it runs another one.
    elsewhere: its result lies at another host, `said`, that is not asked.
    """

    def __init__(self, kind: Failure, said: str = "") -> None:
        super().__init__(kind)
        self.kind, self.said = kind, short(said)


def refusal(response: httpx.Response) -> ServerError:
    """What an answer of a status from 400 on means."""
    status = response.status_code
    said = told_by(response) or f"{status} {response.reason_phrase}".strip()
    if status in (401, 403):
        return ServerError("unauthorised", said)
    return ServerError("rate" if status == 429 else "refused", said)


def told_by(response: httpx.Response) -> str:
    """A server's sentence: of JSON what stands where sentences do, of plain text all of it; a page
    says nothing."""
    kind = response.headers.get("Content-Type", "")
    if "html" in kind or response.content.lstrip()[:1] == b"<":
        return ""
    try:
        return short(_sentence(json.loads(response.content)))
    except (ValueError, RecursionError):
        return short(response.content[: 4 * _LENGTH].decode("utf-8", "replace"))


def short(words: str) -> str:
    """Printable, on one line, of a length that can be shown."""
    plain = "".join(c if c.isprintable() else " " for c in words[: 8 * _LENGTH])
    plain = re.sub(r"\s+", " ", plain).strip()
    return plain if len(plain) <= _LENGTH else plain[: _LENGTH - 1] + "…"


def _sentence(found: object, depth: int = 0) -> str:
    if isinstance(found, str):
        return found
    if depth > 4:
        return ""
    if isinstance(found, list):
        return next(filter(None, (_sentence(each, depth + 1) for each in found)), "")
    if isinstance(found, dict):
        parts = (found[key] for key in ("error", *_KEYS) if isinstance(found.get(key), dict))
        inner = next(filter(None, (_sentence(part, depth + 1) for part in parts)), "")
        words = (_sentence(found.get(key), depth + 1) for key in _KEYS)
        return inner or next(filter(None, words), "")
    return ""
