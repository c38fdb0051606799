"""What the program holds while many visitors work on large photos, and after many runs.

    python tests/bench/ledger_bench.py                      20 visitors, each with a photo of 50
                                                            megapixels, 16 masks, 4 erasers, a zip
    python tests/bench/ledger_bench.py --soak 200           200 small runs one after the other
    … --soak 200 --minutes 60                               begun evenly over an hour
    … --visitors 4 --megapixels 12 --masks 4 --erasers telea,navier_stokes   a shorter one
    … --workers 0                                           all in one process
    … --no-networks                                         as on a machine without any weights

It starts a page server on a loopback port and prints memory (proportional shares of all its
processes), threads of the page's process, open files and what went wrong. Exit code 1 for errors,
for a peak above --most, or, of a soak, for memory that grows by more than 5 % in its last half, or
threads or files that grow at all.
"""

from __future__ import annotations

import argparse
import io
import os
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import NamedTuple

import httpx
import numpy as np
import psutil
from PIL import Image as Pil

from _servers import free_port, server
from _visitor import Visitor

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 3600.0
GB = 1e9


class Now(NamedTuple):
    """Bytes of all processes, and of the page's alone; threads and files of the page's."""

    memory: int
    page: int
    threads: int
    files: int


class Watch:
    """The server's processes. peak: the most memory so far; closely: whether it is looked for,
    which takes processor time of its own."""

    def __init__(self, port: int, *, closely: bool) -> None:
        listening = (each for each in psutil.net_connections("tcp") if each.status == "LISTEN")
        pid = next(each.pid for each in listening if each.laddr.port == port)
        self._page = psutil.Process(pid)
        self.peak = 0
        self._end = threading.Event()
        if closely:
            threading.Thread(target=self._look_on, daemon=True).start()

    def now(self) -> Now:
        """As it is."""
        page = _memory(self._page)
        memory = page + sum(map(_memory, self._page.children(recursive=True)))
        return Now(memory, page, self._page.num_threads(), self._page.num_fds())

    def close(self) -> None:
        """Look no longer."""
        self._end.set()

    def _look_on(self) -> None:
        while not self._end.wait(0.25):
            with suppress(psutil.Error):
                self.peak = max(self.peak, self.now().memory)


def _memory(process: psutil.Process) -> int:
    """Its share: what several have counts once in all of them together."""
    try:
        found = process.memory_full_info()
        return int(getattr(found, "pss", found.rss))
    except psutil.Error:  # it has just ended
        return 0


@contextmanager
def page(options: argparse.Namespace) -> Iterator[tuple[str, Watch]]:
    """A page server of our own with an empty folder."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "ERASER_LAB_DATA": folder, "GRADIO_TEMP_DIR": f"{folder}/up"}
        if options.workers is not None:
            environment["ERASER_LAB_WORKERS"] = options.workers
        if options.no_networks:
            environment["ERASER_LAB_WEIGHTS"] = f"{folder}/weights"
        command = [sys.executable, str(ROOT / "app.py"), "--port", str(port), "--no-fetch"]
        with server(command, port, environment, ROOT) as url:
            watch = Watch(port, closely=not options.soak)
            try:
                yield url, watch
            finally:
                watch.close()


def photo(megapixels: float, seed: int) -> bytes:
    """A PNG of a few hundred kilobytes: soft colours, unlike those of any other seed."""
    side = max(64, round((megapixels * 1e6 / 0.75) ** 0.5))
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    tile = Pil.fromarray(coarse).resize((side, side * 3 // 4), Pil.Resampling.NEAREST)
    kept = io.BytesIO()
    tile.save(kept, "PNG", compress_level=1)
    return kept.getvalue()


def stroke(megapixels: float, number: int) -> list[dict[str, object]]:
    """One that takes a fifth of a side."""
    side = (megapixels * 1e6) ** 0.5
    x, y = side * 0.3 + number, side * 0.3
    return [{"points": [[x, y], [x + side / 8, y + side / 8]], "width": side / 30, "erase": False}]


def visit(visitor: Visitor, options: argparse.Namespace, number: int) -> None:
    """A photo, masks of it, a run, its zip. Raises for whatever goes wrong."""
    opened = visitor.open(photo(options.megapixels, number), f"{number}.png")
    shape = {"dilate": 40, "smooth": 20, "precision": 0.4, "fill_holes": True}
    with ThreadPoolExecutor(4) as hands:
        asked = [
            {"photo": opened, "strokes": stroke(options.megapixels, n), "shape": shape}
            for n in range(options.masks)
        ]
        list(hands.map(lambda each: visitor.ask("mask", each), asked))
    jobs = [{"eraser": name, "settings": {}, "seed": 0} for name in options.erasers.split(",")]
    grid = visitor.erase(opened, jobs, stroke(options.megapixels, 0))
    with visitor.http.stream("GET", f"/{grid['zip']}") as zipped:
        zipped.raise_for_status()
        for _ in zipped.iter_bytes(2**20):
            pass


def told(action: Callable[[], None], name: str) -> str:
    """What went wrong, "" for nothing."""
    try:
        action()
    except (RuntimeError, httpx.HTTPError) as error:
        return f"{name}: {error}"
    return ""


def crowd(url: str, watch: Watch, options: argparse.Namespace) -> bool:
    """All visitors at once; whether it was well."""
    config = httpx.get(f"{url}/config", timeout=PATIENCE, trust_env=False).json()
    before, began = watch.now(), time.monotonic()
    visitors = [
        Visitor(url, f"203.0.113.{n + 1}", config, PATIENCE) for n in range(options.visitors)
    ]
    with ThreadPoolExecutor(options.visitors) as pool:
        visits = [
            pool.submit(told, lambda v=v, n=n: visit(v, options, n), f"visitor {n}")  # type: ignore[misc]
            for n, v in enumerate(visitors)
        ]
        while wait(visits, 60).not_done:
            passed, done = (time.monotonic() - began) / 60, sum(each.done() for each in visits)
            print(
                f"{passed:5.1f} min: {done} are done, at most {watch.peak / GB:.2f} GB", flush=True
            )
        wrong = [said for each in visits if (said := each.result())]
    after = watch.now()
    print(
        f"{options.visitors} visitors, {options.megapixels:g} megapixels, {options.masks} masks,"
        f" {options.erasers}: {time.monotonic() - began:.0f} s, {len(wrong)} errors"
    )
    print(*wrong, sep="\n")
    print(f"memory: {before.memory / GB:.2f} GB before, {watch.peak / GB:.2f} GB at most,"
          f" {after.memory / GB:.2f} GB after")  # fmt: skip
    return not wrong and watch.peak < options.most * GB


def soak(url: str, watch: Watch, options: argparse.Namespace) -> bool:
    """Runs one after the other; whether nothing grows."""
    config = httpx.get(f"{url}/config", timeout=PATIENCE, trust_env=False).json()
    seen: list[Now] = []
    began, told_at = time.monotonic(), -60.0
    for number in range(options.soak):
        _wait_until(began + number * options.minutes * 60 / options.soak)
        if wrong := _soaked(url, config, options, number):
            print(wrong)
            return False
        seen.append(watch.now())
        passed = time.monotonic() - began
        if passed - told_at >= 60:
            told_at = passed
            print(f"{passed / 60:5.1f} min, {_line(number + 1, seen[-1])}", flush=True)
    return _flat(seen)


def _wait_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def _soaked(url: str, config: dict[str, object], options: argparse.Namespace, number: int) -> str:
    """A run by a visitor who was never here; what went wrong."""
    visitor = Visitor(url, f"203.0.{number // 250}.{number % 250 + 1}", config, PATIENCE)
    seed = secrets.randbelow(2**31)
    try:
        return told(lambda: visit(visitor, options, seed), f"run {number}")
    finally:
        visitor.http.close()


def _line(number: int, now: Now) -> str:
    return (
        f"after {number:4d} runs: {now.memory / 1e6:6.0f} MB (the page {now.page / 1e6:.0f}),"
        f" {now.threads:3d} threads, {now.files:3d} files"
    )


def _flat(seen: Sequence[Now]) -> bool:
    half = seen[len(seen) // 2 :]
    third, fourth = half[: len(half) // 2 or 1], half[len(half) // 2 :]
    grown = median(n.memory for n in fourth) / median(n.memory for n in third) - 1
    threads = median(n.threads for n in fourth) - median(n.threads for n in third)
    files = median(n.files for n in fourth) - median(n.files for n in third)
    print(_line(len(seen), seen[-1]))
    print(f"in the last half: memory {grown:+.1%}, threads {threads:+g}, files {files:+g}")
    return grown <= 0.05 and threads <= 0 and files <= 0


def main() -> int:
    about, _, _ = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--megapixels", type=float, help="of a photo; 50, in a soak 1")
    parser.add_argument("--masks", type=int, help="16, in a soak 1")
    parser.add_argument("--erasers", default="telea,navier_stokes,patchmatch,migan")
    parser.add_argument("--soak", type=int, default=0, metavar="RUNS")
    parser.add_argument("--minutes", type=float, default=0, help="over which a soak is spread")
    parser.add_argument("--workers", help="ERASER_LAB_WORKERS of the server")
    parser.add_argument("--no-networks", action="store_true", help="nothing that needs weights")
    parser.add_argument("--most", type=float, default=6.0, help="gigabytes at the peak")
    options = parser.parse_args()
    options.megapixels = options.megapixels or (1.0 if options.soak else 50.0)
    options.masks = options.masks if options.masks is not None else (1 if options.soak else 16)
    with page(options) as (url, watch):
        well = (soak if options.soak else crowd)(url, watch, options)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
