"""What the page's scripts say: the sentences whose ids begin with "page.", by language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, TypedDict

from methods import Catalogue, Sentence, catalogues

PREFIX = "page."


class CountedSentence(TypedDict):
    """A sentence in its plural forms. counted: the name of the value that chooses."""

    counted: str
    forms: list[str]


PageSentence: TypeAlias = str | CountedSentence


class PageLanguage(TypedDict):
    """A language as plain data. tag: for HTML. name: in itself. plurals: the number of the form for
    each of Unicode's plural categories. sentences: by their ids less "page."."""

    code: str
    tag: str
    name: str
    plurals: Mapping[str, int]
    sentences: dict[str, PageSentence]


def page_languages() -> list[PageLanguage]:
    """Every language; the first speaks for what others lack."""
    return [_of_page(catalogue) for catalogue in catalogues().values()]


def _of_page(catalogue: Catalogue) -> PageLanguage:
    return {
        "code": catalogue.code,
        "tag": catalogue.tag,
        "name": catalogue.name,
        "plurals": catalogue.categories,
        "sentences": {
            key.removeprefix(PREFIX): _plain(sentence)
            for key, sentence in catalogue.sentences.items()
            if key.startswith(PREFIX)
        },
    }


def _plain(sentence: Sentence) -> PageSentence:
    if not sentence.counted:
        return sentence.forms[0]
    return {"counted": sentence.counted, "forms": list(sentence.forms)}
