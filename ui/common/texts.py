"""What the page's scripts say: the sentences whose ids begin with "page.", by language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypeAlias, TypedDict

from methods import Catalogue, Sentence, Text, catalogues

PREFIX = "page."


class CountedSentence(TypedDict):
    """A sentence in its plural forms. counted: the name of the value that chooses. of: the code of
    the language that it is in, where that is another."""

    counted: str
    forms: list[str]
    of: NotRequired[str]


PageSentence: TypeAlias = str | CountedSentence


class PageLanguage(TypedDict):
    """A language as plain data. tag: for HTML. name: in itself. plurals: the number of the form for
    each of Unicode's plural categories. hint: that one may switch to it, in itself."""

    code: str
    tag: str
    name: str
    plurals: Mapping[str, int]
    hint: str


def page_languages() -> list[PageLanguage]:
    """Every language, without its sentences; the first speaks for what others lack."""
    return [_of_page(catalogue) for catalogue in catalogues().values()]


def _of_page(catalogue: Catalogue) -> PageLanguage:
    hint = Text("page.head.language.hint", language=catalogue.name)
    return {
        "code": catalogue.code,
        "tag": catalogue.tag,
        "name": catalogue.name,
        "plurals": catalogue.categories,
        "hint": hint.said(catalogue.code),
    }


def page_sentences() -> dict[str, dict[str, PageSentence]]:
    """Each language's sentences by their ids less "page.": all that a page in it says, so that
    nothing of another language need travel. What a language lacks stands there in the first."""
    first, *_ = catalogues().values()
    english = _sentences(first, of=first.code)
    return {
        catalogue.code: {**english, **_sentences(catalogue)} if catalogue is not first
        else _sentences(catalogue) for catalogue in catalogues().values()
    }  # fmt: skip


def _sentences(catalogue: Catalogue, of: str | None = None) -> dict[str, PageSentence]:
    return {
        key.removeprefix(PREFIX): _plain(sentence, of)
        for key, sentence in catalogue.sentences.items()
        if key.startswith(PREFIX)
    }


def _plain(sentence: Sentence, of: str | None) -> PageSentence:
    if not sentence.counted:
        return sentence.forms[0]
    plain: CountedSentence = {"counted": sentence.counted, "forms": list(sentence.forms)}
    if of is not None:
        plain["of"] = of
    return plain


def said_only(value: Any, language: str) -> Any:
    """A plain value with every sentence in it in that language alone, or in the first that it has:
    what stands in no other form travels once."""
    if isinstance(value, Mapping):
        if value and value.keys() <= catalogues().keys():
            code = language if value.get(language) else next(iter(value))
            return {code: value[code]}
        return {key: said_only(each, language) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [said_only(each, language) for each in value]
    return value
