"""The page's texts reach its scripts, and nothing that they hold becomes markup."""

from __future__ import annotations

from ui.page.layout import SCRIPTS, STATIC, as_script, head_html


def test_texts_cannot_end_the_script_they_stand_in() -> None:
    assert "</script" not in as_script({"x": "</script><!--"})
    assert head_html("zh").count("</script>") == 1


def test_no_script_knows_the_languages() -> None:
    for name in SCRIPTS:
        script = (STATIC / name).read_text(encoding="utf-8")
        for word in ('"en"', '"zh"', "'zh'", "zh-CN", ".zh", ".en "):
            assert word not in script, f"{name} names {word}"


def test_scripts_write_no_html() -> None:
    for name in SCRIPTS:
        script = (STATIC / name).read_text(encoding="utf-8")
        for hole in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert hole not in script, f"{name} uses {hole}"
