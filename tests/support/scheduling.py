"""Which test process gets which tests: a file's stay together, and those of the page do, too."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

PAGE = "tests/browser/"


class PageTogether(LoadFileScheduling):
    """One process has all tests of the page that run by default, one page and one Chromium with
    them: each of three would begin its own, which costs seven seconds of a core. With the slow ones
    they are many, and each process has some."""

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        super().__init__(config, log)
        self.together = str(config.option.markexpr).startswith("not slow")

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return PAGE if self.together and file.startswith(PAGE) else file
