"""One headless Chromium for all tests of a page that follow each other."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def chromium_path() -> str | None:
    """The system's Chromium or Chrome; None leaves the choice to Playwright's own.

    The one without windows draws the same pages, in half the time.
    """
    named = os.environ.get("CHROMIUM")
    known = (
        "chromium-headless-shell",
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    )
    return named or next(filter(None, map(shutil.which, known)), None)


class Chromium:
    """Begun when a test asks for it and kept for the modules after it: to begin it, and to compile
    the page in it anew, costs more than most tests do.

    Playwright's event loop must not reach tests of other things: `close` before these.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._browser: Browser | None = None

    def begun(self) -> Browser:
        """The browser. Raises what Playwright raises where none can be started."""
        if self._browser is None:
            self._browser = self._begin()
        return self._browser

    def _begin(self) -> Browser:
        from playwright.sync_api import sync_playwright

        with ExitStack() as stack:
            playwright = stack.enter_context(sync_playwright())
            browser = playwright.chromium.launch(executable_path=chromium_path())
            stack.callback(browser.close)
            self._stack = stack.pop_all()
        return browser

    def close(self) -> None:
        """End it, if it is there, and the loop with it."""
        self._browser = None
        self._stack.close()
