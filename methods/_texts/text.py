"""A sentence that is asked for a language only when it is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias, cast

from pydantic import GetCoreSchemaHandler, PlainSerializer, PlainValidator

from methods._texts.catalogue import ENGLISH, Catalogue, catalogues

Value: TypeAlias = "str | int | float | Text"
"""What may stand in a sentence; a Text is said in the sentence's own language."""

PlainText: TypeAlias = dict[str, str]
"""A `Text` as it stands in JSON: what it says in every language, by the language's code."""

UNFILLED = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What a translation raises that names a value wrongly."""


class Text:
    """A sentence of the catalogues, by its id, with the values that stand in it."""

    __slots__ = ("id", "values")

    def __init__(self, sentence_id: str, /, **values: Value) -> None:
        self.id = sentence_id
        self.values: Mapping[str, Value] = values

    def said(self, language: str = ENGLISH) -> str:
        """In that language; in English where its catalogue lacks the sentence, or has it with
        values that are not given. An id that no catalogue has is said as it is.

        Raises KeyError where the English sentence wants a value that is not given.
        """
        if language != ENGLISH and (words := self.filled(language)) is not None:
            return words
        english = catalogues()[ENGLISH]
        return self._filled(english) if self.id in english.sentences else self.id

    def filled(self, language: str) -> str | None:
        """In that language and no other; None where it cannot be said in it."""
        try:
            return self._filled(catalogues()[language])
        except UNFILLED:
            return None

    @property
    def en(self) -> str:
        """In English."""
        return self.said()

    def plain(self) -> PlainText:
        """For JSON."""
        return {language: self.said(language) for language in catalogues()}

    def _filled(self, catalogue: Catalogue) -> str:
        sentence, values = catalogue.sentences[self.id], self.values
        form = catalogue.form(values[sentence.counted]) if sentence.counted else 0
        said = {
            name: value.said(catalogue.code) if isinstance(value, Text) else value
            for name, value in values.items()
        }
        return sentence.forms[form].format_map(said)

    def __str__(self) -> str:
        return self.said()

    def __bool__(self) -> bool:
        return bool(self.said())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r}, {dict(self.values)!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Text):
            return NotImplemented
        return (type(self), self.id, self.values) == (type(other), other.id, other.values)

    def __hash__(self) -> int:
        return hash((self.id, *sorted(self.values)))

    @classmethod
    def __get_pydantic_core_schema__(cls, _: object, handler: GetCoreSchemaHandler) -> object:
        """In data a Text is an id, or sentences by language; it is written as the latter."""
        return handler.generate_schema(
            Annotated[object, PlainValidator(_of_data), PlainSerializer(cls.plain)]
        )


class Verbatim(Text):
    """Words that stand in no catalogue: a name that is the same everywhere, or sentences that
    come from elsewhere, by language; English, or else the first, speaks for those it lacks."""

    __slots__ = ("words",)

    def __init__(self, words: str | Mapping[str, str]) -> None:
        self.words: Mapping[str, str] = {ENGLISH: words} if isinstance(words, str) else words
        super().__init__(self.words.get(ENGLISH, next(iter(self.words.values()), "")))

    def said(self, language: str = ENGLISH) -> str:
        """In that language, or in the one that speaks for it."""
        return self.words.get(language) or self.id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Verbatim) and dict(self.words) == dict(other.words)

    def __hash__(self) -> int:
        return hash(self.id)


def _of_data(data: object) -> Text:
    """Raises ValueError for what is neither."""
    match data:
        case Text():
            return data
        case str():
            return Text(data)
        case {**words}:
            said = {str(language): words[language] for language in words}
            if all(isinstance(sentence, str) for sentence in said.values()):
                return Verbatim(cast("dict[str, str]", said))
    raise ValueError("a sentence's id is wanted, or sentences by language")
