"""The small parts that the HTML report is made of. Whatever is shown goes through `plain`."""

from __future__ import annotations

import base64
import hashlib
import html
import json

from examples.report.texts import text
from methods import ENGLISH, PlainText, Text, Value, Verbatim, catalogues


class Pictures:
    """The pictures of the page, each once, by the hash of its bytes."""

    def __init__(self) -> None:
        self._data: dict[str, str] = {}

    def add(self, data: bytes) -> str:
        """Its key."""
        key = hashlib.sha256(data).hexdigest()[:16]
        if key not in self._data:
            kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
            self._data[key] = f"{kind},{base64.b64encode(data).decode()}"
        return key

    def json(self) -> str:
        """To stand in a script element: nothing in it can end one."""
        return json.dumps(self._data)


def plain(value: object) -> str:
    """Any value as text that is safe between tags and in quoted attributes."""
    return html.escape(str(value), quote=True)


def in_all(words: Text | PlainText) -> str:
    """In every language; the style sheet shows one. Where all are equal, they stand once."""
    said = as_text(words).plain()
    if len(set(said.values())) == 1:
        return plain(said[ENGLISH])
    return "".join(
        f'<span lang="{one.tag}">{plain(said[one.code])}</span>' for one in catalogues().values()
    )


def as_text(words: Text | PlainText) -> Text:
    """A record's words may lack languages that there are now."""
    return words if isinstance(words, Text) else Verbatim(words)


def t(key: str, **values: Value) -> str:
    """A sentence of the report, as HTML."""
    return in_all(text(key, **values))


def attributes(name: str, words: Text | PlainText) -> str:
    """An attribute in every language; the script puts the right one in place."""
    said = as_text(words).plain()
    others = (f'data-{name}-{language}="{plain(words)}"' for language, words in said.items())
    return " ".join([f'{name}="{plain(said[ENGLISH])}"', *others])


def link(url: str, label: str) -> str:
    """Only web addresses become links."""
    if not url.startswith(("https://", "http://")):
        return label
    return f'<a href="{plain(url)}" rel="noreferrer noopener" target="_blank">{label}</a>'


def megabytes(size: int | None) -> str:
    """Bytes as "28 MB"."""
    return "–" if size is None else f"{size / 1e6:,.0f} MB"


def seconds(value: float | None) -> str:
    """Seconds with as many digits as matter."""
    if value is None:
        return "–"
    return f"{value:.2f} s" if value < 10 else f"{value:.0f} s"
