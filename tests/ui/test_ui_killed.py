"""kill -9 of the page in each state of a run: nothing half-written, nobody left, nothing lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image as Pillow

from runner_tools import wait_until
from tiers import COSTLY_ROUNDS
from ui.service.erasing.interrupted import take_up_all
from ui.service.service import Service

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="other signals"),
    pytest.mark.timeout(600),
]

PROGRAM = """
import json, os, signal, sys
from pathlib import Path

from ui.service.service import Service
from worker_fixtures import pool_of
from worker_toys import register


def tell(state, **more):
    print(json.dumps({"page": os.getpid(), "state": state, **more}), flush=True)


def page(folder, eraser, seconds):
    tell("begun")
    service = Service(Path(folder), executor=pool_of())
    photo = service.open_example({"id": "rocket"})["photo"]["id"]
    box = {"points": [], "box": {"x0": 290, "y0": 120, "x1": 350, "y1": 230}, "level": None}
    settings = {"steps": 8, "seconds": seconds} if seconds else {}
    jobs = [
        {"eraser": "light_noise", "settings": {}, "seed": 1},
        {"eraser": eraser, "settings": settings, "seed": 2},
    ]
    order = {"photo": photo, "objects": [box], "dilate": 0, "segmenter": "grabcut", "jobs": jobs}
    run, secret = service.owners.begin()
    for grid in service.erase({**order, "run": run, "secret": secret}):
        cards = grid["cards"]
        tell(
            grid["state"],
            run=grid["run"],
            loading=any(card["state"] == "loading" for card in cards),
            judging=bool(grid.get("judging")),
            done=[place for place, card in enumerate(cards) if card["state"] == "done"],
            kept=[place for place, card in enumerate(cards) if card.get("full")],
        )
    tell("over")
    while True:
        signal.pause()


register()
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who is killed is buried at once
for line in sys.stdin:
    if not os.fork():
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        try:
            page(*json.loads(line))
        finally:
            os._exit(1)
"""
"""It imports once, and is then a new page for every line that it reads."""

STATES: dict[str, Any] = {
    "loading": ("slowload", 0, lambda told: told["loading"]),
    "begun": ("light_patient", 60, lambda told: told["state"] == "running" and not told["done"]),
    "one is done": (
        "light_patient",
        60,
        lambda told: bool(told["kept"]) and told["state"] == "running",
    ),
    "judged": ("light_patient", 0.05, lambda told: told["judging"]),
    "ended": ("light_patient", 0.05, lambda told: told["state"] == "done" and not told["judging"]),
}
"""The second eraser, the seconds that it takes, and by which words the page tells the state."""


Pages = subprocess.Popen[str]


@pytest.fixture(scope="module")
def pages() -> Iterator[Pages]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", PROGRAM], env=environment, **pipes) as program:
        yield program
        program.kill()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def killed_in(state: str, folder: Path, pages: Pages) -> dict[str, Any]:
    """What the page had said last. All of its processes are gone."""
    eraser, seconds, is_it = STATES[state]
    assert pages.stdin is not None and pages.stdout is not None
    pages.stdin.write(json.dumps([str(folder), eraser, seconds]) + "\n")
    pages.stdin.flush()
    said = map(json.loads, pages.stdout)
    page = psutil.Process(next(told["page"] for told in said if told["state"] == "begun"))
    told = next(told for told in _of(page, said) if is_it(told))
    family = page.children(recursive=True)
    page.kill()
    assert family, "its workers were there"
    wait_until(lambda: not any(member.is_running() for member in (page, *family)))
    return told


def _of(page: psutil.Process, said: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What one page says of its run; what others had still to say is passed over."""
    for told in said:
        if told["page"] == page.pid:
            assert told["state"] != "over", "it was never in that state"
            yield told


@pytest.mark.parametrize("again", range(COSTLY_ROUNDS))
@pytest.mark.parametrize("state", STATES)
def test_a_page_that_is_killed_loses_nothing_that_it_had(
    state: str, again: int, folder: Path, pages: Pages
) -> None:
    told = killed_in(state, folder, pages)
    service = Service(folder)
    try:
        assert take_up_all(service.runs) <= 1
        answer = service.open_run({"run": told["run"]})
        run = service.runs.folder / told["run"]
        assert not list(run.rglob("*.part")), "nothing half-written"
        for file in run.rglob("*.png"):
            with Pillow.open(file) as picture:
                picture.load()
        if told["kept"]:
            assert answer["ok"], answer
            cards = answer["grid"]["cards"]
            assert all(cards[place]["state"] == "done" for place in told["kept"])
            assert all(list(run.glob(f"{place}-*.png")) for place in told["kept"])
        assert not answer["ok"] or answer["grid"]["state"] in ("done", "stopped")
    finally:
        service.close()
