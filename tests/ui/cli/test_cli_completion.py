"""Words that a shell completes, as bash itself sees them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ui.cli.commands import make_parser
from ui.cli.completion import COMMAND, script

BASH = shutil.which("bash")
ASK = """
COMP_WORDS=(eraser-lab "$@")
COMP_CWORD=$#
_shtab_eraser_lab
printf '%s\\n' "${COMPREPLY[@]}"
"""

needs_bash = pytest.mark.skipif(BASH is None, reason="needs bash")


def bash(lines: str, *words: str, cwd: Path | None = None) -> str:
    done = subprocess.run(
        ["bash", "--norc", "-c", script("bash", make_parser(COMMAND)) + lines, "bash", *words],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=cwd,
    )
    assert done.stderr == ""
    return done.stdout.strip()


@needs_bash
@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (("er",), "erase"),
        (("erase", "--negat"), "--negative-box"),
        (("erase", "--erasers", "patchm"), "patchmatch"),
        (("erase", "--erasers", "patchmatch,tel"), "patchmatch,telea"),
        (("erase", "--segmenter", "mobile"), "mobile_sam"),
        (("erase", "--judge", "f"), "full"),
        (("fetch", "lpi"), "lpips"),
    ],
)
def test_bash_completes_commands_options_and_ids(words: tuple[str, ...], completed: str) -> None:
    assert bash(ASK, *words) == completed


@needs_bash
def test_bash_completes_files(tmp_path: Path) -> None:
    (tmp_path / "garden.png").touch()
    assert bash(ASK, "erase", "photo.jpg", "--mask", "gard", cwd=tmp_path) == "garden.png"


@needs_bash
@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell's function")
def test_the_short_command_works_in_any_folder(tmp_path: Path) -> None:
    assert bash("\neraser-lab --version", cwd=tmp_path).startswith("Eraser Lab ")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_a_script_of_their_own(shell: str) -> None:
    made = script(shell, make_parser(COMMAND))
    assert "eraser-lab" in made
    assert "--negative-box" in made or "negative-box" in made
    assert "patchmatch" in made


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish here")
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("erase --negative-b", "--negative-box"),
        ("fetch patchm", "patchmatch"),
        ("erase photo.jpg --erasers telea,patchm", "telea,patchmatch"),
    ],
)
def test_fish_completes(typed: str, completed: str) -> None:
    asked = f"source (echo $argv[1] | psub); complete -C 'eraser-lab {typed}'"
    call = ["fish", "--no-config", "-c", asked, script("fish", make_parser(COMMAND))]
    said = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    assert said.split("\t")[0].strip() == completed
