"""Looking at the right resolution: comparing, zooming in, and strips that one can work on."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Tabs = Callable[..., Any]

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
LARGE = 1200, 2400
STRIP = 200, 8000
CAN = 6100, 80, 6124, 120  # x0, y0, x1, y1 on the strip
RED = 200, 30, 40

PIXELS = """async (address) => { const i = new Image(); i.src = address; await i.decode();
    const c = document.createElement('canvas');
    c.width = i.naturalWidth; c.height = i.naturalHeight;
    c.getContext('2d').drawImage(i, 0, 0); return c.toDataURL(); }"""


def patchwork(height: int, width: int) -> np.ndarray:
    """A photo in which every pixel differs from its neighbours, and which packs well."""
    y, x = np.mgrid[:height, :width]
    return np.stack([(x * 7) % 256, (y * 11) % 256, (x ^ y) % 256], axis=2).astype(np.uint8)


def strip() -> np.ndarray:
    """A meadow of sorts with one red can."""
    photo = patchwork(*STRIP) // 3
    x0, y0, x1, y1 = CAN
    photo[y0:y1, x0:x1] = RED
    return photo


def file_of(photo: np.ndarray, name: str) -> dict[str, Any]:
    buffer = io.BytesIO()
    Pillow.fromarray(photo).save(buffer, "PNG", compress_level=1)
    return {"name": name, "mimeType": "image/png", "buffer": buffer.getvalue()}


def array(data_url: str) -> np.ndarray:
    png = base64.b64decode(data_url.partition(",")[2])
    return np.asarray(Pillow.open(io.BytesIO(png)).convert("RGB"))


def seen_at(tab: Any, x: float, y: float) -> tuple[int, ...]:
    """The colour that the screen shows at a point of the photo."""
    left, top = tab.at(x, y)
    clip = {"x": int(left), "y": int(top), "width": 1, "height": 1}
    picture = Pillow.open(io.BytesIO(tab.page.screenshot(clip=clip))).convert("RGB")
    return tuple(picture.getpixel((0, 0)))  # type: ignore[arg-type]


def stroke(tab: Any, x: float, y: float) -> None:
    """A dot of the brush: a selection that needs no network."""
    tab.page.click("button[data-tool=brush]")
    tab.click(x, y)


def tiles_are_there(tab: Any) -> None:
    tab.page.wait_for_selector(".lab-tiles[data-complete=true]", state="attached")


# --- comparing ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compared(shared_tabs: Tabs) -> Any:
    """A tab with a finished run on a large photo, its results all written."""
    tab = shared_tabs(locale="en-US").open()
    tab.photo(file_of(patchwork(*LARGE), "large.png"))
    stroke(tab, 1300, 600)
    tab.choose("telea")
    tab.erase()
    tab.page.wait_for_selector(".lab-result[data-eraser=telea] a[download]")
    return tab


def shown(tab: Any) -> list[str]:
    """The addresses of what the large view shows: the result, the original."""
    return tab.page.eval_on_selector_all(
        ".lab-viewer-layer img", "all => all.map((image) => image.getAttribute('src'))"
    )


def test_result_and_original_are_compared_in_the_same_pixels(compared: Any) -> None:
    compared.card("telea").locator(".lab-name").click()
    # At every moment both are views, or both are what the run keeps at its own size.
    assert len({address.rpartition(".")[2] for address in shown(compared)}) == 1
    compared.page.wait_for_selector(".lab-viewer-before[src$='original.png']", state="attached")
    result, original = (array(compared.page.evaluate(PIXELS, each)) for each in shown(compared))
    mask = compared.page.get_attribute(".lab-before img", "src").replace("original.jpg", "mask.png")
    inside = array(compared.page.evaluate(PIXELS, mask))[..., 0] > 0
    assert np.array_equal(original, patchwork(*LARGE))
    assert np.array_equal(result[~inside], original[~inside])
    assert (result[inside] != original[inside]).any()
    compared.page.keyboard.press("ArrowLeft")  # the original by itself
    compared.page.wait_for_selector(".lab-viewer-layer img[src$='original.png']")
    assert compared.page.is_hidden("[data-testid=viewer-note]")
    compared.page.keyboard.press("Escape")


def test_an_original_that_cannot_be_had_is_called_reduced(compared: Any) -> None:
    compared.page.route("**/original.png", lambda route: route.fulfill(status=404))
    compared.card("telea").locator(".lab-name").click()
    note = compared.page.wait_for_selector("[data-testid=viewer-note]:has-text('1600 × 800')")
    assert "cannot be had" in note.inner_text()
    assert [address.rpartition(".")[2] for address in shown(compared)] == ["png", "jpg"]
    compared.page.keyboard.press("Escape")
    compared.page.unroute("**/original.png")


def test_the_close_up_of_a_large_photo_has_its_own_pixels(compared: Any) -> None:
    """What is small is seen closely by itself; wholly, at a press."""
    image = compared.card("telea").locator(".lab-after .is-near")
    image.scroll_into_view_if_needed()
    compared.page.wait_for_function(
        "document.querySelector('[data-eraser=telea] .lab-after .is-near').naturalWidth > 0"
    )
    own = image.evaluate("(image) => [image.naturalWidth, image.naturalHeight]")
    # Of the photo's pixels: what was brushed over, and around it.
    assert own[0] == 320 and 300 <= own[1] <= 320
    picture = compared.card("telea").locator(".lab-picture").bounding_box()
    near = image.bounding_box()
    for side, length in picture.items():
        assert near[side] == pytest.approx(length, abs=1.5), "it fills the card"
    compared.page.click("[data-testid=closeup]")
    assert image.is_hidden()
    compared.page.click("[data-testid=closeup]")


# --- zooming in --------------------------------------------------------------------------


def zoom_in(tab: Any, times: int) -> None:
    tab.page.focus("[data-testid=stage]")
    for _ in range(times):
        tab.page.keyboard.press("+")


def test_zooming_in_shows_the_photos_own_pixels(compared: Any) -> None:
    photo = patchwork(*LARGE)
    assert compared.page.locator(".lab-tiles img").count() == 0
    zoom_in(compared, 14)
    compared.page.wait_for_selector(".lab-tiles[data-level='0png'][data-complete=true]")
    for x, y in ((1200, 600), (1211, 603), (1190, 590), (1228, 611)):
        assert seen_at(compared, x + 0.5, y + 0.5) == tuple(photo[y, x])
    compared.page.keyboard.press("0")
    compared.page.wait_for_selector(".lab-tiles:not(:has(img))", state="attached")


def test_tiles_that_are_not_to_be_seen_any_more_are_not_fetched(compared: Any) -> None:
    asked: list[Any] = []
    given_up: list[str] = []
    compared.page.on("requestfailed", lambda request: given_up.append(request.url))
    compared.page.route("**/tiles/*", lambda route: asked.append(route))  # none is ever answered
    zoom_in(compared, 4)
    compared.page.wait_for_selector(".lab-tiles[data-level='0jpg']", state="attached")
    compared.page.wait_for_timeout(100)
    assert len(asked) == 3  # so that clicks have connections left
    compared.page.keyboard.press("0")
    compared.page.wait_for_selector(".lab-tiles[data-level='']", state="attached")
    compared.page.wait_for_timeout(100)
    tiles = sorted(url for url in given_up if "/tiles/" in url)
    assert tiles == sorted(route.request.url for route in asked) and len(asked) == 3
    compared.page.unroute("**/tiles/*")


# --- strips ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def strip_tab(shared_tabs: Tabs) -> Any:
    """A tab with a strip of 40 to 1."""
    tab = shared_tabs(locale="en-US").open()
    tab.photo(file_of(strip(), "strip.png"))
    return tab


@pytest.fixture
def wide(strip_tab: Any) -> Any:
    """The same tab with nothing selected and the stage in sight, whatever came before."""
    strip_tab.page.evaluate("scrollTo(0, 0)")
    strip_tab.page.click("button[data-tool=click]")
    clear = strip_tab.page.locator("[aria-label^=Clear]")
    if clear.is_enabled():
        clear.click()
        strip_tab.idle()
    return strip_tab


def to_the_can(tab: Any) -> None:
    """Press the small picture of the whole where the can is."""
    overview = tab.page.locator("[data-testid=overview]").bounding_box()
    x = overview["x"] + overview["width"] * (CAN[0] + 12) / STRIP[1]
    tab.page.mouse.click(x, overview["y"] + overview["height"] / 2)


def test_a_strip_is_worked_on_at_its_own_pixels(wide: Any) -> None:
    stage = wide.page.locator("[data-testid=stage]").bounding_box()
    assert stage["height"] >= 240
    to_the_can(wide)
    tiles_are_there(wide)
    assert stage["x"] < wide.at(*CAN[:2])[0] < wide.at(*CAN[2:])[0] < stage["x"] + stage["width"]
    assert seen_at(wide, CAN[0] + 12, CAN[1] + 20) == RED
    wide.box(CAN[0] - 4, CAN[1] - 4, CAN[2] + 4, CAN[3] + 4)
    drawn = wide.page.evaluate("eraserLab.work.active.box")
    assert [drawn[name] for name in ("x0", "y0", "x1", "y1")] == pytest.approx(
        [CAN[0] - 4, CAN[1] - 4, CAN[2] + 4, CAN[3] + 4], abs=1.5
    )
    assert wide.mask().shape[0] > 200 * 0.9  # the overlay is no smear either
    wide.page.click("[aria-label^=Clear]")


def test_one_moves_along_a_strip_by_wheel_keys_and_dragging(wide: Any) -> None:
    to_the_can(wide)
    left, top = wide.at(*CAN[:2])
    wide.page.mouse.move(left, top)
    wide.page.keyboard.down("Shift")
    wide.page.mouse.wheel(0, 100)
    wide.page.keyboard.up("Shift")
    wide.page.wait_for_function(
        "([left, x]) => { const r = document.querySelector('.lab-view').getBoundingClientRect();"
        " return Math.abs(r.left + x * r.width - left + 100) < 2; }",
        arg=[left, CAN[0] / STRIP[1]],
    )
    wide.page.focus("[data-testid=stage]")
    wide.page.keyboard.down(" ")
    wide.page.mouse.down()
    wide.page.mouse.move(left + 100, top, steps=2)
    wide.page.mouse.up()
    wide.page.keyboard.up(" ")
    assert wide.at(*CAN[:2])[0] == pytest.approx(left, abs=2)
    overview = wide.page.locator("[data-testid=overview]")
    overview.focus()
    places = []
    for key in ("Home", "ArrowRight", "PageDown", "End"):
        wide.page.keyboard.press(key)
        places.append(int(overview.get_attribute("aria-valuenow")))
    assert places[0] == 0 and places[-1] == 100 and places == sorted(set(places))
    assert "100 %" in overview.get_attribute("aria-valuetext")
    assert wide.page.locator(".lab-mark, .lab-box").count() == 0


def test_a_strips_cards_show_what_was_erased(wide: Any) -> None:
    to_the_can(wide)
    stroke(wide, CAN[0] + 12, CAN[1] + 20)
    wide.choose("telea")
    wide.erase()
    card = wide.card("telea")
    image = card.locator(".lab-after .is-near")
    image.scroll_into_view_if_needed()
    box = image.bounding_box()
    assert box["height"] > 80 and image.is_visible()
    card.locator(".lab-name").click()
    wide.page.wait_for_selector(".lab-viewer-before[src$='original.png']", state="attached")
    layer = wide.page.evaluate(
        "(() => { const r = document.querySelector('.lab-viewer-layer').getBoundingClientRect();"
        " return [r.left, r.width, innerWidth]; })()"
    )
    at = layer[0] + layer[1] * (CAN[0] + 12) / STRIP[1]  # the can is in sight, and large
    assert 0 < at < layer[2] and layer[1] > 5 * layer[2]
    wide.page.keyboard.press("Escape")


def test_a_tall_strip_on_a_phone(shared_tabs: Tabs) -> None:
    tab = shared_tabs(locale="zh-CN", **PHONE).open()
    tab.photo(file_of(np.ascontiguousarray(strip().transpose(1, 0, 2)), "tall.png"))
    overview = tab.page.locator("[data-testid=overview]").bounding_box()
    stage = tab.page.locator("[data-testid=stage]").bounding_box()
    view = tab.page.locator(".lab-view").bounding_box()
    assert view["width"] >= 180 and stage["height"] >= 280
    assert overview["width"] >= 44 and overview["x"] + overview["width"] <= 390
    assert "两指" in tab.page.inner_text(".lab-overview-hint")
    session = tab.page.context.new_cdp_session(tab.page)
    x, y = stage["x"] + 60, stage["y"] + 60
    before = tab.at(100, 4000)[1]
    for kind, moved in (("touchStart", 0), ("touchMove", 30), ("touchMove", 80)):
        fingers = [{"x": x + 60 * id_, "y": y + moved, "id": id_} for id_ in (0, 1)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert tab.at(100, 4000)[1] == pytest.approx(before + 80, abs=3)
    assert tab.page.locator(".lab-mark, .lab-box").count() == 0
    tab.page.touchscreen.tap(overview["x"] + 22, overview["y"] + overview["height"] * CAN[0] / 8000)
    tiles_are_there(tab)
    assert seen_at(tab, CAN[1] + 20, CAN[0] + 12) == RED
