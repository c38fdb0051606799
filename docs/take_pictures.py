"""Take the README's pictures of the page anew: python docs/take_pictures.py

Starts the program on a free port with a folder of its own, selects and erases the tree of an
example in a real Chromium, and writes page.jpg and grid.jpg beside this file. Needs the default
weights (`python -m methods fetch --default`) and what requirements-dev.txt names.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "support")]

if TYPE_CHECKING:
    from playwright.sync_api import Page

SIZE = {"width": 1280, "height": 860}
SCALE = 1.5
"""Pixels of the picture for each of the page, so that it is sharp on most screens."""
LAST_CARD = """() => { const of = (selector) => document.querySelector(selector);
  const ends = [...document.querySelectorAll(".lab-result")].map((card) =>
    card.getBoundingClientRect().bottom);
  return Math.max(...ends) - of(".lab-results").getBoundingClientRect().top; }"""
"""Where the results end: below them is room for more."""


def take(url: str) -> None:
    """Both pictures of the page at `url`."""
    from conftest import chromium_path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path())
        context = browser.new_context(
            locale="en-US", viewport=SIZE, device_scale_factor=SCALE, reduced_motion="reduce"
        )
        page = context.new_page()
        page.goto(url)
        page.wait_for_selector("[data-card]", state="attached")
        select_the_tree(page)
        keep(page.screenshot(), "page.jpg")
        page.click("[data-testid=erase]")
        page.wait_for_function("eraserLab.running === null")
        page.wait_for_selector(".lab-result[data-eraser=navier_stokes] a[download]")
        page.wait_for_selector(".lab-measuring", state="detached")
        keep(page.locator(".lab-results").screenshot(), "grid.jpg", bottom=page.evaluate(LAST_CARD))
        browser.close()


def select_the_tree(page: Page) -> None:
    """Open the example, which is clicked already, and wait for its mask."""
    page.click("[data-first-open=tree]")
    page.wait_for_selector("[data-testid=erase]:enabled")
    page.wait_for_selector(".lab-stage[data-drawn]:not(.is-busy)")
    page.mouse.move(2, 2)
    page.wait_for_function(
        "[...document.images].every(image => image.complete && image.naturalWidth > 0"
        " || !image.getAttribute('src'))"
    )


def keep(png: bytes, name: str, bottom: float | None = None) -> None:
    """Write a screenshot as a JPEG, down to there."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    if bottom is not None:
        picture = picture.crop((0, 0, picture.width, min(picture.height, round(bottom * SCALE))))
    picture.save(Path(__file__).parent / name, quality=88, optimize=True)


def main() -> None:
    """Serve the page, take the pictures."""
    from ui.page.layout import build_page, launch_options
    from ui.service.service import Service

    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder))
        page = build_page(service)
        page.queue()
        options = launch_options(service, lang=None)
        _, url, _ = page.launch(**options, quiet=True, prevent_thread_lock=True)
        try:
            take(url)
        finally:
            page.close()
            service.close()


if __name__ == "__main__":
    main()
