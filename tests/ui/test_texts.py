"""Every sentence of the page exists in both languages, and every key that is used exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from methods import ERRORS_ZH
from ui.common.texts import TEXTS
from ui.page.layout import SCRIPTS, STATIC, as_script, head_html

ROOT = Path(__file__).resolve().parents[2]
ERRORS = {"BadInput", "Notice", "Unavailable", "UserError", "WeightsUnavailable"}
COMMAND_LINE_ONLY = {
    # Raised by the commands alone, which speak English.
    "bad_assignment",
    "bad_environment",
    "bad_manifest",
    "bad_name",
    "bad_recipe",
    "bad_remarks",
    "bad_repeat",
    "cannot_write",
    "crop_outside",
    "no_place",
    "no_such_file",
    "nothing_named",
    "nothing_selected",
    "object_outside",
    "object_without_mask",
    "pin_hub",
    "pin_no_hub",
    "pin_revision",
    "unknown_case",
    "unknown_name",
    "unknown_recipe",
    "would_overwrite",
}
PLACE = re.compile(r"\{(\w+)\}")


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every place in the program that makes one of the errors a user may see."""
    for folder in ("methods", "segmentation", "examples", "ui"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ERRORS:
                    yield path.name, node


def code_of(call: ast.Call) -> str | None:
    """The literal code of an error, given by place or by name."""
    given = call.args[1:2] + [word.value for word in call.keywords if word.arg == "code"]
    named = (part.value for part in given if isinstance(part, ast.Constant))
    return next((value for value in named if isinstance(value, str)), None)


CODES = {code: file for file, call in calls() if (code := code_of(call))}


def test_the_search_finds_the_errors() -> None:
    assert len(CODES) > 40


@pytest.mark.parametrize("code", sorted(set(CODES) - COMMAND_LINE_ONLY))
def test_every_error_has_a_chinese_sentence(code: str) -> None:
    assert code in ERRORS_ZH or f"error.{code}" in TEXTS, f"raised in {CODES[code]}"


def test_no_chinese_sentence_is_left_over() -> None:
    assert set(ERRORS_ZH) <= set(CODES)


def test_sentences_name_only_details_that_the_error_has() -> None:
    for file, call in calls():
        code, names = code_of(call), {word.arg for word in call.keywords}
        if code in ERRORS_ZH and None not in names:  # None: a ** of details built elsewhere
            assert set(PLACE.findall(ERRORS_ZH[code])) <= names, (file, code)


@pytest.mark.parametrize("key", sorted(TEXTS))
def test_both_languages_have_the_same_places(key: str) -> None:
    english, chinese = TEXTS[key]
    assert english.strip() and chinese.strip()
    assert sorted(PLACE.findall(english)) == sorted(PLACE.findall(chinese))


def test_every_key_in_the_scripts_exists() -> None:
    used = set()
    for name in SCRIPTS:
        script = (STATIC / name).read_text(encoding="utf-8")
        used |= set(re.findall(r"""\bt\("([\w.]+)"[,)]""", script))
        used |= set(re.findall(r'"data-t(?:-label|-title)?": "([\w.]+)"', script))
    missing = {key for key in used if key not in TEXTS and not key.endswith(".")}
    assert missing == set()


def test_texts_cannot_end_the_script_they_stand_in() -> None:
    assert "</script" not in as_script({"x": "</script><!--"})
    assert head_html("zh").count("</script>") == 1


def test_scripts_write_no_html() -> None:
    for name in SCRIPTS:
        script = (STATIC / name).read_text(encoding="utf-8")
        for hole in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert hole not in script, f"{name} uses {hole}"
