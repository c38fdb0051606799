"""The switch of languages is made of the catalogues that are found, on the page and in reports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from examples.report.data import Report
from examples.report.html import page as report_page
from examples.running.cases import CaseTable
from examples.running.jobs import Choice
from methods import Text
from sentences import write_pseudo
from ui.page.assets import Assets

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.slow]
HOME = "http://page.test/"
PAGE = """<!doctype html><html><head>{head}</head><body>
<header><div id="lab-tabs"></div>
<button id="lab-language"></button><button id="lab-theme"></button></header>
<p data-t="canvas.box"></p>
<script>
const element = document.querySelector("header");
eraserLabScripts.then(page => page.mountHead({{ element }}));
</script>
</body></html>"""


@pytest.fixture
def pseudo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A third language, of which nothing but its file is known."""
    monkeypatch.setenv("ERASER_LAB_LOCALES", str(tmp_path))
    write_pseudo(tmp_path)


@pytest.fixture
def page(browser: Any) -> Iterator[Page]:
    """An empty page of a browser that speaks Polish."""
    context = browser.new_context(locale="pl-PL")
    yield context.new_page()
    context.close()


def open_page(page: Page, lang: str | None) -> None:
    """The page's head alone, with its scripts, from no server."""
    assets = Assets(lang)

    def answer(route: Route) -> None:
        _, _, name = route.request.url.removeprefix(HOME).partition(f"{assets.folder}/")
        asset = assets.get(assets.folder.rpartition("/")[2], name)
        if asset is None:
            route.fulfill(body=PAGE.format(head=assets.head()), content_type="text/html")
        else:
            route.fulfill(body=asset.body, content_type=asset.media_type)

    page.route(HOME + "**", answer)
    page.goto(HOME)
    page.wait_for_function("window.eraserLab && document.querySelector('p').textContent")


def names(page: Page, switch: str) -> list[str]:
    return page.locator(f"{switch} option").all_inner_texts()


def write_report(file: Path) -> str:
    table = CaseTable(Text("case.documents"), ())
    file.write_text(
        report_page(Report(table=table, choice=Choice(()), rows=[], remarks={}).plain(), {})
    )
    return file.as_uri()


def test_two_languages_are_switched_by_a_button(page: Page) -> None:
    open_page(page, None)
    assert page.inner_text("#lab-language") == "中文"
    page.click("#lab-language")
    page.wait_for_selector("html[lang='zh-CN']")
    assert (page.inner_text("#lab-language"), page.inner_text("p")) == ("English", "画框")
    assert page.get_attribute("html", "lang") == "zh-CN"


@pytest.mark.usefixtures("pseudo")
def test_three_languages_are_chosen_from_a_menu(page: Page) -> None:
    open_page(page, None)
    assert page.inner_text("p") == "⟦Box⟧"  # the browser's own language
    assert names(page, "#lab-language") == ["English", "中文", "polski"]
    for code, said in (("zh", "画框"), ("en", "Box"), ("pl", "⟦Box⟧")):
        page.select_option("#lab-language", code)
        page.wait_for_selector(f"html[lang^='{code}']")
        assert page.inner_text("p") == said


@pytest.mark.usefixtures("pseudo")
def test_the_page_counts_as_the_language_does(page: Page) -> None:
    open_page(page, None)
    count = "n => eraserLab.t('objects.points', {count: n})"
    assert [page.evaluate(count, n) for n in (1, 2, 5, 22)] == [
        "⟦0:1 points⟧",
        "⟦1:2 points⟧",
        "⟦2:5 points⟧",
        "⟦1:22 points⟧",
    ]
    page.select_option("#lab-language", "en")
    page.wait_for_selector("html[lang^='en']")
    assert [page.evaluate(count, n) for n in (1, 2)] == ["1 point", "2 points"]


def test_what_a_language_lacks_the_page_says_in_english(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERASER_LAB_LOCALES", str(tmp_path))
    write_pseudo(tmp_path, without="page.objects")
    open_page(page, "pl")
    assert page.evaluate("eraserLab.t('objects.points', {count: 5})") == "5 points"
    assert page.evaluate("eraserLab.t('canvas.box')") == "⟦Box⟧"


@pytest.mark.usefixtures("pseudo")
def test_a_report_offers_three_languages(page: Page, tmp_path: Path) -> None:
    page.goto(write_report(tmp_path / "table.html"))
    assert names(page, "#language") == ["English", "中文", "polski"]
    assert page.locator("h1").inner_text() == "⟦The documents' tables, run again⟧"
    page.select_option("#language", "zh")
    assert "⟦" not in page.locator("h1").inner_text()
    assert page.get_attribute("#language", "title") == "语言"


def test_a_report_in_two_languages_has_a_button(page: Page, tmp_path: Path) -> None:
    page.goto(write_report(tmp_path / "table.html"))
    assert page.inner_text("#language") == "中文"
    page.click("#language")
    assert (page.inner_text("#language"), page.get_attribute("html", "lang")) == (
        "English",
        "zh-CN",
    )
