"""In a frame on another site that is as tall as its content: what people need is seen."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image as Pillow

from hub_over_tls import TOKEN, has_openssl, hub_over_tls
from hub_page import hub_page
from path_proxy import path_proxy
from ports import own_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Frame, Page, Response

    from ui.service.service import Service

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROCKET = Path(__file__).resolve().parents[2] / "examples" / "rocket.jpg"
WINDOW = {"viewport": {"width": 1366, "height": 700}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SLACK = 2  # pixels: halves of both ends are rounded

REFUSE_STORAGE = """for (const name of ['localStorage', 'sessionStorage', 'indexedDB'])
  Object.defineProperty(window, name,
    { get() { throw new DOMException('Access is denied for this document.', 'SecurityError'); } });
Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set: () => {} });"""
"""What a browser does in frames of other sites where its user wants that."""


ASK_FOR_PLAN = "() => new Promise(eraserLab.askForPlan)"


class Embedded:
    """The page in its frame, and the page around it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.refused: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("response", self._note)
        page.set_default_timeout(60_000)

    def _note(self, answer: Response) -> None:
        if answer.status >= 400:
            self.refused.append(answer.url)

    def open(self, address: str) -> Embedded:
        """Load the page around ours and wait until ours can be used."""
        self.page.goto(address)
        self.page.frame_locator("#space").locator("[data-card]").first.wait_for(state="attached")
        return self

    @property
    def frame(self) -> Frame:
        """Ours."""
        return self.page.frames[1]

    def seen(self) -> tuple[float, float]:
        """Top and bottom of what is seen of the frame, in the frame's pixels."""
        top, bottom = self.page.evaluate(
            """() => { const r = document.getElementById('space').getBoundingClientRect();
            return [Math.max(0, -r.top), Math.min(r.height, innerHeight - r.top)]; }"""
        )
        return top, bottom

    def extent(self, selector: str) -> tuple[float, float]:
        """Top and bottom of an element, in the frame's pixels."""
        top, bottom = self.frame.evaluate(
            """selector => { const r = document.querySelector(selector).getBoundingClientRect();
            return [r.top, r.bottom]; }""",
            selector,
        )
        return top, bottom

    def told(self) -> list[float]:
        """Top and bottom of what the frame believes is seen, in its own pixels."""
        told = self.frame.evaluate(
            """() => { const s = document.documentElement.style;
            const at = (name) => parseFloat(s.getPropertyValue(name));
            return [at('--lab-above'), innerHeight - at('--lab-below')]; }"""
        )
        return [float("nan") if one is None else one for one in told]

    def until_known(self) -> None:
        """Wait until the frame knows what is seen of it; it may still be growing."""
        deadline = time.monotonic() + 60
        while self.told() != pytest.approx(self.seen(), abs=1):
            assert time.monotonic() < deadline, (self.told(), self.seen())
            self.page.wait_for_timeout(20)

    def scroll_to(self, y: float) -> None:
        """Scroll the page around ours, as soon as it is long enough."""
        self.page.wait_for_function(
            "y => document.documentElement.scrollHeight - innerHeight >= y", arg=y
        )
        self.page.evaluate("y => scrollTo(0, y)", y)
        self.until_known()

    def is_seen(self, selector: str) -> bool:
        """Whether all of an element's height is."""
        (top, bottom), (first, last) = self.seen(), self.extent(selector)
        return last > first and first >= top - SLACK and last <= bottom + SLACK

    def photo(self, file: Path | dict[str, Any]) -> None:
        """Open a photo and wait until it is drawn."""
        self.frame.set_input_files("[data-testid=file]", file)  # type: ignore[arg-type]
        self.frame.wait_for_function("document.querySelector('.lab-photo')?.naturalWidth > 0")

    def erase(self, *erasers: str) -> None:
        """Select the rocket, erase it and wait for the results."""
        view = self.frame.locator(".lab-view").bounding_box()
        assert view is not None
        self.frame.locator(".lab-view").click(
            position={"x": view["width"] / 2, "y": view["height"] * 0.4}
        )
        self.frame.wait_for_selector(".lab-stage:not(.is-busy) .lab-overlay:not([hidden])")
        self.frame.evaluate(
            """wanted => document.querySelectorAll('[data-eraser][type=checkbox]').forEach(box => {
            if (box.checked !== wanted.includes(box.dataset.eraser)) box.click(); })""",
            list(erasers),
        )
        self.frame.click("[data-testid=erase]")
        self.frame.wait_for_selector(".lab-result[data-state=done]")
        self.frame.wait_for_function("eraserLab.running === null")
        self.until_known()

    def break_a_photo(self) -> None:
        """Ask for what ends in an error's sentence."""
        broken = {"name": "photo.png", "mimeType": "image/png", "buffer": b"no photo"}
        self.frame.set_input_files("[data-testid=file]", broken)  # type: ignore[arg-type]
        self.frame.wait_for_selector(".lab-notice.error")


@pytest.fixture(scope="module")
def around(lab_url: str) -> Iterator[str]:
    """A page whose frame grows."""
    with hub_page(lab_url) as address:
        yield address


@pytest.fixture
def embedded(browser: Browser) -> Iterator[Callable[..., Embedded]]:
    """Opens windows that grant the frame neither storage nor cookies."""
    opened: list[Embedded] = []

    def new(address: str, **options: Any) -> Embedded:
        context = browser.new_context(**{**WINDOW, "reduced_motion": "reduce", **options})
        context.add_init_script(REFUSE_STORAGE)
        opened.append(Embedded(context.new_page()))
        return opened[-1].open(address)

    yield new
    for one in opened:
        assert one.errors == []
        assert one.page.context.cookies() == []
        one.page.context.close()


def test_notices_and_the_large_view_lie_in_what_is_seen(
    embedded: Callable[..., Embedded], around: str
) -> None:
    one = embedded(around)
    assert one.is_seen(".lab-choose")
    one.photo(ROCKET)
    one.erase("telea", "navier_stokes")
    one.page.wait_for_function("scrollY > 0")  # the page around has been asked to
    one.until_known()
    assert one.extent(".lab-results")[0] < one.seen()[1] - 100, "results come into sight"
    one.scroll_to(240)
    top, bottom = one.seen()
    height = one.frame.evaluate("innerHeight")
    assert top > 100 and height > bottom + 100, "the frame is as tall as its content"
    one.break_a_photo()
    assert one.is_seen(".lab-notice.error")
    one.frame.click(".lab-result[data-eraser=telea] img")
    one.frame.wait_for_selector(".lab-viewer[open]")
    assert one.extent(".lab-viewer") == pytest.approx(one.seen(), abs=SLACK)
    one.scroll_to(360)
    assert one.extent(".lab-viewer") == pytest.approx(one.seen(), abs=SLACK)


def test_on_a_phone_erase_stays_in_sight(embedded: Callable[..., Embedded], around: str) -> None:
    one = embedded(around, **PHONE)
    one.until_known()
    one.photo(ROCKET)
    assert one.is_seen(".lab-go")
    for place in (0, 90, 300):
        one.scroll_to(place)
        assert one.is_seen("[data-testid=erase]")
    one.break_a_photo()
    assert one.is_seen(".lab-notice.error")
    assert one.extent(".lab-notice.error")[1] < one.extent(".lab-go")[0], "not behind Erase"


def test_a_tall_photo_fits_into_what_is_seen(
    embedded: Callable[..., Embedded], around: str
) -> None:
    buffer = io.BytesIO()
    Pillow.new("RGB", (600, 1500), "teal").save(buffer, "PNG")
    one = embedded(around)
    one.photo({"name": "tall.png", "mimeType": "image/png", "buffer": buffer.getvalue()})
    top, bottom = one.extent(".lab-stage")
    assert bottom - top < 0.7 * WINDOW["viewport"]["height"]


def test_a_frame_of_a_fixed_height_is_measured_too(
    embedded: Callable[..., Embedded], lab_url: str
) -> None:
    with hub_page(lab_url, grows=False) as address:
        one = embedded(address)
        one.page.evaluate(
            """() => { const s = document.getElementById('space').style;
            s.flex = 'none'; s.height = '600px'; s.marginTop = '400px'; }"""
        )
        one.until_known()
        one.photo(ROCKET)
        one.until_known()
        one.break_a_photo()
        assert one.is_seen(".lab-notice.error")
        assert one.is_seen("[data-testid=erase]") is False, "it lies further below"
        one.scroll_to(364)
        assert one.is_seen(".lab-notice.error")
        assert one.is_seen("[data-testid=erase]")


def test_below_a_path_and_in_a_frame_an_object_is_erased(
    embedded: Callable[..., Embedded], lab_service: Service
) -> None:
    from ui.page.layout import build_page, launch_options

    page = build_page(lab_service)
    page.queue(max_size=64)
    _, url, _ = page.launch(
        **launch_options(lab_service, lang=None),
        server_name="127.0.0.1",
        server_port=own_port(),
        root_path="/apps/eraser",
        quiet=True,
        prevent_thread_lock=True,
    )
    try:
        with path_proxy(url, "/apps/eraser") as below, hub_page(below) as address:
            one = embedded(address)
            one.photo(ROCKET)
            one.erase("telea")
            assert one.refused == []
            result = one.frame.locator(".lab-result[data-eraser=telea] img").first
            assert "/apps/eraser/lab/" in str(result.evaluate("img => img.src"))
            one.page.goto("about:blank")  # nothing may be on its way when the server goes
    finally:
        page.close()


@pytest.mark.skipif(not has_openssl(), reason="needs the command openssl")
def test_on_the_hub_over_tls_a_run_is_its_visitors(
    lab_service: Service,
    browser_with: Callable[[list[str]], Browser],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The handshake of the hub's page, the hosts by their names, https all the way; the plan."""
    from ui.page.layout import build_page, launch_options

    monkeypatch.setenv("SPACE_ID", "someone/eraser-lab")
    page = build_page(lab_service)
    page.queue(max_size=64)
    _, url, _ = page.launch(
        **launch_options(lab_service, lang=None),
        server_name="127.0.0.1",
        server_port=own_port(),
        quiet=True,
        prevent_thread_lock=True,
    )
    try:
        with hub_over_tls(url) as hub:
            context = browser_with(hub.hosts).new_context(
                viewport={"width": 1366, "height": 700}, ignore_https_errors=True
            )
            context.add_init_script(REFUSE_STORAGE)
            one = Embedded(context.new_page()).open(hub.address)
            one.photo(ROCKET)
            one.erase("telea")
            assert one.errors == [] and one.refused == []
            assert hub.tokens("/gradio_api/queue/join") == [TOKEN]
            assert set(hub.tokens("/gradio_api/upload")) == {""}, "it goes with runs alone"
            assert one.frame.evaluate(ASK_FOR_PLAN) == "free"
            one.page.goto("about:blank")
            context.close()
    finally:
        page.close()
