"""The small parts that the HTML report is made of. Whatever is shown goes through `plain`."""

from __future__ import annotations

import base64
import hashlib
import html
import json

from examples.report.texts import text
from methods import PlainText, Text


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


def both(words: Text | PlainText) -> str:
    """Both languages; the style sheet shows one. Equal ones stand once."""
    en, zh = words if isinstance(words, tuple) else (words["en"], words["zh"])
    if en == zh:
        return plain(en)
    return f'<span lang="en">{plain(en)}</span><span lang="zh-CN">{plain(zh)}</span>'


def t(key: str, **values: object) -> str:
    """A sentence of the report, as HTML."""
    return both(text(key, **values))


def attributes(name: str, words: Text | PlainText) -> str:
    """An attribute in both languages; the script puts the right one in place."""
    en, zh = words if isinstance(words, tuple) else (words["en"], words["zh"])
    return f'{name}="{plain(en)}" data-{name}-en="{plain(en)}" data-{name}-zh="{plain(zh)}"'


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
