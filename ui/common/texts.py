"""What the page's scripts say: the sentences whose ids begin with "page.", by language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from methods import catalogues

PREFIX = "page."


def page_languages() -> list[dict[str, Any]]:
    """Every language as plain data, the one that speaks for what others lack first.

    Each has code, tag (for HTML), name (in itself), plurals (the number of the form for each of
    Unicode's plural categories) and sentences, by their ids less "page.": a sentence, or its
    `forms` with the name of the value that is `counted`.
    """
    return [
        {
            "code": catalogue.code,
            "tag": catalogue.tag,
            "name": catalogue.name,
            "plurals": dict(catalogue.categories),
            "sentences": _of_page(catalogue.sentences),
        }
        for catalogue in catalogues().values()
    ]


def _of_page(sentences: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key.removeprefix(PREFIX): _plain(sentence)
        for key, sentence in sentences.items()
        if key.startswith(PREFIX)
    }


def _plain(sentence: Any) -> Any:
    if not sentence.counted:
        return sentence.forms[0]
    return {"counted": sentence.counted, "forms": list(sentence.forms)}
