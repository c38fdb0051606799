"""The catalogues fit each other and the program: ids, values, plural forms, nothing left over."""

from __future__ import annotations

import ast
import gettext
import re

import pytest
from babel import Locale

from methods import catalogues, languages
from sentences import (
    ROOT,
    english,
    named_in_python,
    named_in_scripts,
    of,
    places,
    sources,
    words_of_source,
)

MADE_OF_PARTS = (
    "page.canvas.level.",
    "page.panel.chip.",
    "page.pair.",
    "page.figure.zoom.",
    "page.figure.form.",
    "sign_in.",
    "page.panel.standing.",
    "page.panel.family.",
    # What follows is a state, a code, a direction …: a word of the source by itself.
    "page.state.",
    "page.hint.",
    "page.grid.memory.",
    "page.better.",
    "page.tables.set.",
    "page.error.",
    "page.tables.",
    "report.better_",
    "metadata.kind.",
    "saving.no_jpeg.",
    "error.eraser_stuck.",
)
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
IDEOGRAPH = re.compile(r"[\u4e00-\u9fff]")
READS_CHINESE = {"phrases.py", "vocabulary.py"}
"""What people type is read there, nothing is said."""

every = pytest.mark.parametrize("language", languages())


def test_the_program_speaks_two_languages() -> None:
    assert languages() == ("en", "zh")
    assert len(english()) > 800


@every
def test_a_catalogue_has_every_sentence_and_no_other(language: str) -> None:
    assert of(language).sentences.keys() == english().keys()


@every
def test_a_sentence_has_the_values_that_it_has_in_english(language: str) -> None:
    for sentence_id, sentence in of(language).sentences.items():
        wanted = places(english()[sentence_id])[-1]
        assert all(found == wanted for found in places(sentence)), sentence_id


@every
def test_a_counted_sentence_has_all_forms_of_its_language(language: str) -> None:
    catalogue = of(language)
    for sentence_id, sentence in catalogue.sentences.items():
        assert sentence.counted == english()[sentence_id].counted, sentence_id
        assert len(sentence.forms) == (catalogue.forms if sentence.counted else 1), sentence_id
        assert not sentence.counted or sentence.counted in places(sentence)[-1], sentence_id


@every
def test_the_formula_in_the_header_is_the_rule_of_the_language(language: str) -> None:
    catalogue = of(language)
    formula, rule = gettext.c2py(catalogue.plural), Locale.parse(language).plural_form
    for count in range(1001):
        assert catalogue.categories[rule(count)] == formula(count) < catalogue.forms


@every
def test_no_sentence_is_empty_or_ends_in_a_blank(language: str) -> None:
    for sentence_id, sentence in of(language).sentences.items():
        assert all(form.strip() and form == form.rstrip() for form in sentence.forms), sentence_id


def test_english_is_english_and_chinese_is_chinese() -> None:
    chinese = of("zh").sentences
    for sentence_id, sentence in english().items():
        assert not CHINESE.search("".join(sentence.forms)), sentence_id
    same = {i for i, sentence in english().items() if sentence.forms == chinese[i].forms}
    assert all(len(english()[i].forms[0]) < 40 for i in same), same


# --- and the program -------------------------------------------------------------------------


def test_every_sentence_that_the_program_names_exists() -> None:
    named = named_in_python()
    assert len(named) > 400
    missing = {(one.file, one.id) for one in named if one.id and one.id not in english()}
    assert not missing - OPEN
    assert len(in_scripts := named_in_scripts()) > 100
    assert not in_scripts - english().keys()


OPEN = {("_base.py", "error.error")}
"""An error's own default, for one that nobody meets."""


def test_the_program_gives_every_value_that_a_sentence_has() -> None:
    for one in named_in_python():
        if one.values is not None and one.id in english():
            assert places(english()[one.id])[-1] <= one.values, (one.file, one.id)


def test_no_sentence_is_left_over() -> None:
    words = words_of_source()
    for sentence_id in english():
        if sentence_id.startswith("page.setting."):
            continue  # fields of erasers' settings: test_setting_names.py
        short = sentence_id.partition(".")[2]
        made = [sentence_id.removeprefix(start) for start in MADE_OF_PARTS]
        made += [each.removesuffix(".space") for each in (sentence_id, short)]  # `said_here`
        made += [short.removesuffix(".hint"), short.removesuffix(".why").removeprefix("hint.")]
        assert words & {sentence_id, short, *made} or made[0].isdigit(), sentence_id


def test_no_code_holds_a_second_language() -> None:
    for file, tree in sources():
        if file.name in READS_CHINESE:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not CHINESE.search(node.value), (file.name, node.lineno)
    for file in (*(ROOT / "ui").rglob("*.js"), *(ROOT / "examples").rglob("*.js")):
        assert not IDEOGRAPH.search(file.read_text(encoding="utf-8")), file.name


def test_every_catalogue_is_found_by_its_name() -> None:
    files = {file.stem for file in (ROOT / "methods/_texts/locales").iterdir()}
    assert files == set(catalogues())
