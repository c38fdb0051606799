"""The page under test: the real program in this process, and tabs of a real Chromium.

The server runs in threads of the test process, so that a test may register erasers of its
own (a slow one, a failing one) and count what the server really did.
"""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image as Pillow

from methods import Eraser, EraserSpec, Image, Mask, Paper, Settings, Verbatim
from methods._engine import registry
from methods._engine.worker import results
from ports import own_port
from tiny_grounding import save_tiny_grounding

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from ui.service.service import Service

SECONDS = 1000  # Playwright counts in milliseconds

pytestmark = pytest.mark.browser


def _spec(eraser_id: str, name: str, rank: int) -> EraserSpec:
    return EraserSpec(
        id=eraser_id,
        name=name,
        summary=Verbatim({"en": "Made for the tests.", "zh": "测试专用。"}),
        paper=Paper("None", "https://example.org", 2026),
        license="Apache-2.0",
        learned=False,
        devices=("cpu",),
        rank=rank,
    )


class SlowSettings(Settings):
    """The steps of the slow eraser, and words that it does not read."""

    steps: int = 400  # nobody waits for them: a busy machine must not end them before Stop
    words: str = ""


class SlowEraser(Eraser):
    """Takes a twentieth of a second a step and fills with grey."""

    spec = _spec("slow_test", "Slow <b onclick=alert(1)>eraser</b>", 900)
    Settings = SlowSettings

    def load(self, device: Any, dtype: Any) -> None:
        """Nothing to load."""

    def unload(self) -> None:
        """Nothing to unload."""

    def erase(
        self,
        image: Image,
        mask: Mask,
        settings: Any,
        seed: int,
        progress: Callable[[int, int], None],
    ) -> Image:
        """Fill with grey, step by step."""
        for step in range(settings.steps):
            time.sleep(0.05)
            progress(step + 1, settings.steps)
        return np.where(mask[..., None], np.uint8(128), image)


class FailingEraser(SlowEraser):
    """Fails with a message that must never reach a page."""

    spec = _spec("failing_test", "Failing eraser", 901)

    def erase(
        self,
        image: Image,
        mask: Mask,
        settings: Any,
        seed: int,
        progress: Callable[[int, int], None],
    ) -> Image:
        """Raise an error of the inner kind."""
        raise RuntimeError("secret /home/someone/token-1234")


@pytest.fixture(autouse=True)
def our_erasers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two erasers of the tests stand beside the real ones while a test of the page runs, and
    no result of an earlier test is at hand."""
    results.clear()
    found = registry.found().erasers
    monkeypatch.setitem(found, "slow_test", SlowEraser)
    monkeypatch.setitem(found, "failing_test", FailingEraser)


@pytest.fixture(scope="module", autouse=True)
def no_judging_by_features() -> Iterator[None]:
    """As `quick_judging`, also for what the tests of a module share."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ui.service.helper.judge.are_features_ready", lambda: False)
        yield


@pytest.fixture(scope="session")
def local_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny random detector of the real classes."""
    folder = tmp_path_factory.mktemp("local")
    save_tiny_grounding(folder)
    return folder


@pytest.fixture(scope="module", autouse=True)
def our_models(local_models: Path) -> Iterator[None]:
    """What the tiny models stand for is found in their folder, also by pages that a module's tests
    share."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(local_models))
        yield


@pytest.fixture(scope="session")
def lab_service(
    mobile_sam_weights: Path, migan_weights: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """What stands behind the page; one for all its tests."""
    from ui.service.service import Service

    service = Service(tmp_path_factory.mktemp("lab"))
    yield service
    service.close()


@pytest.fixture(autouse=True)
def no_leftover_runs(request: pytest.FixtureRequest) -> Iterator[None]:
    """End what a test has left at work: while any run is, the results of others are not judged."""
    if "lab_service" not in request.fixturenames:  # a report needs no server
        yield
        return
    erasing = request.getfixturevalue("lab_service").erasing
    yield
    for run in erasing.running():
        erasing.stop(run)
    deadline = time.monotonic() + 60
    while erasing.running() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert erasing.running() == []


@pytest.fixture(scope="session")
def lab_url(lab_service: Service) -> Iterator[str]:
    """The address of a running page; one server for all tests of the page."""
    from ui.page.layout import build_page, launch_options

    service = lab_service
    page = build_page(service)
    page.queue(max_size=64)
    _, url, _ = page.launch(
        **launch_options(service, lang=None),
        server_name="127.0.0.1",
        server_port=own_port(),
        quiet=True,
        prevent_thread_lock=True,
    )
    yield url
    page.close()


class Tab:
    """One browser tab on the page, with the gestures of a user."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.errors: list[str] = []
        self.foreign: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._watch)
        page.set_default_timeout(180 * SECONDS)  # a busy machine is no fault

    def _watch(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.foreign.append(request.url)

    def open(self, query: str = "") -> Tab:
        """Load the page and wait until it can be used."""
        self.page.goto(self.url + query)
        self.page.wait_for_selector("[data-card]", state="attached")
        return self.unfold()

    def unfold(self) -> Tab:
        """Show the erasers, which are one line until a photo is open."""
        self.page.evaluate(
            "innerWidth > 820 && document.querySelector('.is-folded [data-testid=fold]')?.click()"
        )
        return self

    def photo(self, path: Path | dict[str, Any]) -> None:
        """Open a photo through the file button and wait until it is drawn."""
        before = self.page.evaluate("eraserLab.photo && eraserLab.photo.id")
        self.page.set_input_files("[data-testid=file]", path)  # type: ignore[arg-type]
        self.page.wait_for_function(
            "before => eraserLab.photo && eraserLab.photo.id !== before", arg=before
        )
        self.page.wait_for_function("document.querySelector('.lab-photo').naturalWidth > 0")

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the photo, in its own pixels, lies in the window."""
        return tuple(
            self.page.evaluate(
                """([x, y]) => {
                const r = document.querySelector('.lab-view').getBoundingClientRect();
                const p = eraserLab.photo;
                return [r.left + (x / p.width) * r.width, r.top + (y / p.height) * r.height]; }""",
                [x, y],
            )
        )

    def click(self, x: float, y: float, **options: Any) -> None:
        """Click a point of the photo and wait for its mask."""
        before = self.count()
        self.show_stage()
        self.page.mouse.click(*self.at(x, y), **options)
        self.drawn(before)

    def box(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """Drag a box on the photo and wait for its mask."""
        before = self.count()
        self.show_stage()
        self.page.mouse.move(*self.at(x0, y0))
        self.page.mouse.down()
        self.page.mouse.move(*self.at((x0 + x1) / 2, (y0 + y1) / 2))
        self.page.mouse.move(*self.at(x1, y1))
        self.page.mouse.up()
        self.drawn(before)

    def show_stage(self) -> None:
        """Erase has led to the results: go back to where one points."""
        self.page.evaluate(
            "document.querySelector('.lab-stage').scrollIntoView({block: 'nearest'})"
        )

    def count(self) -> int:
        """The number of the newest answer that has been drawn."""
        return self.page.evaluate("Number(document.querySelector('.lab-stage').dataset.drawn || 0)")

    def tap_button(self, selector: str) -> None:
        """Tap a button that stays pressed, and wait until it is: a busy browser takes its time
        from the finger to the click."""
        self.page.tap(selector)
        self.page.wait_for_selector(f"{selector}[aria-pressed=true]")

    def touch_drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """One finger down, along and up, through the browser's own input pipeline."""
        session = self.page.context.new_cdp_session(self.page)

        def send(kind: str, points: list[tuple[float, float]]) -> None:
            touches = [{"x": x, "y": y} for x, y in points]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

        send("touchStart", [start])
        for part in (0.3, 0.6, 1.0):
            x, y = (a + part * (b - a) for a, b in zip(start, end, strict=True))
            send("touchMove", [(x, y)])
        # A finger that is lifted in full motion throws the page, and the next tap only stops it.
        self.page.wait_for_timeout(150)
        send("touchMove", [end])
        send("touchEnd", [])

    def drawn(self, before: int) -> None:
        """Wait until an answer newer than `before` is drawn and none is on its way."""
        self.page.wait_for_function(
            """before => { const s = document.querySelector('.lab-stage');
            return s && Number(s.dataset.drawn || 0) > before &&
              !s.classList.contains('is-busy'); }""",
            arg=before,
        )

    def switch_language(self) -> None:
        """Press the language's button and wait until the other one's sentences have come."""
        before = self.page.get_attribute("html", "lang")
        self.page.click("#lab-language")
        self.page.wait_for_selector(f"html:not([lang='{before}'])")

    def idle(self) -> None:
        """Wait until no question about the mask is on its way."""
        self.page.wait_for_selector(".lab-stage:not(.is-busy)")

    def reload(self) -> None:
        """Load the page anew and wait until it can be used."""
        self.page.reload()
        self.page.wait_for_selector("[data-card]", state="attached")
        self.unfold()

    def mask(self) -> np.ndarray:
        """The overlay as drawn: bool, at the overlay's own size."""
        drawn = self.page.evaluate(
            """async () => { const i = document.querySelector('.lab-view .lab-overlay');
            if (i.hidden || !i.src) return null;
            await i.decode();
            const c = document.createElement('canvas');
            c.width = i.naturalWidth; c.height = i.naturalHeight;
            c.getContext('2d').drawImage(i, 0, 0);
            return c.toDataURL(); }"""  # a list of pixels would cost Playwright seconds
        )
        if drawn is None:
            return np.zeros((0, 0), bool)
        png = base64.b64decode(drawn.partition(",")[2])
        return np.asarray(Pillow.open(io.BytesIO(png)).convert("RGBA"))[..., 3] > 0

    def choose(self, *erasers: str) -> None:
        """Tick exactly these erasers: a click on every box that stands otherwise."""
        self.page.evaluate(
            """wanted => document.querySelectorAll('[data-eraser][type=checkbox]').forEach(box => {
            if (box.checked !== wanted.includes(box.dataset.eraser)) box.click(); })""",
            list(erasers),
        )

    def erase(self) -> None:
        """Press Erase and wait until the run has ended."""
        self.page.click("[data-testid=erase]")
        self.finished()

    def finished(self) -> None:
        """Wait until no run is under way."""
        self.page.wait_for_function("eraserLab.running === null")

    def card(self, eraser: str) -> Any:
        """The result card of an eraser."""
        return self.page.locator(f".lab-result[data-eraser={eraser}]")

    def details(self, eraser: str) -> Any:
        """All about a result, opened over the page."""
        self.card(eraser).locator("[data-testid=details]").click()
        return self.page.locator("dialog.lab-details[open]")

    def download(self, selector: str) -> Path:
        """Click a download link; the file that arrives."""
        with self.page.expect_download() as download:
            self.page.click(selector)
        return Path(download.value.path())

    def result(self, eraser: str, form: str = "png") -> Path:
        """A result in that format, taken from the sheet that its card's link opens."""
        self.card(eraser).locator("a[download]").click()
        self.page.click(f".lab-save-forms [data-format={form}]")
        file = self.download(f"[data-testid=save][data-format={form}][href]")
        self.page.keyboard.press("Escape")
        return file


class Sessions:
    """Separate sessions of one browser, used again by later tests: what a session has compiled of
    the page it need not compile for every test, which costs more than most tests do."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser = browser
        self.url = url
        self.spare: dict[str, list[BrowserContext]] = {}

    @contextmanager
    def new_page(self, options: dict[str, Any]) -> Iterator[Page]:
        """An empty page of a session that remembers nothing, made with those options."""
        spare = self.spare.setdefault(repr(sorted(options.items())), [])
        context = spare.pop() if spare else self.browser.new_context(**options)
        page = context.new_page()
        self._forget(page)
        yield page
        for each in context.pages:
            each.close()
        spare.append(context)

    def _forget(self, page: Page) -> None:
        """All but what it has cached: that cannot be told from a first visit."""
        kept = {"origin": self.url, "storageTypes": "cookies,local_storage,indexeddb"}
        page.context.new_cdp_session(page).send("Storage.clearDataForOrigin", kept)


@lru_cache(maxsize=1)
def _sessions_of(browser: Browser, url: str) -> Sessions:
    return Sessions(browser, url)


@pytest.fixture(scope="module")
def sessions(browser: Browser, lab_url: str) -> Sessions:
    """Sessions of the browser, also for the modules after this one; they end with it."""
    return _sessions_of(browser, lab_url.rstrip("/"))


@contextmanager
def _tabs_of(sessions: Sessions, url: str) -> Iterator[Callable[..., Tab]]:
    opened: list[Tab] = []
    with ExitStack() as stack:

        def new(**options: Any) -> Tab:
            # Nothing may glide under a click whose place has just been computed.
            still = {"viewport": {"width": 1280, "height": 860}, "reduced_motion": "reduce"}
            page = stack.enter_context(sessions.new_page({**still, **options}))
            opened.append(Tab(page, url))
            return opened[-1]

        yield new
        for tab in opened:
            assert tab.errors == []
            assert tab.foreign == []


@pytest.fixture
def tabs(sessions: Sessions, lab_url: str) -> Iterator[Callable[..., Tab]]:
    """Opens tabs in separate sessions; every one must have run without script errors."""
    with _tabs_of(sessions, lab_url) as new:
        yield new


@pytest.fixture(scope="module")
def shared_tabs(sessions: Sessions, lab_url: str) -> Iterator[Callable[..., Tab]]:
    """Tabs that the tests of a module share: those that begin anew by themselves or only look."""
    with _tabs_of(sessions, lab_url) as new:
        yield new


@pytest.fixture
def plenty_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which every eraser could be loaded: else that it cannot is said first."""
    monkeypatch.setenv("ERASER_LAB_MEMORY", "200")


@pytest.fixture
def tab(tabs: Callable[..., Tab]) -> Tab:
    """One tab on the open page, in English."""
    return tabs(locale="en-US").open()
