"""The owner's erasers on the page: cards, controls, results, last words; nobody else adds any."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from methods import wish_reload
from own_tools import PYTHON, SCRIPT, Own

pytest_plugins = ["own_fixtures"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]

Tabs = Callable[..., Any]

MANIFEST = """
    name = "My <b>method</b>"
    summary = { en = "Fills with one grey.", zh = "用一种灰色填充。" }
    license = "CC-BY-NC-4.0"
    non_commercial = true
    notes = [{ en = "Knows no texture.", zh = "不懂纹理。" }]
    paper = { title = "On Grey", url = "https://example.org/grey", year = 2024 }
    learned = false
    [settings.level]
    type = "int"
    default = 120
    min = 0
    max = 255
    help = { en = "The grey.", zh = "灰度。" }
    [settings.mode]
    type = "choice"
    choices = ["plain", "soft"]
    default = "plain"
    help = "How it ends."
"""
LEVEL = SCRIPT.replace("= 200", "= int(sys.argv[4])")
FAILS = """
    import sys
    for number in range(30):
        print("line", number, file=sys.stderr)
    sys.exit("CUDA is <b>too old</b> for this network")
"""


def put_three(own: Own) -> None:
    own.command("mine", LEVEL, MANIFEST, '"{settings.level}", "{settings.mode}"')
    own.command("fails", FAILS, 'name = "Fails"')
    own.put("typo.toml", 'kind = "command"\n\n[command]\nruns = ["x", "{image}", "{output}"]\n')


@pytest.fixture
def opened(own: Own, tabs: Tabs) -> Any:
    put_three(own)
    return tabs(locale="en-US").open()


def unfolded(tab: Any, name: str) -> Any:
    row = tab.page.locator(f"[data-card={name}]")
    row.locator("summary").click()
    return row


def test_a_command_has_a_card_with_its_controls(opened: Any) -> None:
    row = unfolded(opened, "mine")
    said = row.inner_text()
    for words in ("My <b>method</b>", "Fills with one grey.", "Knows no texture.", "CC-BY-NC-4.0"):
        assert words in said
    assert "mine.toml" in said and "The grey." in said
    assert row.locator("b").count() == 0
    level = row.locator("#lab-mine-level")
    level.fill("90")
    level.press("Tab")
    assert row.locator("input[type=range]").first.input_value() == "90"
    level.fill("300")
    level.press("Tab")
    assert level.input_value() == "120"
    assert row.locator("#lab-mine-mode option").all_inner_texts() == ["plain", "soft"]
    opened.switch_language()
    for words in ("用一种灰色填充。", "灰度。", "不懂纹理。"):
        opened.page.wait_for_selector(f"[data-card=mine]:has-text('{words}')")


def test_a_file_that_is_wrong_has_a_card_that_says_where(opened: Any) -> None:
    row = unfolded(opened, "typo")
    said = row.inner_text()
    assert "line 4" in said and "“runs”" in said and "“run”" in said
    assert row.locator("[data-eraser]").is_disabled()
    assert row.locator(".lab-setting, .lab-chip").count() == 0  # it has none that mean anything
    opened.switch_language()
    opened.page.wait_for_selector("[data-card=typo]:has-text('第 4 行')")


def test_it_erases_with_its_setting_and_says_why_it_does_not(
    opened: Any, examples_dir: Path
) -> None:
    opened.photo(examples_dir / "rocket.jpg")
    opened.click(320, 165)
    row = unfolded(opened, "mine")
    row.locator("#lab-mine-level").fill("90")
    row.locator("#lab-mine-level").press("Tab")
    opened.choose("mine", "fails", "telea")
    opened.erase()
    opened.page.wait_for_selector(".lab-result[data-eraser=mine] img")
    assert opened.card("mine").get_attribute("data-changed") == "0"
    assert "90" in opened.details("mine").inner_text()
    opened.page.keyboard.press("Escape")
    failed = opened.card("fails")
    assert "exit code 1" in failed.inner_text()
    printed = failed.locator(".lab-printed")
    assert not printed.locator("pre").is_visible()
    printed.locator("summary").click()
    opened.page.wait_for_function(
        "() => { const words = document.querySelector('.lab-printed pre');"
        " return words.scrollTop > 0 &&"
        " words.scrollTop + words.clientHeight >= words.scrollHeight - 2; }"
    )
    words = printed.locator("pre").inner_text().splitlines()
    assert words[-1] == "CUDA is <b>too old</b> for this network"
    assert "line 29" in words and "line 3" not in words  # the last ones alone
    assert printed.locator("b").count() == 0
    opened.reload()
    opened.page.wait_for_selector(".lab-result[data-eraser=fails] .lab-printed")


def test_a_new_one_comes_in_when_the_owner_says_so(own: Own, opened: Any) -> None:
    text = (
        f'kind = "command"\n[command]\nrun = ["{PYTHON}", "later.py", "{{image}}", "{{output}}"]\n'
    )
    (own.folder / "later.toml").write_text(text, encoding="utf-8")
    opened.reload()
    assert opened.page.locator("[data-card=later]").count() == 0
    wish_reload()
    opened.reload()
    assert opened.page.locator("[data-card=later]").count() == 1
    (own.folder / "later.toml").unlink()
    wish_reload()
    opened.reload()
    assert opened.page.locator("[data-card=later]").count() == 0


def test_a_visitor_adds_none(own: Own, opened: Any, lab_service: Any, tmp_path: Path) -> None:
    """Neither as a photo, nor by Gradio's own upload, whatever the file is called."""
    before = sorted(own.folder.rglob("*"))
    evil = tmp_path / "evil.toml"
    evil.write_text((own.folder / "mine.toml").read_text("utf-8"), encoding="utf-8")
    opened.page.set_input_files("[data-testid=file]", evil)
    opened.page.wait_for_selector(".lab-problem:visible, .lab-notice:visible")
    for name in ("evil.toml", "../erasers/evil.toml", str(own.folder / "evil.toml")):
        answer = opened.page.request.post(
            f"{opened.url}gradio_api/upload",
            multipart={"files": {"name": name, "mimeType": "text/plain", "buffer": b"kind = 1"}},
        )
        assert answer.status in (200, 400, 403, 422)
    wish_reload()
    opened.reload()
    assert opened.page.locator("[data-card=evil]").count() == 0
    assert sorted(own.folder.rglob("*")) == before


def test_a_photo_goes_to_another_machine_after_a_question(
    own: Own, tabs: Tabs, examples_dir: Path
) -> None:
    """Once for each host; whoever says no has nothing sent, and nothing begun."""
    table = "seconds = 5\nretries = 0\n"
    own.put("away.toml", f'kind = "iopaint"\n[server]\nurl = "https://erase.invalid"\n{table}')
    tab = tabs(locale="en-US").open()
    tab.photo(examples_dir / "rocket.jpg")
    tab.page.click("button[data-tool=brush]")
    tab.click(320, 165)
    tab.choose("away", "telea")
    tab.page.click("[data-testid=erase]:enabled")
    asked = tab.page.locator("dialog.lab-confirm")
    asked.wait_for()
    assert "erase.invalid" in asked.inner_text()
    asked.get_by_text("Do not send").click()
    tab.page.wait_for_selector("[data-testid=erase]:enabled")
    assert tab.page.locator(".lab-result").count() == 0
    tab.page.click("[data-testid=erase]:enabled")
    tab.page.click("[data-testid=consent]")
    tab.finished()
    assert "erase.invalid" in tab.card("away").inner_text()
    assert tab.card("telea").get_attribute("data-state") == "done"
    tab.page.click("[data-testid=erase]:enabled")
    tab.page.wait_for_selector("[data-testid=stop]:visible, .lab-result[data-state=failed]")
    assert asked.count() == 0
