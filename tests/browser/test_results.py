"""The results screen: all of them seen together, at the same place, whatever the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser
Tabs = Callable[..., Any]

FOUR = ("migan", "patchmatch", "telea", "navier_stokes")
LAPTOP = {"viewport": {"width": 1366, "height": 768}, "locale": "en-US"}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
    "locale": "en-US",
}
PART = (566, 290)  # a small lamp of the rocket's photo


def erased(tabs: Tabs, examples_dir: Path, *erasers: str, **window: Any) -> Any:
    """A tab with a finished run on a small object."""
    tab = tabs(**window).open()
    tab.photo(examples_dir / "rocket.jpg")
    tab.page.click("button[data-tool=brush]")
    tab.click(*PART)
    tab.choose(*erasers)
    tab.erase()
    return tab


@pytest.fixture(scope="module")
def laptop(shared_tabs: Tabs, examples_dir: Path) -> Any:
    """With all numbers: what a test leaves at work is ended behind it. landed: where one was
    after the erasing, before any test went elsewhere."""
    tab = erased(shared_tabs, examples_dir, *FOUR, **LAPTOP)
    tab.landed = tab.page.evaluate(
        """[document.querySelector('.lab-results').getBoundingClientRect().top,
        document.activeElement.textContent]"""
    )
    tab.page.wait_for_function(
        "document.querySelectorAll('.lab-result [data-testid=readings]').length === 4",
        timeout=120_000,
    )
    return tab


def boxes(tab: Any, selector: str) -> list[dict[str, float]]:
    where = "nodes => nodes.map(node => node.getBoundingClientRect().toJSON())"
    return list(tab.page.locator(selector).evaluate_all(where))  # all at the same moment


def test_all_four_are_wholly_in_view_and_close(laptop: Any) -> None:
    pictures = boxes(laptop, ".lab-picture")
    assert len(pictures) == 4
    for box in pictures:
        assert box["y"] >= 0 and box["y"] + box["height"] <= 768
        assert box["x"] >= 0 and box["x"] + box["width"] <= 1366
    assert len({round(box["y"]) for box in pictures}) == 1, "side by side"
    # What is small is seen closely by itself: the view is enlarged.
    shot = boxes(laptop, ".lab-after .lab-shot")[0]
    assert shot["width"] > 3 * pictures[0]["width"]
    assert laptop.page.get_attribute("[data-testid=closeup]", "aria-pressed") == "true"


def test_one_lands_on_the_results_with_the_keyboard(laptop: Any) -> None:
    top, focused = laptop.landed
    assert 0 <= top <= 16
    assert focused == "Results"


def test_what_holds_for_all_is_said_once(laptop: Any) -> None:
    assert "in all 4" in laptop.page.inner_text("[data-testid=kept]")
    assert laptop.page.locator(".lab-result .lab-verdict").count() == 0
    changed = laptop.page.eval_on_selector_all(
        ".lab-result", "all => all.map((one) => one.dataset.changed)"
    )
    assert changed == ["0"] * 4


def test_a_long_press_shows_the_original_in_all(laptop: Any) -> None:
    shown = "[...document.querySelectorAll('.lab-before')].map(n => getComputedStyle(n).clipPath)"
    assert set(laptop.page.evaluate(shown)) == {"inset(0px 100% 0px 0px)"}
    box = boxes(laptop, ".lab-picture")[1]
    laptop.page.mouse.move(box["x"] + 90, box["y"] + 60)
    laptop.page.mouse.down()
    laptop.page.wait_for_selector(".lab-results.is-held")
    assert set(laptop.page.evaluate(shown)) == {"none"}
    laptop.page.mouse.up()
    laptop.page.wait_for_selector(".lab-results:not(.is-held)")
    assert laptop.page.locator("dialog[open]").count() == 0
    laptop.page.focus(".lab-results h2")
    laptop.page.keyboard.down("o")
    laptop.page.wait_for_selector(".lab-results.is-held")
    laptop.page.keyboard.up("o")
    laptop.page.wait_for_selector(".lab-results:not(.is-held)")


def test_all_are_enlarged_and_moved_together(laptop: Any) -> None:
    """By wheel, by dragging, by keys: the same part of the photo in every picture."""

    def part() -> tuple[float, ...]:
        pictures, shots = boxes(laptop, ".lab-picture"), boxes(laptop, ".lab-after .lab-shot")
        parts = {
            (
                round((shot["x"] - picture["x"]) / picture["width"], 2),
                round((shot["y"] - picture["y"]) / picture["height"], 2),
                round(shot["width"] / picture["width"], 2),
            )
            for picture, shot in zip(pictures, shots, strict=True)
        }
        assert len(parts) == 1
        return parts.pop()

    close = part()
    box = boxes(laptop, ".lab-picture")[2]
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    laptop.page.mouse.move(x, y)
    laptop.page.mouse.wheel(0, -120)
    laptop.page.wait_for_timeout(50)
    larger = part()
    assert larger[2] > 1.3 * close[2]
    laptop.page.mouse.down()
    laptop.page.mouse.move(x - 60, y + 20, steps=4)
    laptop.page.mouse.up()
    moved = part()
    assert moved[2] == larger[2] and moved[0] < larger[0] and moved[1] > larger[1]
    laptop.page.focus(".lab-results h2")
    laptop.page.keyboard.press("0")
    assert part() == (0, 0, 1)
    laptop.page.keyboard.press("1")
    width = boxes(laptop, ".lab-picture")[0]["width"]
    assert part()[2] == pytest.approx(640 / width, abs=0.02), "a pixel is a pixel"
    laptop.page.keyboard.press("0")
    laptop.page.keyboard.press("z")
    assert part() == close


def pair_of(tab: Any) -> str:
    """The names of the two results that are compared."""
    return tab.page.inner_text("dialog.lab-viewer[open] h2")


@pytest.mark.slow
def test_any_result_against_any_by_keys_alone(laptop: Any, tabs: Tabs) -> None:
    """And the link opens on the same two, at the same place."""
    page = laptop.page
    for index in (1, 2):
        page.focus(f".lab-result[data-index='{index}'] .lab-name")
        page.keyboard.press("c")
    names = page.eval_on_selector_all(".lab-result h3", "all => all.map((one) => one.textContent)")
    page.wait_for_selector("dialog.lab-viewer.is-pair[open]")
    assert pair_of(laptop) == f"{names[1]} | {names[2]}"
    page.keyboard.press("ArrowRight")
    assert pair_of(laptop) == f"{names[1]} | {names[3]}"
    page.keyboard.press("Shift+ArrowLeft")
    assert pair_of(laptop) == f"{names[0]} | {names[3]}"
    page.keyboard.press("+")
    page.wait_for_url("**pair=0-3&part=*")
    other = tabs(**LAPTOP).open(page.url.removeprefix(laptop.url))
    other.page.wait_for_selector("dialog.lab-viewer.is-pair[open]")
    assert pair_of(other) == pair_of(laptop)
    other.page.wait_for_timeout(500)
    assert other.page.url == page.url
    page.keyboard.press("Escape")
    page.wait_for_url(lambda url: "pair=" not in url)


def test_the_difference_of_two_is_black_where_they_are_alike(laptop: Any) -> None:
    """Outside the mask that is everywhere: it is drawn from the lossless pictures."""
    page = laptop.page
    page.wait_for_function("document.querySelectorAll('.lab-result a[download]').length === 4")
    page.click(".lab-result[data-index='0'] [data-testid=pick]")
    page.click(".lab-result[data-index='0'] [data-testid=pick]")
    assert pair_of(laptop) == "Original | MI-GAN"
    page.keyboard.press("d")
    page.wait_for_selector("[data-testid=difference]:visible")
    lit = page.evaluate(
        """async () => { const read = (drawn, width, height) => {
        const c = document.createElement('canvas'); c.width = width; c.height = height;
        c.getContext('2d').drawImage(drawn, 0, 0); return c.getContext('2d').getImageData(0, 0, width, height).data; };
        const canvas = document.querySelector('[data-testid=difference]'), mask = new Image();
        mask.src = document.querySelector('.lab-before img').src.replace('original.jpg', 'mask.png');
        await mask.decode();
        const apart = read(canvas, canvas.width, canvas.height), inside = read(mask, canvas.width, canvas.height);
        let outside = 0, within = 0;
        for (let at = 0; at < apart.length; at += 4) if (apart[at] + apart[at + 1] + apart[at + 2]) {
          if (inside[at]) within += 1; else outside += 1; }
        return [canvas.width, outside, within]; }"""  # noqa: E501
    )
    assert lit[:2] == [640, 0] and lit[2] > 0
    page.keyboard.press("Escape")


def test_numbers_stand_side_by_side(laptop: Any) -> None:
    laptop.page.wait_for_function("document.querySelector('dialog[open]') === null")
    laptop.page.click("[data-testid=numbers]")
    table = laptop.page.locator("dialog[open] table")
    assert table.locator("tbody tr").count() == 4
    assert table.locator("strong").count() >= 3
    columns = table.locator("thead th").count()
    assert {row.locator("th, td").count() for row in table.locator("tr").all()} == {columns}
    laptop.page.keyboard.press("Escape")


@pytest.mark.slow
def test_a_figure_is_kept_as_it_was_wished(laptop: Any) -> None:
    page = laptop.page
    page.wait_for_function("document.querySelectorAll('.lab-result a[download]').length === 4")
    page.click("[data-testid=figure]")
    page.fill("#lab-figure-width", "84")
    page.check("dialog[open] [data-part=seconds]")
    drawn = laptop.download("[data-form=svg]").read_text("utf-8")
    assert "238.1" in drawn[:900], "84 mm are 238 points"
    assert "Telea" in drawn and "MI-GAN" in drawn
    assert laptop.download("[data-form=csv]").read_text("utf-8").count("\n") >= 5
    page.fill("#lab-figure-width", "5")
    page.click("[data-form=pdf]")
    assert page.evaluate("document.querySelector('#lab-figure-width').validity.rangeUnderflow")
    page.keyboard.press("Escape")


@pytest.mark.slow
def test_a_link_opens_on_the_results(laptop: Any, tabs: Tabs) -> None:
    other = tabs(**LAPTOP).open(laptop.page.url.removeprefix(laptop.url))
    other.page.wait_for_selector(".lab-result[data-state=done]")
    other.page.wait_for_selector("[data-testid=unfold]")
    assert boxes(other, ".lab-picture")[3]["y"] < 768
    assert not other.page.is_visible("[data-testid=erase]")
    other.page.click("[data-testid=unfold]")
    other.page.wait_for_selector("[data-testid=erase]:enabled")
    assert boxes(other, "[data-testid=stage]")[0]["height"] > 200


@pytest.mark.parametrize("width", [390, pytest.param(320, marks=pytest.mark.slow)])
def test_a_phone_has_two_columns_and_nothing_sticks_out(
    tabs: Tabs, examples_dir: Path, width: int
) -> None:
    window = {**PHONE, "viewport": {"width": width, "height": 844}}
    tab = erased(tabs, examples_dir, "telea", "navier_stokes", **window)
    one, other = boxes(tab, ".lab-picture")
    assert one["y"] == other["y"] and one["x"] < other["x"]
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    for button in boxes(tab, ".lab-results :is(button, a):visible"):
        assert button["x"] >= 0 and button["x"] + button["width"] <= width
    for opened in (lambda: tab.details("telea"), tab.card("telea").locator(".lab-name").tap):
        opened()
        tab.page.wait_for_selector("dialog[open]")  # a tap becomes a click a moment later
        buttons = boxes(tab, "dialog[open] :is(button, a):visible")
        assert buttons
        for button in buttons:
            assert button["x"] >= 0 and button["x"] + button["width"] <= width
            assert button["y"] >= 0 and button["y"] + button["height"] <= 844
        tab.page.locator("dialog[open] [data-t-label=close]").tap()
        tab.page.wait_for_selector("dialog[open]", state="detached")


@pytest.mark.slow
def test_two_are_compared_by_thumb(tabs: Tabs, examples_dir: Path) -> None:
    tab = erased(tabs, examples_dir, "telea", "navier_stokes", **PHONE)
    for eraser in ("telea", "navier_stokes"):
        tab.card(eraser).locator("[data-testid=pick]").tap()
    tab.page.wait_for_selector("dialog.lab-viewer.is-pair[open]")
    assert pair_of(tab) == "Telea | Navier-Stokes"
    for control in boxes(tab, "dialog[open] :is(button, a, select, input):visible"):
        assert control["x"] >= 0 and control["x"] + control["width"] <= 390
        assert control["y"] >= 0 and control["y"] + control["height"] <= 844
    area = boxes(tab, "[data-testid=viewer-area]")[0]
    middle = area["x"] + area["width"] / 2, area["y"] + area["height"] / 2
    tab.touch_drag(middle, (middle[0] - 100, middle[1]))
    at = "document.querySelector('[data-testid=pair-divider]').value"
    tab.page.wait_for_function(f"Math.abs({at} - {50 - 100 / 3.9}) <= 2")
    tab.page.select_option("[data-testid=pair-b]", "-1")
    assert pair_of(tab) == "Telea | Original"


@pytest.mark.slow
def test_a_swipe_leads_to_the_next_eraser(tabs: Tabs, examples_dir: Path) -> None:
    tab = erased(tabs, examples_dir, "telea", "navier_stokes", **PHONE)
    tab.card("telea").locator(".lab-name").tap()
    tab.page.wait_for_selector("[data-testid=viewer-area]")
    area = boxes(tab, "[data-testid=viewer-area]")[0]
    x, y = area["x"] + area["width"] / 2, area["y"] + area["height"] / 2
    session = tab.page.context.new_cdp_session(tab.page)

    def finger(*places: tuple[float, float]) -> None:
        for kind, place in zip(("touchStart", *["touchMove"] * 9), places, strict=False):
            points = [{"x": place[0], "y": place[1]}]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    finger((x, y), (x - 40, y), (x - 90, y))
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    tab.page.wait_for_selector("dialog[open] h2:text-is('Navier-Stokes')")
    finger((x, y))
    tab.page.wait_for_selector(".lab-viewer-before:visible")  # the original, while it is pressed
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    tab.page.wait_for_selector(".lab-viewer-before", state="hidden")
    assert tab.page.inner_text("dialog[open] h2") == "Navier-Stokes"


def test_a_reload_ends_no_run(tab: Any, examples_dir: Path) -> None:
    """The page comes back to it, with Stop in reach."""
    tab.photo(examples_dir / "rocket.jpg")
    tab.page.click("button[data-tool=brush]")
    tab.click(*PART)
    tab.choose("telea", "slow_test")
    tab.page.evaluate("eraserLab.jobOf('slow_test').settings.steps = 100")
    tab.page.click("[data-testid=erase]")
    tab.page.wait_for_selector(".lab-result[data-eraser=slow_test] progress")
    tab.page.reload()
    tab.page.wait_for_selector("[data-testid=stop]:visible")
    tab.page.wait_for_function("document.title.includes('/2 · Eraser Lab')")
    tab.page.wait_for_selector(".lab-result[data-eraser=slow_test][data-state=done]")
    tab.finished()
    tab.page.wait_for_function("document.title === 'Eraser Lab'")
    assert tab.card("telea").get_attribute("data-state") == "done"
