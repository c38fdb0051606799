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
import json, sys
from pathlib import Path

from ui.service.service import Service
from worker_fixtures import pool_of
from worker_toys import register

register()
folder, eraser, seconds = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
service = Service(folder, executor=pool_of())
photo = service.open_example({"id": "rocket"})["photo"]["id"]
box = {"points": [], "box": {"x0": 290, "y0": 120, "x1": 350, "y1": 230}, "level": None}
jobs = [
    {"eraser": "light_noise", "settings": {}, "seed": 1},
    {"eraser": eraser, "settings": {"steps": 8, "seconds": seconds} if seconds else {}, "seed": 2},
]
order = {"photo": photo, "objects": [box], "dilate": 0, "segmenter": "grabcut", "jobs": jobs}
run, secret = service.owners.begin()
for grid in service.erase({**order, "run": run, "secret": secret}):
    cards = grid["cards"]
    print(json.dumps({
        "run": grid["run"],
        "state": grid["state"],
        "loading": any(card["state"] == "loading" for card in cards),
        "judging": bool(grid.get("judging")),
        "done": [place for place, card in enumerate(cards) if card["state"] == "done"],
        "kept": [place for place, card in enumerate(cards) if card.get("full")],
    }), flush=True)
print("{}", flush=True)
sys.stdin.read()
"""

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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def killed_in(state: str, folder: Path) -> dict[str, Any]:
    """What the page had said last. All of its processes are gone."""
    eraser, seconds, is_it = STATES[state]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", PROGRAM, str(folder), eraser, str(seconds)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, **pipes) as page:
        assert page.stdout is not None
        told = next(filter(is_it, _told(page.stdout)), None)
        assert told is not None, f"it was never {state}"
        family = psutil.Process(page.pid).children(recursive=True)
        page.kill()
    assert family, "its workers were there"
    wait_until(lambda: not any(member.is_running() for member in family))
    return told


def _told(lines: Any) -> Iterator[dict[str, Any]]:
    for line in lines:
        if not (told := json.loads(line)):
            return
        yield told


@pytest.mark.parametrize("again", range(COSTLY_ROUNDS))
@pytest.mark.parametrize("state", STATES)
def test_a_page_that_is_killed_loses_nothing_that_it_had(
    state: str, again: int, folder: Path
) -> None:
    told = killed_in(state, folder)
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
