"""What seeing in a process of its own costs and wins: python tests/bench/seeing_bench.py [PART …]

page     the page's start until it answers, its CPU and its memory, with and without workers
clicks   clicks on a photo while nothing else happens, and while other photos are looked at
erasing  clicks while nothing else happens, and while others erase: at most three times as long,
         of nine clicks in ten (exit code 1)
back     from a kill of the process that sees until the next click is answered

Needs MobileSAM's weights. The seconds of `page` mean something on a quiet machine only; its CPU
seconds are those of all its threads.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import psutil

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/support")]

from methods import Image, InProcess, Job, Started, StopToken, load_image, make_executor  # noqa: E402
from ports import own_port  # noqa: E402
from segmentation import PromptedObject, Selection  # noqa: E402
from ui.service.helper.seeing import Seeing  # noqa: E402
from ui.service.selections.select import Question, Selecting  # noqa: E402
from ui.service.service import Service  # noqa: E402

MODES = ("0", "auto")
"""Of ERASER_LAB_WORKERS."""

STARTS = 2
CLICKS = 12
OTHERS = 4
"""Photos that are looked at while somebody clicks."""

ROUNDS = 4
"""Of clicks without and with others who erase, by turns, since the machine may do more besides."""

MOST_TIMES = 3.0
ERASING = ("patchmatch", "telea", "migan")

MIB = 2**20


def say(*cells: object) -> None:
    print("  ".join(f"{cell:<24}" for cell in cells), flush=True)


# --- the page ----------------------------------------------------------------------------------


def page() -> None:
    say("workers", "seconds to an answer", "CPU seconds of its own", "MiB after 15 s")
    for mode in MODES:
        found = [_started(mode) for _ in range(STARTS)]
        seconds, cpu, memory = (min(each) for each in zip(*found, strict=True))
        say(mode, f"{seconds:.2f}", f"{cpu:.2f}", f"{memory / MIB:.0f}", f"load {load()}")


def _started(mode: str) -> tuple[float, float, int]:
    with tempfile.TemporaryDirectory() as folder:
        port, start = own_port(), time.perf_counter()
        environment = {**os.environ, "ERASER_LAB_WORKERS": mode, "ERASER_LAB_DATA": folder}
        command = [sys.executable, str(ROOT / "app.py"), "--port", str(port), "--no-fetch"]
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as program:
            _answer(f"http://127.0.0.1:{port}/")
            seconds, process = time.perf_counter() - start, psutil.Process(program.pid)
            times = process.cpu_times()
            time.sleep(15)  # whatever is loaded ahead of the first click
            memory = process.memory_info().rss
            program.send_signal(signal.SIGINT)
        return seconds, times.user + times.system, memory


def _answer(address: str) -> None:
    while True:
        with suppress(OSError, urllib.error.URLError):
            urllib.request.urlopen(address).read()
            return
        time.sleep(0.01)


def load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


# --- clicks ------------------------------------------------------------------------------------


@contextmanager
def service_of(mode: str) -> Iterator[Service]:
    os.environ["ERASER_LAB_WORKERS"] = mode
    with tempfile.TemporaryDirectory() as folder:
        made = Service(Path(folder), executor=make_executor() if mode != "0" else InProcess())
        yield made
        made.close()


def photo(number: int) -> Image:
    """The rocket, a little different each time, and not so large that clicks look closer."""
    image = cv2.resize(load_image(ROOT / "examples/rocket.jpg").rgb, (1400, 1050))
    return np.roll(image, number, axis=1)


def question(image: Image, key: str, x: float) -> Question:
    thing = PromptedObject.model_validate({"points": [{"x": x, "y": 420}]})
    selection = Selection(objects=(thing,), segmenter="mobile_sam")
    return Question(key, image.shape[:2], lambda: image, selection)


def clicks() -> None:
    say("workers", "click, median and most", "the same beside encodes", "an encode, median")
    for mode in MODES:
        with service_of(mode) as service:
            image, selecting = photo(0), service.selecting
            selecting.select(question(image, "first", 600), 1024)
            quiet = _clicks(selecting, image, 640)
            encodes: list[float] = []
            busy = threading.Thread(target=_look_at_others, args=(selecting, encodes))
            busy.start()
            beside = _clicks(selecting, image, 700, busy)
            busy.join()
            row = [f"{1000 * median(s):.0f} / {1000 * max(s):.0f} ms" for s in (quiet, beside)]
            say(mode, *row, f"{median(encodes):.2f} s", f"load {load()}")


def _clicks(
    selecting: Selecting, image: Image, start: int, while_: threading.Thread | None = None
) -> list[float]:
    """Seconds of each, at other places, so that none is remembered."""
    found: list[float] = []
    while len(found) < CLICKS or (while_ is not None and while_.is_alive()):
        begin = time.perf_counter()
        selecting.select(question(image, "first", start + len(found) / 7), 1024)
        found.append(time.perf_counter() - begin)
    return found


def _look_at_others(selecting: Selecting, seconds: list[float]) -> None:
    for number in range(1, OTHERS + 1):
        begin = time.perf_counter()
        selecting.eyes.encode(f"other {number}", partial(photo, number), "mobile_sam")
        seconds.append(time.perf_counter() - begin)


def erasing() -> None:
    """With workers: without them a click and an eraser share one process."""
    with service_of("auto") as service:
        image, selecting = photo(0), service.selecting
        selecting.select(question(image, "first", 600), 1024)
        quiet: list[float] = []
        beside: list[float] = []
        for number in range(ROUNDS):
            quiet += _clicks(selecting, image, 640 + 20 * number)
            with others_who_erase(service, image):
                beside += _clicks(selecting, image, 740 + 20 * number)
    say("clicks", "median", "nine in ten below")
    for name, seconds in (("alone", quiet), ("others erase", beside)):
        say(name, f"{1000 * median(seconds):.0f} ms", f"{1000 * ninth(seconds):.0f} ms")
    times = ninth(beside) / ninth(quiet)
    say("", f"{median(beside) / median(quiet):.2f} times", f"{times:.2f} times", f"load {load()}")
    if times > MOST_TIMES:
        sys.exit(1)


def ninth(seconds: list[float]) -> float:
    return sorted(seconds)[int(0.9 * len(seconds))]


@contextmanager
def others_who_erase(service: Service, image: Image) -> Iterator[None]:
    """Two visitors, run after run."""
    token, begun = StopToken(), threading.Event()
    threads = [
        threading.Thread(target=_erase, args=(service, image, f"visitor {n}", token, begun))
        for n in range(2)
    ]
    for thread in threads:
        thread.start()
    begun.wait()
    try:
        yield
    finally:
        token.stop()
        for thread in threads:
            thread.join()


def _erase(
    service: Service, image: Image, visitor: str, token: StopToken, begun: threading.Event
) -> None:
    mask = np.zeros(image.shape[:2], np.bool_)
    mask[400:640, 500:800] = True
    for seed in range(1000):
        jobs = [Job(name, seed=seed) for name in ERASING]
        for event in service._executor.run(jobs, image, mask, token=token, visitor=visitor):
            if isinstance(event, Started):
                begun.set()
        if token.stopped:
            return


# --- after a kill ------------------------------------------------------------------------------


def back() -> None:
    with service_of("auto") as service:
        image, selecting = photo(0), service.selecting
        assert isinstance(selecting.eyes, Seeing)
        for number in range(3):
            selecting.select(question(image, "first", 640 + number), 1024)
            os.kill(selecting.eyes._helper.pid, signal.SIGKILL)
            begin = time.perf_counter()
            selecting.select(question(image, "first", 660 + number), 1024)
            say("back after a kill", f"{time.perf_counter() - begin:.2f} s", f"load {load()}")


PARTS = {"page": page, "clicks": clicks, "erasing": erasing, "back": back}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
