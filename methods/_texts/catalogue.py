"""The catalogues: one gettext file a language, `locales/en.po` and those beside it.

    msgid "page.objects.points"
    msgid_plural "count"
    msgstr[0] "{count} point"
    msgstr[1] "{count} points"

A sentence's id says where it stands, not what it says, so that English is a catalogue like the
others; English has every sentence, and speaks where another language has none. `{name}` is a
value. Of a sentence in several plural forms, msgid_plural names the value that is counted.

A further folder of catalogues is named by ERASER_LAB_LOCALES.
"""

from __future__ import annotations

import gettext
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Message
from babel.messages.pofile import PoFileError, read_po

log = logging.getLogger(__name__)

FOLDER = Path(__file__).with_name("locales")
ENGLISH = "en"
CODE = re.compile(r"[a-z]{2,3}(_[A-Za-z0-9]{2,8})*")
"""What a catalogue's file is called, less its ending: `zh`, `pt_BR`."""

MOST_COUNTED = 200
"""Every plural form of every language occurs among the counts up to it."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """forms: one, or as many as the language has for counts. counted: the value that chooses."""

    forms: tuple[str, ...]
    counted: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One language.

    code: its file's name. tag: for HTML, `zh-CN`, from the file's header. plural: gettext's
    formula that gives the form's number for a count.
    """

    code: str
    tag: str
    plural: str
    forms: int
    sentences: Mapping[str, Sentence]

    @property
    def name(self) -> str:
        """The language's name in itself: `English`, `español`."""
        return Locale.parse(self.code).get_display_name() or self.code

    @property
    def categories(self) -> Mapping[str, int]:
        """Unicode's plural categories ("one", "few", "other"), as browsers name them too, with
        the number of the form that stands for each."""
        return _categories(self.code, self.plural, self.forms)

    def form(self, count: object) -> int:
        """The number of the plural form for a count."""
        if not isinstance(count, int | float):
            return self.categories["other"]
        return self.categories[Locale.parse(self.code).plural_form(count)]


@lru_cache(maxsize=32)
def _categories(code: str, plural: str, forms: int) -> Mapping[str, int]:
    formula, rule = gettext.c2py(plural), Locale.parse(code).plural_form
    found = {"other": forms - 1}  # of languages that have it for fractions alone
    for count in reversed(range(MOST_COUNTED + 1)):
        found[rule(count)] = min(formula(count), forms - 1)
    return {category: found.get(category, forms - 1) for category in {*rule.tags, "other"}}


def catalogues() -> Mapping[str, Catalogue]:
    """All that are found, by code, English first. Files are read once, at the first sentence."""
    return _catalogues(FOLDER, os.environ.get("ERASER_LAB_LOCALES", ""))


def add_sentences(folder: Path) -> None:
    """Take in what the catalogues of a folder say beyond ours, in languages that there are."""
    for file in sorted(folder.glob("*.po")):
        known = catalogues().get(file.stem)
        if known is None or not isinstance(known.sentences, dict):
            continue
        try:
            more = _read(file).sentences
        except (OSError, ValueError, PoFileError) as error:
            log.warning("The catalogue %s is left out: %s", file.name, error)
            continue
        for sentence_id, sentence in more.items():
            known.sentences.setdefault(sentence_id, sentence)


def languages() -> tuple[str, ...]:
    """Their codes, English first."""
    return tuple(catalogues())


@lru_cache(maxsize=8)
def _catalogues(folder: Path, further: str) -> Mapping[str, Catalogue]:
    files = sorted(folder.glob("*.po"))
    if further:
        files += sorted(Path(further).glob("*.po"))
    named = {file.stem: file for file in files if CODE.fullmatch(file.stem)}
    found = {ENGLISH: _read(named.pop(ENGLISH))}
    for code, file in named.items():
        try:
            found[code] = _read(file)
        except (OSError, ValueError, PoFileError, UnknownLocaleError) as error:
            log.warning("The catalogue %s is left out: %s", file.name, error)
    return found


def _read(file: Path) -> Catalogue:
    """Raises OSError, ValueError, PoFileError, UnknownLocaleError."""
    locale = Locale.parse(file.stem)
    with file.open("rb") as stream:
        read = read_po(stream, locale=locale, abort_invalid=True)
    gettext.c2py(read.plural_expr)  # a formula that is none is found here, not at a sentence
    sentences = {
        _id_of(message): sentence
        for message in read
        if message.id and not message.fuzzy and (sentence := _sentence(message))
    }
    header = dict(read.mime_headers).get("Language", file.stem)
    return Catalogue(
        file.stem, header.replace("_", "-"), read.plural_expr, read.num_plurals, sentences
    )


def _id_of(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _sentence(message: Message) -> Sentence | None:
    """None where it is not translated, or not in all forms."""
    forms = (message.string,) if isinstance(message.string, str) else message.string
    if not forms or not all(forms):
        return None
    return Sentence(tuple(forms), "" if isinstance(message.id, str) else message.id[1])
