"""What a long table takes: memory while its rows go by, and how long its report takes to open.

    python tests/bench/tables_bench.py [--rows 10000] [--eraser telea]

One small synthetic photo under many names (links to the same file), erased by one eraser through
`examples.tables` as a person would call it. Prints the process's memory at each tenth of the rows,
then the seconds in which headless Chromium opens the report's first page and one from its middle.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import psutil  # noqa: E402

from examples.tables import main as run_table  # noqa: E402
from table_fixtures import put_case  # noqa: E402

BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--eraser", default="telea")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photos, out = Path(folder) / "photos", Path(folder) / "out"
        make_photos(photos, args.rows)
        run(photos, out, args)
        open_pages(out)


def make_photos(folder: Path, rows: int) -> None:
    """The same photo and mask under `rows` names."""
    put_case(folder, "row000000")
    for row in range(1, rows):
        for ending in (".png", "-mask.png"):
            os.link(folder / f"row000000{ending}", folder / f"row{row:06}{ending}")


def run(photos: Path, out: Path, args: argparse.Namespace) -> None:
    """The table in a thread of its own; memory beside it."""
    call = [str(photos), "--erasers", args.eraser, "--quick", "--out", str(out)]
    began, process = time.perf_counter(), psutil.Process()
    lines = Lines()
    with contextlib.redirect_stdout(lines):
        worker = threading.Thread(target=run_table, args=(call,))
        worker.start()
        for tenth in range(1, 11):
            while worker.is_alive() and lines.count < args.rows * tenth // 10:
                time.sleep(0.2)
            memory, seconds = process.memory_info().rss / 1e6, time.perf_counter() - began
            print(f"{lines.count:6} rows  {memory:6.0f} MB  {seconds:6.0f} s", file=sys.stderr)
        worker.join()
    print(f"with its report  {process.memory_info().rss / 1e6:6.0f} MB", file=sys.stderr)


class Lines:
    """Counts the lines of cells that the table says."""

    count = 0

    def write(self, text: str) -> int:
        """As a stream does."""
        self.count += text.startswith("[")
        return len(text)

    def flush(self) -> None:
        """Nothing is held."""


def open_pages(out: Path) -> None:
    """Seconds until each page is loaded, in a fresh tab of headless Chromium."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    pages = [out / "table.html", *sorted(out.glob("table-page-*.html"))]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for file in (pages[0], pages[len(pages) // 2]):
            tab = browser.new_page()
            began = time.perf_counter()
            tab.goto(file.as_uri(), wait_until="load")
            seconds, size = time.perf_counter() - began, file.stat().st_size / 1e6
            print(f"{file.name}: {size:.1f} MB, open after {seconds:.2f} s", file=sys.stderr)
        browser.close()


if __name__ == "__main__":
    main()
