"""The page's texts reach its scripts, and nothing that they hold becomes markup."""

from __future__ import annotations

import json

from ui.common.texts import page_languages
from ui.page.assets import GIVEN, STATIC, Assets

SCRIPTS = sorted(STATIC.rglob("*.js"))


def test_texts_come_as_a_module_of_their_own() -> None:
    assets = Assets("zh")
    given = assets.get(assets.folder.rpartition("/")[2], GIVEN)
    assert given is not None
    languages, options = given.body.decode("utf-8").splitlines()
    assert json.loads(languages.removeprefix("export const LANGUAGES = ").rstrip(";")) == list(
        page_languages()
    )
    assert options == 'export const OPTIONS = {"lang": "zh"};'
    assert assets.head().count("</script>") == 1


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
