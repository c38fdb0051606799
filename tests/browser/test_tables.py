"""The second tab in a real browser: rows run again, what papers say, the systems."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from examples.remote import place_of
from examples.rows import document_rows
from methods import load_image
from table_tools import put, row_mask, save_documents

pytestmark = pytest.mark.browser
Tabs = Callable[..., Any]

ROW = "attentive_eraser-1"
CARD = f"#lab-row-{ROW}"


@pytest.fixture(autouse=True)
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for the documents' photos, and no network."""
    monkeypatch.setenv("ERASER_LAB_PHOTOS", str(tmp_path / "photos"))
    monkeypatch.setenv("ERASER_LAB_OFFLINE", "1")
    return tmp_path / "photos"


@pytest.fixture
def rows(tabs: Tabs) -> Any:
    """A tab on the documents' rows, whose pictures are here."""
    save_documents()
    tab = tabs(locale="en-US")
    tab.page.goto(tab.url + f"?tab=tables&row={ROW}")
    tab.page.wait_for_selector(f"{CARD} [data-cell=part-photo] img")
    tick(tab, "telea", "navier_stokes")
    return tab


def tick(tab: Any, *erasers: str) -> None:
    """Tick exactly these erasers to stand beside the rows' own."""
    tab.page.click(".lab-pop.down > button")
    for box in tab.page.query_selector_all("[data-tick]"):
        if box.is_checked() != (box.get_attribute("data-tick") in erasers):
            tab.page.click(f"[data-tick={box.get_attribute('data-tick')}]")
    tab.page.keyboard.press("Escape")


def run(tab: Any, card: str = CARD) -> None:
    """Run a row and wait for all its results and their numbers."""
    tab.page.click(f"{card} [data-testid=run-row]")
    tab.page.wait_for_selector(f"{card} [data-cell=by-telea] img")
    tab.page.wait_for_selector(f"{card} [data-cell=by-navier_stokes] [data-testid=readings]")
    tab.page.wait_for_function("eraserLab.running === null")


# --- the tabs ------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_editor_is_what_opens_and_the_tab_is_a_step_aside(tab: Any) -> None:
    assert tab.page.locator("[data-testid=stage]").is_visible()
    assert not tab.page.locator(".lab-tables").is_visible()
    tab.page.click("#lab-to-tables")
    tab.page.wait_for_selector(".lab-tables")  # its scripts are fetched now
    assert not tab.page.locator("[data-testid=stage]").is_visible()
    assert tab.page.url.endswith("?tab=tables")
    tab.page.go_back()
    tab.page.wait_for_selector("[data-testid=stage]")


@pytest.mark.slow
def test_nothing_is_asked_before_the_tab_is_opened(tab: Any) -> None:
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.post_data or ""))
    tab.page.wait_for_timeout(800)
    assert not [body for body in asked if '"rows"' in body]
    with tab.page.expect_request(lambda request: '"rows"' in (request.post_data or "")):
        tab.page.click("#lab-to-tables")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("?tab=tables", ".lab-case"),
        ("?tab=tables&show=papers", ".lab-paper"),
        ("?tab=tables&show=systems", ".lab-system"),
    ],
)
def test_every_view_has_an_address(tabs: Tabs, query: str, seen: str) -> None:
    tab = tabs(locale="en-US")
    tab.page.goto(tab.url + query)
    tab.page.wait_for_selector(seen)


@pytest.mark.slow
def test_the_tabs_work_by_keyboard(tab: Any) -> None:
    tab.page.focus("#lab-to-erase")
    tab.page.keyboard.press("ArrowRight")
    tab.page.wait_for_selector("#lab-to-tables[aria-selected=true]")
    tab.page.wait_for_selector(".lab-case")
    tab.page.focus("#lab-to-rows")
    tab.page.keyboard.press("End")
    tab.page.wait_for_selector(".lab-system")
    assert tab.page.evaluate("document.activeElement.id") == "lab-to-systems"
    tab.page.keyboard.press("Home")
    tab.page.wait_for_selector("#lab-view-rows")


@pytest.mark.slow
def test_the_work_in_the_editor_is_kept(tab: Any, examples_dir: Path) -> None:
    tab.photo(examples_dir / "rocket.jpg")
    tab.click(320, 165)
    before = tab.mask()
    tab.page.click("#lab-to-tables")
    tab.page.wait_for_selector(".lab-case")
    tab.page.click("#lab-to-erase")
    assert (tab.mask() == before).all()
    tab.click(330, 300)  # coordinates are right after having been hidden


# --- rows ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_all_rows_of_the_documents_are_there(rows: Any) -> None:
    for row in document_rows():
        card = rows.page.locator(f"#lab-row-{row.id}")
        assert card.count() == 1
        if row.remark.en:
            assert row.remark.en in card.inner_text()
    assert rows.page.locator(f"{CARD} [data-cell=part-result] img").count() == 1
    assert rows.page.locator("#lab-row-omnieraser-4 [data-cell=part-detail] img").count() == 1


def test_a_row_runs_and_its_results_come_back_after_a_reload(rows: Any) -> None:
    """With what is to be said of its mask, which is grey here."""
    row = next(row for row in document_rows() if row.id == ROW)
    put(place_of(row.mask), row_mask() // 2)
    notes = f"{CARD} [data-testid=row-mask-notes]"
    assert not rows.page.locator(notes).is_visible()
    run(rows)
    assert "two levels, 0 and 127" in rows.page.inner_text(notes)
    caption = rows.page.inner_text(f"{CARD} [data-cell=by-telea] .lab-cell-caption")
    assert "Telea" in caption and " s" in caption
    rows.page.reload()
    rows.page.wait_for_selector(f"{CARD} [data-cell=by-telea] img")
    rows.page.wait_for_selector(f"{CARD} [data-cell=by-telea] [data-testid=readings]")
    assert "two levels, 0 and 127" in rows.page.inner_text(notes)


@pytest.mark.slow
def test_the_results_are_true(rows: Any) -> None:
    run(rows)
    rows.page.click(f"{CARD} [data-cell=by-telea] button.lab-frame")
    # The original that it is held against is the run's own, not the row's small picture.
    rows.page.wait_for_selector(".lab-viewer-before[src$='original.png']", state="attached")
    result = load_image(rows.download("dialog.lab-viewer a[download]")).rgb
    row = next(row for row in document_rows() if row.id == ROW)
    photo = load_image(place_of(row.photo)).rgb
    changed = (result != photo).any(-1)
    white = load_image(place_of(row.mask)).rgb[..., 0] > 127
    assert changed.sum() > 0 and not (changed & ~white).any()
    rows.page.keyboard.press("ArrowLeft")  # the large view steps through all that the row shows
    assert rows.page.inner_text("dialog.lab-viewer h2") != "Telea"


@pytest.mark.slow
def test_rows_with_the_same_photo_and_mask_are_linked(rows: Any) -> None:
    assert rows.page.locator(f"{CARD} [data-cell=linked-omnieraser-1] img").count() == 1
    rows.page.click(f"{CARD} [data-shares=omnieraser-1]")
    rows.page.wait_for_function("document.activeElement.id === 'lab-row-omnieraser-1'")
    assert "row=omnieraser-1" in rows.page.url


@pytest.mark.slow
def test_a_row_opens_in_the_editor(rows: Any) -> None:
    rows.page.click(f"{CARD} [data-testid=edit-row]")
    rows.page.wait_for_selector("[data-testid=erase]:not(:disabled)")
    assert rows.page.locator("[data-testid=stage]").is_visible()
    assert 0.1 < rows.mask().mean() < 0.2
    rows.page.wait_for_selector("[data-eraser=attentive_eraser]:checked", state="attached")
    rows.choose("telea")
    rows.erase()
    assert rows.card("telea").get_attribute("data-changed") == "0"


@pytest.mark.slow
def test_a_rows_settings_reach_the_editor(rows: Any) -> None:
    rows.page.click("#lab-row-powerpaint-2 [data-testid=edit-row]")
    rows.page.wait_for_selector("[data-testid=erase]:not(:disabled)")
    settings = "eraserLab.jobOf('powerpaint').settings"
    rows.page.wait_for_function(f"{settings}.task === 'object-removal'")
    assert rows.page.evaluate(settings)["authors_resize"] is True


@pytest.mark.slow
def test_stop_ends_the_rows_and_the_editor_waits_meanwhile(rows: Any) -> None:
    tick(rows, "slow_test")
    rows.page.click("[data-testid=run-rows]")
    rows.page.wait_for_selector("progress")
    rows.page.wait_for_selector("[data-testid=erase]:disabled", state="attached")
    rows.page.click("[data-testid=stop-rows]")
    rows.page.wait_for_function("eraserLab.running === null")
    rows.page.wait_for_selector("[data-testid=stop-rows]", state="hidden")
    rows.page.wait_for_function("!document.querySelector('[data-testid=run-row]:disabled')")


@pytest.mark.slow
def test_a_failure_stays_in_its_cell(rows: Any) -> None:
    tick(rows, "failing_test", "telea")
    rows.page.click(f"{CARD} [data-testid=run-row]")
    rows.page.wait_for_selector(f"{CARD} [data-cell=by-telea] img")
    rows.page.wait_for_function("eraserLab.running === null")
    words = rows.page.inner_text(f"{CARD} [data-cell=by-failing_test]")
    assert "Something went wrong" in words and "secret" not in words


@pytest.mark.slow
@pytest.mark.usefixtures("plenty_of_memory")
def test_the_own_eraser_fetches_nothing_unasked(rows: Any) -> None:
    """Its weights have gigabytes: they are fetched when the user says so, not by running a row."""
    cell = rows.page.inner_text(f"{CARD} [data-cell=by-attentive_eraser]")
    assert "not here" in cell and "GB" in cell
    run(rows)
    assert "not here" in rows.page.inner_text(f"{CARD} [data-cell=by-attentive_eraser]")


# --- where the network refuses ---------------------------------------------------------------


@pytest.mark.slow
def test_a_refused_fetch_is_said_in_both_languages(tabs: Tabs) -> None:
    tab = tabs(locale="en-US")
    tab.page.goto(tab.url + "?tab=tables&rows=documents")
    tab.page.click(f"{CARD} [data-testid=fetch-row]")
    problem = tab.page.wait_for_selector(f"{CARD} .lab-row-problem:not([hidden])")
    assert "ERASER_LAB_OFFLINE" in problem.inner_text()
    tab.switch_language()
    assert "替代案例" in tab.page.inner_text(f"{CARD} .lab-row-problem")
    tab.page.click(f"{CARD} [data-testid=run-row]")  # a run needs the photo too
    tab.page.wait_for_selector("[data-testid=stop-rows]", state="hidden")
    tab.page.click("[data-testid=fetch-rows]")
    tab.page.click("[data-testid=to-stand-ins]")
    tab.page.wait_for_selector("#lab-row-text-behind")
    tab.page.wait_for_selector(CARD, state="hidden")


@pytest.mark.slow
def test_a_refused_row_leads_to_a_case_of_the_same_problem(tabs: Tabs) -> None:
    tab = tabs(locale="en-US")
    tab.page.goto(tab.url + "?tab=tables&rows=documents")
    tab.page.click("#lab-row-pixelhacker-2 [data-testid=fetch-row]")
    tab.page.click("#lab-row-pixelhacker-2 [data-testid=stand-in]")
    tab.page.wait_for_function("document.activeElement.id === 'lab-row-person-beside'")


# --- stand-ins ---------------------------------------------------------------------------------


@pytest.fixture
def stand_in(tabs: Tabs) -> Any:
    """A stand-in case that has been run, with its truth beside it."""
    tab = tabs(locale="en-US")
    tab.page.goto(tab.url + "?tab=tables&row=text-behind")
    tab.page.wait_for_selector("#lab-row-text-behind [data-cell=part-truth] img")
    tick(tab, "telea", "navier_stokes")
    run(tab, "#lab-row-text-behind")
    return tab


@pytest.mark.slow
def test_a_stand_in_is_measured_against_its_truth(stand_in: Any) -> None:
    cell = stand_in.page.locator("#lab-row-text-behind [data-cell=by-telea]")
    cell.locator("[data-testid=readings]").click()
    assert "dB" in cell.locator("[data-reading=psnr]").inner_text()
    assert cell.locator("[data-reading=psnr]").inner_text().count("·") == 2
    cell.locator("[data-reading=psnr]").click()
    assert "the mask's box" in cell.locator(".lab-reading[open]").inner_text()


@pytest.mark.slow
def test_rows_become_a_report_that_opens_from_a_file(
    stand_in: Any, tabs: Tabs, tmp_path: Path
) -> None:
    own = stand_in.page.locator("#lab-row-text-behind [data-cell=by-telea] .lab-own")
    own.locator("button").click()
    stand_in.page.keyboard.insert_text("The letters <u>smear</u>.")
    stand_in.page.keyboard.press("Enter")
    own.locator("q").wait_for()
    file = tmp_path / "report.html"
    file.write_bytes(stand_in.download("[data-testid=report-rows]").read_bytes())
    other = tabs(locale="en-US")
    other.page.goto(file.as_uri())
    other.foreign.clear()  # the file itself
    words = other.page.inner_text("body")
    assert "The letters <u>smear</u>." in words
    assert "A post before a sign" in words
    decoded = "Promise.all([...document.querySelectorAll('main img')].map(i => i.decode()))"
    other.page.evaluate(decoded)  # rejects where a picture is broken
    assert other.page.locator("main img").count() >= 6


# --- papers and systems ------------------------------------------------------------------------


@pytest.mark.slow
def test_papers_are_filtered_and_never_called_measured(tabs: Tabs) -> None:
    tab = tabs(locale="en-US")
    tab.page.goto(tab.url + "?tab=tables&show=papers")
    tab.page.wait_for_selector(".lab-paper")
    assert tab.page.locator(".lab-paper").count() == 9
    assert "nothing here was measured" in tab.page.inner_text("#lab-view-papers")
    tab.page.select_option("[data-testid=paper-method]", "LaMa")
    tab.page.select_option("[data-testid=paper-metric]", "PSNR")
    tables = tab.page.locator(".lab-paper")
    assert tables.count() == 3
    assert tables.first.locator("tbody tr").count() == 1
    assert "21.618" in tables.first.inner_text()
    assert "Source:" in tables.first.inner_text()


@pytest.mark.slow
def test_systems_say_what_has_become_of_them(tabs: Tabs) -> None:
    tab = tabs(locale="zh-CN")
    tab.page.goto(tab.url + "?tab=tables&show=systems")
    tab.page.wait_for_selector(".lab-system")
    assert tab.page.locator(".lab-system").count() == 35
    tab.page.click("[data-state=yours]")
    names = tab.page.locator(".lab-system-name").all_inner_texts()
    assert set(names) == {"SmartEraser", "CAT-Diffusion"}
    tab.page.click(".lab-system button")
    tab.page.wait_for_selector("[data-testid=stage]")


# --- how it looks --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("view", ["rows", "papers", "systems"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_overflows(tabs: Tabs, width: int, view: str) -> None:
    save_documents()
    tab = tabs(locale="en-US", viewport={"width": width, "height": 844})
    tab.page.goto(tab.url + f"?tab=tables&show={view}")
    tab.page.wait_for_selector(f"#lab-view-{view} .lab-card")
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.slow
def test_every_control_has_a_name(rows: Any) -> None:
    run(rows)
    nameless = rows.page.evaluate(
        """[...document.querySelectorAll('.lab-tables :is(button, input, select, a, summary)')]
        .filter(n => n.offsetParent)
        .filter(n => !(n.getAttribute('aria-label') || n.textContent.trim() || n.title ||
                       (n.labels && n.labels.length)))
        .map(n => n.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
