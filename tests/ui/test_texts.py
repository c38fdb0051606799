"""The page's texts reach its scripts, and nothing that they hold becomes markup."""

from __future__ import annotations

import json

from ui.common.texts import page_languages
from ui.page.assets import ENTRY, GIVEN, STATIC, Assets, page_modules

SCRIPTS = sorted(STATIC.rglob("*.js"))


def test_texts_come_as_a_module_of_their_own() -> None:
    assets, (languages, options) = Assets("zh"), page_modules("zh")[GIVEN].body.splitlines()
    assert json.loads(languages.removeprefix("const LANGUAGES = ").rstrip(";")) == list(
        page_languages()
    )
    assert options == 'const OPTIONS = {"lang": "zh"};'
    served = assets.get(assets.folder.rpartition("/")[2], ENTRY)
    assert served is not None and languages in served.body.decode("utf-8")
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
