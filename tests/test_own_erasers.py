"""docs/own-erasers.md, followed word by word in a folder of one's own."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_the_ten_minutes_work(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "own-erasers.md").read_text("utf-8")
    walk, _, _ = page.partition("## 3. Kept running")
    folder, said = tmp_path / "erasers", ""
    folder.mkdir()
    for language, file, text in FENCE.findall(walk):
        if language == "sh":
            said = "".join(run(line, folder, tmp_path) for line in text.splitlines())
        elif file:
            (folder / file).write_text(text, encoding="utf-8")
        else:
            for line in text.splitlines():
                assert line in said, (line, said)
    report = (tmp_path / "results" / "settings.json").read_text("utf-8")
    assert report.count('"changed_outside": 0') == 2


def run(line: str, folder: Path, into: Path) -> str:
    """A line of the page with this Python; what it says."""
    words = [sys.executable, *shlex.split(line)[1:]]
    words = [str(into / word) if word == "results" else word for word in words]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {"ERASER_LAB_ERASERS_DIR": str(folder), "ERASER_LAB_WORKERS": "0", "PATH": path}
    own |= {"ERASER_LAB_OFFLINE": "1", "ERASER_LAB_DEVICE": "cpu"}
    done = subprocess.run(
        words, cwd=ROOT, env=os.environ | own, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, (line, done.stdout, done.stderr)
    return done.stdout
