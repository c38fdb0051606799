"""From what a user types to the phrase that a detector reads.

A grounded detector was trained on lower-case English in which every thing ends with a full
stop: "red car. dog." Users type "Red car, dog" or "红色汽车，狗". Nobody's punctuation, brackets
or special tokens reach the tokenizer: a part consists of letters, digits, spaces and - ' & .
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from methods import BadInput
from segmentation._prompts.vocabulary import translated

MOST_TYPED = 1000
"""Characters that are looked at at all."""

MOST_CHARACTERS = 250
"""Characters of the normalised phrase: at most as many tokens, and the text encoder reads 256."""

_SEPARATOR = re.compile(r"[.,;:!?|/\\\n\r、，。；：！？·]+")
_WORD = re.compile(r"[a-z0-9]+(?:['&-][a-z0-9]+)*")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


@dataclass(frozen=True, slots=True)
class Phrase:
    """Things to look for, each once, in the order typed.

    parts: lower-case English, such as "red car". translations: (as typed, as read) for
    each part that was not English.
    """

    parts: tuple[str, ...]
    translations: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """What the detector is given: "red car. dog."."""
        return " ".join(f"{part}." for part in self.parts)


def read_phrase(typed: str) -> Phrase:
    """The things named in untrusted text, separated by commas, full stops or lines.

    Raises BadInput: "phrase_empty", "phrase_too_long", or "phrase_not_english" for a part
    in another language that the built-in word list does not cover.
    """
    if len(typed) > MOST_TYPED:
        raise _too_long()
    parts: dict[str, None] = {}
    translations: dict[str, str] = {}
    for typed_part in _SEPARATOR.split(_plain(typed)):
        words = _in_english(typed_part)
        parts |= dict.fromkeys(words)
        if words and _HAN.search(typed_part):
            translations[typed_part.strip()] = ", ".join(words)
    phrase = Phrase(tuple(parts), tuple(translations.items()))
    if not parts:
        raise BadInput("phrase_empty")
    if len(phrase.text) > MOST_CHARACTERS:
        raise _too_long()
    return phrase


def _plain(typed: str) -> str:
    """Lower case, full-width forms as ordinary ones, without accents."""
    decomposed = unicodedata.normalize("NFKD", typed).lower()
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _in_english(part: str) -> list[str]:
    """The part as English, several where Chinese joins things with "and"; none for no words."""
    letters = "".join(c if c.isalnum() or c in "-'&" else " " for c in part.replace("’", "'"))
    if all(c.isascii() for c in letters):
        words = _WORD.findall(letters)
        return [" ".join(words)] if any(c.isalpha() for word in words for c in word) else []
    found = translated(" ".join(letters.split()))
    if found is None:
        shown = " ".join(letters.split())[:40]
        raise BadInput("phrase_not_english", words=shown)
    return found


def _too_long() -> BadInput:
    return BadInput("phrase_too_long", limit=MOST_CHARACTERS)
