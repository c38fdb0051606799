"""docs/adding-an-eraser.md, followed word by word in a copy of the tree."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "adding-an-eraser.md"
FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
COPIED = ("methods", "segmentation", "ui", "docs", "tests/support", "examples")
FILES = ("app.py", "pyproject.toml", "tests/conftest.py", "examples/rocket.jpg")


class Block(NamedTuple):
    """A fenced block: its language, the file that it is, its text."""

    language: str
    file: str
    text: str


@pytest.mark.slow
def test_the_walk_works(tmp_path: Path) -> None:
    copy_tree(tmp_path)
    said = ""
    for block in map(Block._make, FENCE.findall(PAGE.read_text("utf-8"))):
        if block.language == "python":
            (tmp_path / block.file).write_text(block.text, encoding="utf-8")
        elif block.language == "po":
            with (tmp_path / block.file).open("a", encoding="utf-8") as catalogue:
                catalogue.write(f"\n{block.text}")
        elif block.language == "sh":
            said = "".join(run_lines(block.text, tmp_path))
        else:
            assert block.language == "text"
            for line in block.text.splitlines():
                assert line in said, (line, said)
    assert (tmp_path / "results" / "biharmonic.jpg").is_file()
    assert '"changed_outside": 0' in (tmp_path / "results/settings.json").read_text("utf-8")


def copy_tree(target: Path) -> None:
    """What the walk needs of the tree: the program, not its pictures."""
    no = shutil.ignore_patterns("__pycache__", "*.jpg", "*.png", "*.pyi", ".*")
    for folder in COPIED:
        shutil.copytree(ROOT / folder, target / folder, ignore=no)
    (target / "tests" / "methods").mkdir()
    for file in FILES:
        shutil.copy(ROOT / file, target / file)


def run_lines(commands: str, folder: Path) -> Iterator[str]:
    """Run each line there with this Python; what it says."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    environment |= {"ERASER_LAB_OFFLINE": "1", "ERASER_LAB_DEVICE": "cpu"}
    for line in commands.splitlines():
        program, *words = shlex.split(line)
        start = [sys.executable] if program == "python" else [sys.executable, "-m", program]
        done = subprocess.run(
            [*start, *words],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        yield done.stdout
