"""A third language is one new file: everything that speaks speaks it, without code."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from html import escape
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from examples.report.data import Report
from examples.report.html import page
from examples.rows import stand_in_table
from examples.running.cases import CaseTable
from examples.running.jobs import Choice
from methods import BadInput, Text, Verbatim, catalogues, get_eraser, languages
from methods._texts.catalogue import Catalogue
from sentences import pretend, write_pseudo
from ui.common.errors import described
from ui.common.texts import page_languages, page_sentences
from ui.service.choices.catalog import describe_erasers
from ui.service.choices.settings_schema import describe_settings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of further catalogues, still empty."""
    monkeypatch.setenv("ERASER_LAB_LOCALES", str(tmp_path))
    return tmp_path


@pytest.fixture
def polish(folder: Path) -> Catalogue:
    """The pseudo-language, complete."""
    write_pseudo(folder)
    return catalogues()["pl"]


def test_it_is_found_by_its_file_alone(polish: Catalogue) -> None:
    assert languages() == ("en", "zh", "pl")
    assert (polish.name, polish.tag, polish.forms) == ("polski", "pl", 3)
    assert polish.categories == {"one": 0, "few": 1, "many": 2, "other": 2}


@pytest.mark.usefixtures("polish")
def test_the_page_gets_it() -> None:
    english, chinese, polish = page_sentences().values()
    assert [language["code"] for language in page_languages()] == ["en", "zh", "pl"]
    assert english.keys() == chinese.keys() == polish.keys()
    assert (english["canvas.box"], polish["canvas.box"]) == ("Box", "⟦Box⟧")
    assert polish["objects.points"] == {
        "counted": "count",
        "forms": [f"⟦{n}:{{count}} points⟧" for n in range(3)],
    }


@pytest.mark.usefixtures("polish")
def test_an_error_is_said_in_it() -> None:
    said = described(
        BadInput("mask_size", mask_width=1, mask_height=2, photo_width=3, photo_height=4)
    )
    assert said["said"]["pl"] == pretend(said["text"])


@pytest.mark.usefixtures("polish")
def test_a_card_and_its_controls_speak_it() -> None:
    (card,) = (one for one in describe_erasers() if one["id"] == "lama")
    for said in (card["summary"], *card["notes"]):
        assert said["pl"] == pretend(said["en"])
    for control in describe_settings(get_eraser("lama").Settings):
        assert control["description"]["pl"] == pretend(control["description"]["en"])


@pytest.mark.usefixtures("polish")
def test_a_report_speaks_it() -> None:
    table = CaseTable(Text("case.documents"), (), (stand_in_table(),))
    html = page(Report(table=table, choice=Choice(()), rows=[], remarks={}).plain(), {})
    assert '<span lang="pl">⟦⟦2:0 cases⟧, ⟦2:0 results⟧⟧</span>' in html
    for key in ("case.documents", "report.shown", "table.stand_ins.note"):
        assert f'<span lang="pl">{escape(Text(key).said("pl"))}</span>' in html
    assert 'data-title-pl="⟦' in html and "&quot;name&quot;: &quot;polski&quot;" in html
    assert 'html[data-lang="pl"] span[lang]:not([lang="pl"])' in html


@pytest.mark.usefixtures("polish")
@pytest.mark.parametrize(
    ("count", "english", "marked"),
    [
        (1, "1 point", "0:1"),
        (3, "3 points", "1:3"),
        (5, "5 points", "2:5"),
        (22, "22 points", "1:22"),
    ],
)
def test_each_language_counts_in_its_own_way(count: int, english: str, marked: str) -> None:
    text = Text("page.objects.points", count=count)
    assert text.said() == english
    assert text.said("pl") == f"⟦{marked} points⟧"
    assert text.said("zh") == f"{count} 个点"


@pytest.mark.usefixtures("polish")
def test_a_sentence_in_a_sentence_is_of_the_same_language() -> None:
    text = Text("report.counts", cases=Text("report.counts.cases", count=1), cells="x")
    assert text.said("pl") == "⟦⟦0:1 cases⟧, x⟧"


def test_what_it_lacks_is_said_in_english(folder: Path) -> None:
    write_pseudo(folder, without="error.")
    assert BadInput("mask_empty").sentence.said("pl") == str(BadInput("mask_empty"))
    assert Text("page.canvas.box").said("pl") == "⟦Box⟧"
    assert "error.lost" in page_sentences()["pl"]
    write_pseudo(folder, without="page.objects.")
    counted = page_sentences()["pl"]["objects.points"]
    assert isinstance(counted, dict) and counted.get("of") == "en", "English counts as English does"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda po: po.replace("⟦{name} is empty", "⟦{nmae} is empty"), id="wrong value"
        ),
        pytest.param(lambda po: po.replace("⟦{name} is empty", "⟦{name is empty"), id="no value"),
        pytest.param(lambda po: po.replace("⟦{name} is empty", "⟦{name.x} is empty"), id="inside"),
    ],
)
def test_a_slip_in_a_translation_costs_that_sentence_only(
    folder: Path, change: Callable[[str], str]
) -> None:
    file = write_pseudo(folder)
    file.write_text(change(file.read_text("utf-8")), "utf-8")
    error = BadInput("file_empty", name="a.jpg")
    assert error.sentence.said("pl") == str(error) == "a.jpg is empty; choose another file."
    assert BadInput("mask_empty").sentence.said("pl").startswith("⟦")


def test_a_fuzzy_sentence_is_not_said(folder: Path) -> None:
    file = write_pseudo(folder)
    file.write_text(
        file.read_text("utf-8").replace(
            'msgid "page.canvas.box"', '#, fuzzy\nmsgid "page.canvas.box"'
        )
    )
    assert Text("page.canvas.box").said("pl") == "Box"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pl.po", b'msgid "unfinished'),
        ("pl.po", b"\xff\xfe not text"),
        ("xx_Nowhere.po", b'msgid ""\nmsgstr ""\n'),
        ("pl.po", b'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=n ? x;\\n"\n'),
    ],
)
def test_a_file_that_is_none_is_left_out(
    folder: Path, caplog: pytest.LogCaptureFixture, name: str, content: bytes
) -> None:
    (folder / name).write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert languages() == ("en", "zh")
    assert name in caplog.text


def test_words_from_elsewhere_are_said_as_they_came() -> None:
    assert Verbatim("a {name}").plain() == {"en": "a {name}", "zh": "a {name}"}
    assert Verbatim({"zh": "名", "en": "name"}).said("zh") == "名"
    assert Verbatim({"zh": "名"}).said("pl") == "名"


def test_an_id_that_nobody_knows_is_said_as_it_is() -> None:
    assert Text("no.such.sentence").plain() == dict.fromkeys(languages(), "no.such.sentence")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("page.canvas.box", Text("page.canvas.box")),
        ({"en": "a", "zh": "b"}, Verbatim({"en": "a", "zh": "b"})),
        (Verbatim("x"), Verbatim("x")),
    ],
)
def test_a_model_takes_ids_and_words_and_writes_words(data: object, text: Text) -> None:
    adapter = TypeAdapter(Text)
    assert adapter.validate_python(data) == text
    assert json.loads(adapter.dump_json(text)) == text.plain()


@pytest.mark.parametrize("data", [7, ["a"], {"en": 7}, None])
def test_a_model_refuses_what_is_neither(data: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Text).validate_python(data)
