"""What the page weighs, and how soon it shows something, over a slow line.

    python tests/bench/paint_bench.py [--rounds 3] [--url http://…]

It starts the program on loopback (or measures the one at --url), opens the page in headless
Chromium with an empty cache, the line throttled to the DevTools' "Fast 3G" (562.5 ms before each
answer, 1.44 Mbit/s), and prints, as medians:

- first contentful paint: from asking for the page until anything is to be seen;
- ready: until the eraser cards are drawn;
- layout shift: the sum of what moved under the reader's eyes until the page is at rest (CLS), and
  what moved most;
- bytes over the wire, as they were sent: the page, our scripts and styles, the catalogue, the
  examples' pictures, and what is Gradio's own; of a first visit and of a second.

Wanted: first contentful paint under 1.5 s, layout shift under 0.05, and under 120 kB of our own
text (page, scripts, styles, catalogue). On a machine with other work to do only bytes and layout
shift are worth reading.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import Browser, sync_playwright

from _eraser_lab import running
from page_bench import CHROMIUM, row

FAST_3G = {
    "offline": False,
    "latency": 562.5,
    "downloadThroughput": 1.44e6 / 8,
    "uploadThroughput": 0.675e6 / 8,
}
REST = 2000  # milliseconds without a change after which the page is at rest
OURS = ("the page", "scripts and styles", "the catalogue")

WATCH = """() => {
  window.shifts = [];
  const name = node => !node ? "?" : node.id ? "#" + node.id : node.className || node.nodeName;
  new PerformanceObserver(list => list.getEntries().forEach(one => { if (!one.hadRecentInput)
    window.shifts.push([one.value, one.sources.map(source => name(source.node)).join(", ")]); }))
    .observe({ type: "layout-shift", buffered: true }); }"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"


class Visit(NamedTuple):
    """Seconds, shares of the window, and bytes by what they are of."""

    paint: float
    ready: float
    shifts: list[tuple[float, str]]
    sent: Counter[str]

    @property
    def shift(self) -> float:
        return sum(value for value, _ in self.shifts)

    @property
    def ours(self) -> int:
        return sum(self.sent[name] for name in OURS)


def kind_of(url: str) -> str:
    """What an answer is of."""
    path = urlsplit(url).path
    if path == "/":
        return "the page"
    if path.startswith("/lab/static/"):
        return "scripts and styles"
    if path.startswith("/lab/"):
        return "the examples' pictures"
    return "the catalogue" if "/component_server" in path else "Gradio's own"


def watched(wire: Any) -> Counter[str]:
    """Bytes by what they are of, headers and all, counted from now on."""
    urls: dict[str, str] = {}
    sent: Counter[str] = Counter()

    def begun(event: Any) -> None:
        urls[event["requestId"]] = event["response"]["url"]

    def ended(event: Any) -> None:
        if event["requestId"] in urls:
            sent[kind_of(urls[event["requestId"]])] += int(event["encodedDataLength"])

    wire.on("Network.responseReceived", begun)
    wire.on("Network.loadingFinished", ended)
    return sent


def visit(context: Any, url: str) -> Visit:
    """One visit with the browser's cache as it is."""
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.add_init_script(f"({WATCH})()")
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.emulateNetworkConditions", FAST_3G)
    sent = watched(wire)
    page.goto(url)
    page.wait_for_selector("[data-card]", state="attached")
    ready = page.evaluate("performance.now()") / 1000
    page.wait_for_timeout(REST)
    found = Visit(
        page.evaluate(PAINT) / 1000, ready, [tuple(s) for s in page.evaluate("window.shifts")], sent
    )
    page.close()
    return found


def measure(browser: Browser, url: str, rounds: int) -> None:
    """All figures, in the order of the docstring."""
    first, second = [], []
    for _ in range(rounds):
        context = browser.new_context(viewport={"width": 1280, "height": 860})
        first.append(visit(context, url))
        second.append(visit(context, url))
        context.close()
    for name, visits in (("first visit", first), ("second visit", second)):
        print(f"\n{name}")
        row("first contentful paint", f"{statistics.median(v.paint for v in visits):.2f} s")
        row("ready", f"{statistics.median(v.ready for v in visits):.2f} s")
        typical = sorted(visits, key=lambda v: v.shift)[rounds // 2]
        row("layout shift", f"{typical.shift:.3f}")
        for value, what in sorted(typical.shifts, reverse=True)[:3]:
            row("", f"{value:.3f}", what[:90])
        row("our own text", f"{typical.ours / 1000:.1f} kB")
        for what, size in typical.sent.most_common():
            row(f"  {what}", f"{size / 1000:.1f} kB")


@contextmanager
def program(url: str | None) -> Iterator[str]:
    """The address of a program that runs."""
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), 2) as started:
        yield started


def main() -> None:
    """Start the program and a browser, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--url", help="a program that runs already, in the place of one of its own")
    options = parser.parse_args()
    with program(options.url) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        measure(browser, url, options.rounds)
        browser.close()


if __name__ == "__main__":
    main()
