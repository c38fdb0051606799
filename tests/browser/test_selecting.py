"""Pointing at things in a real browser: clicks, boxes, undo, keys, touch, odd photos."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from tiers import rest_is_slow

pytestmark = pytest.mark.browser
Tabs = Callable[..., Any]

ROCKET = (320.0, 165.0)
ROCKET_BOX = (296.0, 122.0, 346.0, 424.0)


@pytest.fixture
def rocket_tab(tab: Any, examples_dir: Path) -> Any:
    """A tab with the rocket photo open."""
    tab.photo(examples_dir / "rocket.jpg")
    return tab


def centre_and_area(mask: np.ndarray) -> tuple[float, float, float]:
    """Centre of a mask in shares of its width and height, and its share of the picture."""
    rows, columns = np.nonzero(mask)
    return columns.mean() / mask.shape[1], rows.mean() / mask.shape[0], mask.mean()


def test_click_selects_the_rocket(rocket_tab: Any) -> None:
    rocket_tab.click(*ROCKET)
    x, y, area = centre_and_area(rocket_tab.mask())
    assert abs(x - 0.5) < 0.05
    assert 0.3 < y < 0.8
    assert 0.005 < area < 0.06
    assert "MobileSAM" in rocket_tab.page.inner_text("[data-testid=status]")


@pytest.mark.slow
def test_drag_draws_a_box_and_selects_in_it(rocket_tab: Any) -> None:
    rocket_tab.box(*ROCKET_BOX)
    mask = rocket_tab.mask()
    x, _, area = centre_and_area(mask)
    assert abs(x - 0.5) < 0.05
    assert 0.01 < area < 0.06
    assert rocket_tab.page.locator(".lab-box").count() == 1


@pytest.mark.slow
def test_right_click_excludes(rocket_tab: Any) -> None:
    rocket_tab.box(*ROCKET_BOX)
    before = rocket_tab.mask()
    rocket_tab.click(320, 412, button="right")
    assert rocket_tab.page.locator(".lab-mark.minus").count() == 1
    assert (rocket_tab.mask() != before).any()


def test_undo_redo_clear_bring_the_very_same_mask_back(rocket_tab: Any) -> None:
    rocket_tab.click(*ROCKET)
    first = rocket_tab.mask()
    rocket_tab.click(320, 330)
    second = rocket_tab.mask()
    for keys, expected in (("Control+z", first), ("Control+Shift+z", second)):
        drawn = rocket_tab.count()
        rocket_tab.page.keyboard.press(keys)
        rocket_tab.drawn(drawn)
        assert np.array_equal(rocket_tab.mask(), expected)
    rocket_tab.page.click("[aria-label='Clear the selection']")
    rocket_tab.page.wait_for_selector(".lab-mark", state="detached")
    assert rocket_tab.mask().size == 0
    assert rocket_tab.page.is_disabled("[data-testid=erase]")


@pytest.mark.slow
def test_clearing_while_the_answer_is_on_its_way_leaves_nothing_behind(rocket_tab: Any) -> None:
    rocket_tab.page.mouse.move(2, 2)  # nothing is previewed
    held: list[Any] = []
    rocket_tab.page.route("**/component_server/**", lambda route: held.append(route))
    rocket_tab.page.mouse.click(*rocket_tab.at(*ROCKET))
    rocket_tab.page.wait_for_selector(".lab-stage.is-busy")
    rocket_tab.page.keyboard.press("Control+z")
    rocket_tab.page.wait_for_timeout(100)
    for request in held:
        request.continue_()
    rocket_tab.idle()
    assert not rocket_tab.mask().any()
    assert "Click the object" in rocket_tab.page.inner_text(".lab-over")


@pytest.mark.slow
def test_levels_and_growing_change_the_mask(rocket_tab: Any) -> None:
    rocket_tab.click(*ROCKET)
    areas = []
    for place in range(3):
        rocket_tab.page.click(f".levels button >> nth={place}")
        rocket_tab.page.wait_for_function("!document.querySelector('.is-busy')")
        areas.append(rocket_tab.mask().mean())
    assert areas == sorted(areas)
    assert areas[0] < areas[2]
    drawn = rocket_tab.count()
    rocket_tab.page.fill("[data-testid=dilate]", "30")
    rocket_tab.drawn(drawn)
    assert rocket_tab.mask().mean() > areas[2]


@pytest.mark.slow
def test_of_a_burst_of_clicks_the_last_one_wins(
    rocket_tab: Any, tabs: Tabs, examples_dir: Path
) -> None:
    places = [(60 + 70 * k, 80 + 30 * (k % 3)) for k in range(8)]
    for place in places:
        rocket_tab.page.mouse.click(*rocket_tab.at(*place))
    rocket_tab.page.wait_for_function(
        "document.querySelectorAll('.lab-mark').length === 8 && !document.querySelector('.is-busy')"
    )
    calm = tabs(locale="en-US").open()
    calm.photo(examples_dir / "rocket.jpg")
    for place in places:
        calm.click(*place)
    assert np.array_equal(rocket_tab.mask(), calm.mask())


@pytest.mark.slow
def test_a_click_costs_little_traffic(rocket_tab: Any) -> None:
    rocket_tab.click(*ROCKET)
    sizes: list[int] = []

    def count(response: Any) -> None:
        asked = response.request.post_data or ""
        if "component_server" in response.url and '"segment"' in asked:
            sizes.append(len(response.body()) + len(asked))

    rocket_tab.page.on("response", count)
    with rocket_tab.page.expect_response(lambda response: "component_server" in response.url):
        rocket_tab.click(320, 300)
    rocket_tab.idle()
    rocket_tab.page.wait_for_timeout(200)
    assert 1 <= len(sizes) <= 2  # the mask, and what a closer look says
    assert sum(sizes) < 20_000


def portrait_with_exif(examples_dir: Path) -> dict[str, Any]:
    """The rocket stored lying on its side, with the EXIF orientation that sets it upright."""
    upright = Pillow.open(examples_dir / "rocket.jpg").convert("RGB")
    exif = Pillow.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    upright.rotate(90, expand=True).save(file, "JPEG", quality=97, exif=exif)
    return {"name": "portrait.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}


@pytest.mark.slow
def test_a_photo_rotated_by_exif_is_shown_and_selected_upright(
    tab: Any, examples_dir: Path
) -> None:
    tab.photo(portrait_with_exif(examples_dir))
    assert tab.page.evaluate("[eraserLab.photo.width, eraserLab.photo.height]") == [640, 427]
    tab.click(*ROCKET)
    x, y, area = centre_and_area(tab.mask())
    assert abs(x - 0.5) < 0.05
    assert 0.3 < y < 0.8
    assert area < 0.06


@pytest.mark.slow
def test_a_sixteen_megapixel_photo_is_selected(tab: Any, examples_dir: Path) -> None:
    small = Pillow.open(examples_dir / "rocket.jpg").convert("RGB")
    file = io.BytesIO()
    small.resize((4900, 3269), Pillow.Resampling.BICUBIC).save(file, "JPEG", quality=85)
    tab.photo({"name": "large.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()})
    scale = 4900 / 640
    tab.click(ROCKET[0] * scale, ROCKET[1] * scale)
    coarse = tab.mask()
    x, _, area = centre_and_area(coarse)
    assert abs(x - 0.5) < 0.05
    assert area < 0.08
    assert coarse.shape[1] < 1600  # as fine as the screen can show, and no finer
    tab.page.focus("[data-testid=stage]")
    for _ in range(6):
        tab.page.keyboard.press("+")
    tab.page.wait_for_function(
        "document.querySelector('.lab-view .lab-overlay').naturalWidth > 1500"
    )
    _, _, fine = centre_and_area(tab.mask())
    assert abs(fine - area) < 0.005


@pytest.mark.slow
def test_keyboard_alone_selects(rocket_tab: Any) -> None:
    rocket_tab.page.focus("[data-testid=stage]")
    rocket_tab.page.keyboard.press("ArrowUp")
    rocket_tab.page.keyboard.press("ArrowUp")
    rocket_tab.page.keyboard.press("Enter")
    rocket_tab.drawn(0)
    x, _, _ = centre_and_area(rocket_tab.mask())
    assert abs(x - 0.5) < 0.05
    drawn = rocket_tab.count()
    rocket_tab.page.keyboard.press("b")
    for _ in range(4):
        rocket_tab.page.keyboard.press("ArrowDown")
        rocket_tab.page.keyboard.press("ArrowRight")
    rocket_tab.page.keyboard.press("b")
    rocket_tab.drawn(drawn)
    assert rocket_tab.page.locator(".lab-box").count() == 1


def test_touch_taps_points_and_draws_a_box(tabs: Tabs, examples_dir: Path) -> None:
    tab = tabs(
        locale="en-US", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    ).open()
    tab.photo(examples_dir / "rocket.jpg")
    tab.page.locator("[data-testid=stage]").scroll_into_view_if_needed()
    tab.page.touchscreen.tap(*tab.at(*ROCKET))
    tab.drawn(0)
    assert tab.page.locator(".lab-mark.plus").count() == 1
    tab.tap_button("button[data-tool=box]")
    tab.touch_drag(tab.at(*ROCKET_BOX[:2]), tab.at(*ROCKET_BOX[2:]))
    tab.page.wait_for_selector(".lab-box")
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_reload_loses_nothing(rocket_tab: Any) -> None:
    rocket_tab.click(*ROCKET)
    before = rocket_tab.mask()
    rocket_tab.reload()
    rocket_tab.page.wait_for_selector(".lab-mark")
    rocket_tab.drawn(0)
    assert np.array_equal(rocket_tab.mask(), before)


@pytest.mark.parametrize(
    ("name", "content"),
    rest_is_slow(
        [
            pytest.param("notes.jpg", b"this is no picture", id="notes"),
            pytest.param("cut.jpg", b"\xff\xd8\xff\xe0" + b"\x00" * 200, id="cut"),
        ]
    ),
)
def test_what_is_no_photo_is_refused_with_a_sentence(tab: Any, name: str, content: bytes) -> None:
    tab.page.set_input_files(
        "[data-testid=file]", {"name": name, "mimeType": "image/jpeg", "buffer": content}
    )
    notice = tab.page.wait_for_selector(".lab-notice.error").inner_text()
    assert name in notice
    assert any(advice in notice for advice in ("another", "use JPEG"))
    assert "Traceback" not in notice
    assert tab.page.is_visible(".lab-empty")


@pytest.mark.slow
def test_a_click_hits_the_same_pixel_when_zoomed_in(rocket_tab: Any) -> None:
    rocket_tab.page.mouse.move(*rocket_tab.at(*ROCKET))
    rocket_tab.page.keyboard.down("Control")
    rocket_tab.page.mouse.wheel(0, -400)
    rocket_tab.page.keyboard.up("Control")
    zoom = (
        "Number(getComputedStyle(document.querySelector('.lab-view')).getPropertyValue('--zoom'))"
    )
    rocket_tab.page.wait_for_function(f"{zoom} > 2")
    rocket_tab.click(*ROCKET)
    point = rocket_tab.page.evaluate("eraserLab.work.value.objects[0].points[0]")
    assert abs(point["x"] - ROCKET[0]) < 1
    assert abs(point["y"] - ROCKET[1]) < 1
    rocket_tab.page.click("[aria-label='Show the whole photo (0)']")
    rocket_tab.page.wait_for_function(f"{zoom} === 1")


@pytest.mark.slow
def test_the_keyboards_cursor_stays_in_sight_when_zoomed_in(rocket_tab: Any) -> None:
    rocket_tab.page.focus("[data-testid=stage]")
    for _ in range(8):
        rocket_tab.page.keyboard.press("+")
    for _ in range(18):
        rocket_tab.page.keyboard.press("ArrowLeft")
    stage = rocket_tab.page.locator(".lab-stage").bounding_box()
    cross = rocket_tab.page.locator(".lab-cross").bounding_box()
    assert stage["x"] <= cross["x"] and stage["y"] <= cross["y"]
    before = rocket_tab.count()
    rocket_tab.page.keyboard.press("Enter")
    rocket_tab.drawn(before)
    x = rocket_tab.page.evaluate("eraserLab.work.active.points[0].x")
    assert x < 100


@pytest.mark.slow
def test_two_fingers_zoom_and_select_nothing(tabs: Tabs, examples_dir: Path) -> None:
    tab = tabs(
        locale="en-US", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    ).open()
    tab.photo(examples_dir / "rocket.jpg")
    # In click mode two fingers zoom the page, as everywhere.
    tab.tap_button("button[data-tool=box]")
    tab.page.locator("[data-testid=stage]").scroll_into_view_if_needed()
    (x, y), session = tab.at(320, 210), tab.page.context.new_cdp_session(tab.page)
    for kind, spread in (("touchStart", 20), ("touchMove", 50), ("touchMove", 90)):
        fingers = [{"x": x - spread, "y": y, "id": 0}, {"x": x + spread, "y": y, "id": 1}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    tab.page.wait_for_function(
        "Number(document.querySelector('.lab-view').style.getPropertyValue('--zoom')) > 1.5"
    )
    assert tab.page.locator(".lab-box, .lab-mark").count() == 0


def test_keyboard_alone_erases(rocket_tab: Any) -> None:
    rocket_tab.choose("telea")
    rocket_tab.page.focus("[data-testid=stage]")
    rocket_tab.page.keyboard.press("ArrowUp")
    rocket_tab.page.keyboard.press("Enter")
    rocket_tab.drawn(0)
    rocket_tab.page.keyboard.press("]")
    rocket_tab.page.wait_for_function("!document.querySelector('.is-busy')")
    rocket_tab.page.keyboard.press("Control+Enter")
    rocket_tab.page.wait_for_selector(".lab-result[data-eraser=telea][data-state=done]")
    assert rocket_tab.card("telea").get_attribute("data-changed") == "0"


# --- small things on large photos ------------------------------------------------------------

BIRDS = ((900, 500), (2100, 1300))


@pytest.fixture
def birds_tab(tab: Any) -> Any:
    """A tab with two birds of some ten pixels before a plain sky, on a photo of 3000 x 2000."""
    slope = np.linspace(200, 225, 2000)[:, None, None] * np.array([0.75, 0.85, 1.0])
    noise = np.random.default_rng(3).normal(0, 1, (2000, 3000, 3))
    sky = np.clip(slope + noise, 0, 255).astype(np.uint8)
    for x, y in BIRDS:
        rows, columns = np.indices((12, 12)) - 5.5
        sky[y - 6 : y + 6, x - 6 : x + 6][(rows / 3.5) ** 2 + (columns / 5.5) ** 2 < 1] = 25
    file = io.BytesIO()
    Pillow.fromarray(sky).save(file, "PNG", compress_level=1)
    tab.photo({"name": "birds.png", "mimeType": "image/png", "buffer": file.getvalue()})
    return tab


@pytest.mark.slow
def test_small_birds_are_selected_and_not_the_sky(
    birds_tab: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at once, with one closer look a request: the page goes on until both are taken."""
    monkeypatch.setattr("ui.service.photo_calls.MOST_LOOKS", 1)
    birds_tab.page.evaluate("eraserLab.work.reshape({ dilate: 0 })")
    before = birds_tab.count()
    birds_tab.page.evaluate(
        """birds => eraserLab.work.commit({ ...eraserLab.work.value, objects: birds.map(([x, y]) =>
        ({ ...eraserLab.work.active, points: [{ x, y, label: 1 }] })) })""",
        BIRDS,
    )
    birds_tab.drawn(before + 1)
    mask = birds_tab.mask()
    assert mask.mean() < 0.001 and birds_tab.page.locator("[data-hint=coarse]").count() == 0
    for x, y in BIRDS:
        row, column = round(y * mask.shape[0] / 2000), round(x * mask.shape[1] / 3000)
        assert mask[row - 3 : row + 4, column - 3 : column + 4].any()


@pytest.mark.slow
def test_a_click_on_a_zoomed_photo_says_how_much_was_seen(rocket_tab: Any) -> None:
    view = "eraserLab.work.active.view"
    rocket_tab.click(320, 330)  # elsewhere, or the next one may be a double click's second
    assert rocket_tab.page.evaluate(view) is None
    rocket_tab.page.evaluate("eraserLab.work.clear()")
    rocket_tab.page.mouse.move(*rocket_tab.at(*ROCKET))
    rocket_tab.page.keyboard.down("Control")
    rocket_tab.page.mouse.wheel(0, -300)  # e times
    rocket_tab.page.keyboard.up("Control")
    rocket_tab.page.wait_for_function("eraserLab.seenSide() !== null")
    rocket_tab.click(*ROCKET)
    seen = rocket_tab.page.evaluate(view)
    assert seen == pytest.approx(640 / np.e, rel=0.25)
    rocket_tab.reload()
    rocket_tab.page.wait_for_function(f"{view} === {seen}")


# --- thing after thing -------------------------------------------------------------------------

SKY = (525.0, 210.0)


@pytest.mark.slow
def test_a_click_elsewhere_leaves_the_rocket_in_the_mask_and_can_be_joined(rocket_tab: Any) -> None:
    page = rocket_tab.page
    rocket_tab.click(*ROCKET)
    rocket = rocket_tab.mask()
    rocket_tab.click(*SKY)
    both = rocket_tab.mask()
    assert (both & rocket).sum() == rocket.sum() and both.sum() > 4 * rocket.sum()
    assert (
        page.locator(".lab-object").count() == 2 and page.locator("[data-testid=join]").count() == 0
    )
    drawn = rocket_tab.count()
    page.keyboard.press("Control+z")
    rocket_tab.drawn(drawn)
    assert np.array_equal(rocket_tab.mask(), rocket)
    page.click("[data-testid=refine]")
    rocket_tab.click(*SKY)
    assert np.array_equal(rocket_tab.mask(), both)
    assert "A new object" in page.inner_text(".lab-over")
    drawn = rocket_tab.count()
    page.click("[data-testid=join]")
    rocket_tab.drawn(drawn)
    assert page.locator(".lab-object").count() == 1 and page.locator(".lab-mark.plus").count() == 2
    drawn = rocket_tab.count()
    page.keyboard.press("Control+z")
    rocket_tab.drawn(drawn)
    assert np.array_equal(rocket_tab.mask(), both)


@pytest.mark.slow
def test_keys_follow_the_same_rule_and_alt_joins(rocket_tab: Any) -> None:
    page = rocket_tab.page
    page.focus("[data-testid=stage]")
    page.keyboard.press("ArrowUp")
    for keys, objects, points in (("Enter", 1, 1), ("Enter", 2, 2), ("Alt+Enter", 2, 3)):
        drawn = rocket_tab.count()
        page.keyboard.press(keys)
        rocket_tab.drawn(drawn)
        assert page.locator(".lab-object").count() == objects
        assert page.locator(".lab-mark.plus").count() == points
        for _ in range(16):
            page.keyboard.press("ArrowRight")
