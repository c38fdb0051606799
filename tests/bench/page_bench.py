"""What the page itself costs, driven in a real browser: opening, clicking, erasing.

    python tests/bench/page_bench.py [--clicks 12]

It starts the program on loopback, opens it in headless Chromium, and prints:

- page ready: from asking for the page until its eraser cards are drawn;
- click -> overlay drawn: from the mouse button going up until the new mask's picture is
  decoded and shown, on a photo of 2250x1500, with the bytes that the click sent and got;
- a brush stroke: the script's time for each movement of the pointer, in which the stroke is
  drawn for the very next frame, and, as for a click, from the release until the server's
  mask is shown;
- the grid's own overhead: the run's time less the erasers' own load and erase times;
- MI-GAN on a photo of 16 and of 1 megapixels with the same object crop, as a ratio;
- the server's peak memory in these runs above what it held at rest, before
  the first photo.
"""

from __future__ import annotations

import argparse
import io
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from _eraser_lab import running

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = (
    shutil.which("chromium")
    or shutil.which("chromium-headless-shell")
    or shutil.which("google-chrome")
)

ROCKET = (320 / 640, 165 / 427)
ROUNDS = 3
SETTLE = 15_000  # milliseconds in which the program loads its segmenter and comes to rest
FINISHED = "eraserLab.running === null"


def photo(width: int, height: int) -> dict[str, Any]:
    """The rocket enlarged, as a file that a user could upload."""
    file = io.BytesIO()
    with Image.open(ROOT / "examples" / "rocket.jpg") as small:
        small.resize((width, height), Image.Resampling.BICUBIC).save(file, "JPEG", quality=92)
    return {"name": f"{width}.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}


def framed(width: int, height: int) -> dict[str, Any]:
    """The rocket at its own size in the middle of a larger picture: the same object crop."""
    file = io.BytesIO()
    with Image.open(ROOT / "examples" / "rocket.jpg") as small:
        large = small.resize((width, height), Image.Resampling.BICUBIC)
        large.paste(small, ((width - small.width) // 2, (height - small.height) // 2))
        large.save(file, "JPEG", quality=92)
    return {"name": f"{width}.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}


class MemoryWatch:
    """The most memory a process and its children hold while the watch runs."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._done = threading.Event()
        self.peak = 0

    def now(self) -> int:
        family = [self._process, *self._process.children(recursive=True)]
        return sum(member.memory_info().rss for member in family)

    def __enter__(self) -> MemoryWatch:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            self.peak = max(self.peak, self.now())


def open_photo(page: Page, file: dict[str, Any]) -> None:
    page.set_input_files("[data-testid=file]", file)  # type: ignore[arg-type]
    name = file["name"]
    page.wait_for_function(f"eraserLab.photo && eraserLab.photo.name === {name!r}")
    page.wait_for_function("document.querySelector('.lab-photo').naturalWidth > 0")


def place(page: Page, x: float, y: float) -> tuple[float, float]:
    """Window coordinates of a point of the photo, given in shares of its size."""
    view = page.locator(".lab-view")
    view.scroll_into_view_if_needed()
    box = view.bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


WATCH = """() => { const stage = document.querySelector('.lab-stage');
  const overlay = document.querySelector('.lab-view .lab-overlay');
  window.drawnAt = null;
  const released = () => { window.releasedAt = performance.now(); };
  stage.addEventListener('pointerup', released, {once: true});
  const seen = new MutationObserver(async () => { seen.disconnect(); await overlay.decode();
    requestAnimationFrame(() => { window.drawnAt = performance.now(); }); });
  seen.observe(overlay, {attributes: true, attributeFilter: ['src']}); }"""


def click(page: Page, x: float, y: float) -> float:
    """Milliseconds from the release of the button to the drawn overlay."""
    page.evaluate(WATCH)
    page.mouse.click(*place(page, x, y))
    page.wait_for_function("window.drawnAt !== null")
    return float(page.evaluate("window.drawnAt - window.releasedAt"))


def clicks(page: Page, count: int) -> tuple[list[float], list[int]]:
    """Times of further clicks on one photo, and the bytes each sent and got."""
    sizes: list[int] = []

    def count_bytes(response: Any) -> None:
        if "component_server" in response.url:
            sizes.append(len(response.body()) + len(response.request.post_data or ""))

    click(page, *ROCKET)
    page.on("response", count_bytes)
    times = [click(page, 0.48 + 0.004 * k, 0.4 + 0.04 * (k % 8)) for k in range(count)]
    page.remove_listener("response", count_bytes)
    return times, sizes


WATCH_BRUSH = """() => { window.moves = [];
  let start = 0;
  window.addEventListener('pointermove', () => { start = performance.now(); }, true);
  window.addEventListener('pointermove', () => window.moves.push(performance.now() - start)); }"""


def strokes(page: Page, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds of script for each movement of the brush, and from the release of the button
    to the server's mask."""
    page.click("[data-tool=brush]")
    page.evaluate(WATCH_BRUSH)
    confirmed = [stroke(page, 0.2 + 0.03 * number) for number in range(count)]
    moves: list[float] = page.evaluate("window.moves")
    page.click("[data-tool=click]")
    return moves, confirmed


def stroke(page: Page, x: float) -> float:
    """Draw one from top to bottom; milliseconds from its end to the server's mask."""
    page.mouse.move(*place(page, x, 0.2))
    page.mouse.down()
    page.mouse.move(*place(page, x + 0.05, 0.7), steps=20)
    page.evaluate(WATCH)
    page.mouse.up()
    page.wait_for_function("window.drawnAt !== null")
    return float(page.evaluate("window.drawnAt - window.releasedAt"))


def erase(page: Page, *erasers: str) -> dict[str, Any]:
    """Run these erasers and return the finished grid's value."""
    for tick in page.query_selector_all("[data-eraser][type=checkbox]"):
        tick.set_checked(tick.get_attribute("data-eraser") in erasers)
    page.evaluate("window.finished = null; eraserLab.on('finished', v => { window.finished = v; })")
    page.click("[data-testid=erase]")
    page.wait_for_function(FINISHED)
    page.wait_for_function("window.finished !== null")
    value: dict[str, Any] = page.evaluate("window.finished")
    return value


def own_seconds(grid: dict[str, Any]) -> float:
    return sum(card["load_seconds"] + card["erase_seconds"] for card in grid["cards"])


def row(what: str, value: str, remark: str = "") -> None:
    print(f"{what:<46}{value:>16}   {remark}")


@contextmanager
def program(threads: int) -> Iterator[tuple[str, psutil.Process]]:
    """The program on a free port with a data folder of its own, and its process."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), threads) as url:
        children = psutil.Process().children()
        yield url, next(child for child in children if "app.py" in child.cmdline())


def measure(page: Page, url: str, process: psutil.Process, count: int) -> None:
    """All figures, in the order of the docstring."""
    ready = []
    for _ in range(3):
        start = time.perf_counter()
        page.goto(url)
        page.wait_for_selector("[data-card]", state="attached")
        ready.append(time.perf_counter() - start)
    row("page ready", f"{statistics.median(ready):.2f} s")
    page.wait_for_timeout(SETTLE)
    idle = MemoryWatch(process).now()
    open_photo(page, photo(2250, 1500))
    times, sizes = clicks(page, count)
    row("click -> overlay drawn, 2250x1500", f"{statistics.median(times):.0f} ms", "median")
    row("bytes of a click, both ways", f"{max(sizes) / 1000:.1f} kB", "largest")
    moves, confirmed = strokes(page, count)
    row("brush, script of one movement", f"{max(moves):.1f} ms", "largest; a frame is 16.7 ms")
    row(
        "brush, stroke -> the server's mask drawn",
        f"{statistics.median(confirmed):.0f} ms",
        "median",
    )
    erase(page, "migan", "patchmatch")  # loads what is to be measured warm
    open_photo(page, photo(2250, 1500))
    page.wait_for_timeout(1500)
    click(page, ROCKET[0], ROCKET[1] + 0.1)
    grid = erase(page, "migan", "patchmatch", "telea", "navier_stokes")
    page.wait_for_selector(".lab-measuring", state="detached")
    own = own_seconds(grid)
    over = grid["seconds"] - own
    row("four erasers, their own time", f"{own:.2f} s")
    row("the grid's overhead", f"{over:.2f} s", f"allowed {0.05 * own + 0.3:.2f} s")
    sizes_of = {"1 megapixel": (1224, 816), "16 megapixels": (4896, 3264)}
    seconds: dict[str, list[float]] = {name: [] for name in sizes_of}
    with MemoryWatch(process) as watch:
        for turn in range(ROUNDS):
            for name, size in sizes_of.items():
                seconds[name].append(migan_seconds(page, size, turn))
    small, large = (statistics.median(values) for values in seconds.values())
    row("MI-GAN, 1 megapixel", f"{small:.2f} s", "median, by turns")
    row("MI-GAN, 16 megapixels", f"{large:.2f} s", "median, by turns")
    row("ratio 16 / 1", f"{large / small:.2f}", "at most 1.3")
    row("memory above idle", f"{(watch.peak - idle) / 1e9:.2f} GB", "under 1.5 GB")


def migan_seconds(page: Page, size: tuple[int, int], turn: int) -> float:
    """One erase; each turn grows the mask a little more, so that no result is a cached one."""
    open_photo(page, framed(*size))
    page.wait_for_timeout(2500)
    click(page, 0.5, 0.5 + (165 - 213.5) / size[1])
    page.fill("[data-testid=dilate]", str(4 + turn))
    page.wait_for_timeout(500)
    grid = erase(page, "migan")
    page.wait_for_selector("[data-testid=zip]:not([hidden])")
    page.wait_for_selector(".lab-measuring", state="detached")  # its numbers belong to the case
    return float(grid["cards"][0]["erase_seconds"])


def main() -> None:
    """Start the program and a browser, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--clicks", type=int, default=12)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    with program(options.threads) as (url, process), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        # Nothing glides while a click is aimed.
        size: Any = {"width": 1280, "height": 860}
        page = browser.new_page(viewport=size, reduced_motion="reduce")
        page.set_default_timeout(120_000)
        measure(page, url, process, options.clicks)
        browser.close()


if __name__ == "__main__":
    main()
