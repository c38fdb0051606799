"""The page on which one signs in: one file that needs nothing else, since nothing else is open."""

from __future__ import annotations

import json
from pathlib import Path
from secrets import token_urlsafe
from string import Template

from starlette.responses import HTMLResponse, Response

from methods import catalogues

PAGE = Path(__file__).parent.parent / "static" / "sign_in.html"
PREFIX = "sign_in."


def sign_in_page(by_password: bool, by_hub: bool, lang: str | None) -> Response:
    """by_password, by_hub: which ways in there are. lang: a catalogue's code, or None for the
    browser's own language."""
    nonce = token_urlsafe(16)
    given = {"languages": _languages(), "lang": lang, "password": by_password, "hub": by_hub}
    text = Template(PAGE.read_text("utf-8")).substitute(
        nonce=nonce, given=json.dumps(given, ensure_ascii=False).replace("<", "\\u003c")
    )
    return HTMLResponse(
        text,
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": f"default-src 'none'; style-src 'nonce-{nonce}';"
            f" script-src 'nonce-{nonce}'; connect-src 'self'; form-action 'self';"
            " base-uri 'none'",
        },
    )


def _languages() -> list[dict[str, object]]:
    """Every language with the page's sentences; the first speaks for what others lack."""
    found = {code: one.sentences for code, one in catalogues().items()}
    first = next(iter(found.values()))
    wanted = [key for key in first if key.startswith(PREFIX)]
    return [
        {
            "code": one.code,
            "tag": one.tag,
            "name": one.name,
            "sentences": {
                key.removeprefix(PREFIX): (found[code].get(key) or first[key]).forms[0]
                for key in wanted
            },
        }
        for code, one in catalogues().items()
    ]
