"""The program is killed in the middle of a run, and begun again: the page comes back by itself."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ports import own_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PROGRAM = Path(__file__).resolve().parents[1] / "support" / "slow_program.py"
PATIENCE = 180_000
"""Milliseconds, on a busy machine."""

TICK = """wanted => document.querySelectorAll('[data-eraser][type=checkbox]').forEach(box => {
  if (box.checked !== wanted.includes(box.dataset.eraser)) box.click(); })"""


@contextmanager
def program(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """It answers from the first moment on; killed at the end."""
    environment = {**os.environ, "ERASER_LAB_DATA": str(folder), "ERASER_LAB_WORKERS": "0"}
    environment.pop("GRADIO_TEMP_DIR", None)
    command = [sys.executable, str(PROGRAM), str(folder / "go"), "--no-fetch", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        await_up(f"http://127.0.0.1:{port}/healthz", process)
        yield process
    finally:
        process.kill()
        process.wait(60)


def await_up(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(PATIENCE // 500):
        assert process.poll() is None
        try:
            with urllib.request.urlopen(url, timeout=30):
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError("the program did not begin")


@pytest.mark.timeout(900)
def test_the_page_comes_back_and_goes_on(browser: Browser, tmp_path: Path) -> None:
    port = own_port()
    page = browser.new_page(locale="zh-CN")
    page.set_default_timeout(PATIENCE)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    with program(tmp_path, port):
        page.goto(f"http://127.0.0.1:{port}")
        page.click("[data-first-open=rocket]")
        page.wait_for_selector("[data-testid=erase]:enabled")
        page.evaluate(TICK, ["telea", "patient"])
        page.click("[data-testid=erase]")
        page.wait_for_selector(".lab-result[data-eraser=telea] [download]:not([aria-disabled])")
        page.wait_for_selector(".lab-result[data-eraser=patient][data-state=running]")
        before = page.evaluate("[eraserLab.photo.id, location.search]")
    page.wait_for_selector("[data-testid=restarting]")
    assert "重新启动" in page.inner_text("[data-testid=restarting]")
    (tmp_path / "go").touch()
    with program(tmp_path, port):
        page.wait_for_selector("[data-testid=go-on]")
        page.wait_for_function("eraserLab.photo && eraserLab.hasMask()")
        assert page.evaluate("[eraserLab.photo.id, location.search]") == before
        assert page.is_hidden("[data-testid=restarting]")
        page.click("[data-testid=go-on]")
        page.wait_for_selector(".lab-result[data-eraser=patient][data-state=done]")
        page.wait_for_selector("[data-testid=zip][href]")
        assert page.is_hidden("[data-testid=go-on]")
        assert page.evaluate("location.search") == before[1]
    assert errors == []
