"""The page's texts reach its scripts, and nothing that they hold becomes markup."""

from __future__ import annotations

import json

from ui.common.texts import page_languages, page_sentences, said_only
from ui.page.assets import ENTRY, GIVEN, LANGUAGES, STATIC, Assets, page_modules

SCRIPTS = sorted(STATIC.rglob("*.js"))


def test_each_language_is_a_file_of_its_own_and_no_other_travels() -> None:
    assets = Assets("zh")
    version = assets.folder.rpartition("/")[2]
    languages = page_modules()[GIVEN].body.removeprefix("const LANGUAGES = ").rstrip(";")
    assert json.loads(languages) == list(page_languages())
    begun = assets.get(version, ENTRY)
    assert begun is not None
    for code, sentences in page_sentences().items():
        words = assets.get(version, f"{LANGUAGES}/{code}.js")
        assert words is not None
        body = words.body.decode("utf-8")
        assert json.loads(body.removeprefix("export const SENTENCES = ").rstrip(";\n")) == sentences
        long = max((s for s in sentences.values() if isinstance(s, str)), key=len)
        assert long not in begun.body.decode("utf-8")
    assert '"zh" ?? kept' in assets.head() and "null ?? kept" in Assets(None).head()
    assert assets.head().count("</script>") == 1


def test_a_catalogue_in_one_language_says_everything_in_it() -> None:
    value = {"why": {"en": "No.", "zh": "不。"}, "all": [{"en": "Yes."}], "size": {"en_us": 3}}
    assert said_only(value, "zh") == {
        "why": {"zh": "不。"}, "all": [{"en": "Yes."}], "size": {"en_us": 3}
    }  # fmt: skip


def test_no_script_knows_the_languages() -> None:
    for file in SCRIPTS:
        script = file.read_text(encoding="utf-8")
        for word in ('"en"', '"zh"', "'zh'", "zh-CN", ".zh", ".en "):
            assert word not in script, f"{file.name} names {word}"


def test_scripts_write_no_html() -> None:
    for file in SCRIPTS:
        script = file.read_text(encoding="utf-8")
        for hole in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert hole not in script, f"{file.name} uses {hole}"
