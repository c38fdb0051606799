"""`python -m methods check` of commands: how their calls end that do not end well."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from textwrap import dedent

import pytest

from methods import OWN_CLIENT, get_eraser
from own_tools import SCRIPT, Own, gone, marked
from ui.cli.__main__ import main
from ui.cli.own.check import small_photo, two_masks
from ui.cli.own.ends import of_ends
from ui.cli.own.finding import Finding

pytest_plugins = ["own_fixtures"]

Ends = Callable[..., dict[str, Finding]]

PYTHON_FILE = OWN_CLIENT.with_name("file.py.txt")
MEMORY = "seeded = false\nmemory_gb = 0.005"
TRIED = {
    *("file", "load", "size", "mask", "outside", "seed"),
    *("stop", "time-out", "bad files", "again"),
    *("run", "memory"),
}


@pytest.fixture
def ends(own: Own) -> Ends:
    """What is found of the ends of an eraser's calls, by what it is about."""
    image, mask = small_photo(), two_masks()[0]

    def found(name: str) -> dict[str, Finding]:
        kind = get_eraser(name)
        eraser = kind()
        eraser.load("cpu", None)
        try:
            return {each.about: each for each in of_ends(eraser, image, mask, kind.Settings())}
        finally:
            eraser.unload()
            assert gone(own.script(name))

    return found


@pytest.mark.slow
def test_a_sound_command_keeps_all_of_the_contract(
    own: Own, capsys: pytest.CaptureFixture[str]
) -> None:
    own.command("mine", SCRIPT, "seeded = false")
    code = main(["check", "mine", "--json"])
    found = {each["about"]: each for each in json.loads(capsys.readouterr().out)}
    assert code == 0
    assert "wrong" not in {each["verdict"] for each in found.values()}, found
    assert set(found) == TRIED
    assert "UnidentifiedImageError" not in found["bad files"]["text"]
    assert "exit code 1" in found["bad files"]["text"]


@pytest.mark.slow
def test_a_sound_kept_command_does_so_too(own: Own, capsys: pytest.CaptureFixture[str]) -> None:
    own.kept("mine", "time.sleep(.4)")
    code = main(["check", "mine", "--json"])
    found = {each["about"]: each for each in json.loads(capsys.readouterr().out)}
    assert code == 0 and "wrong" not in {each["verdict"] for each in found.values()}, found
    assert "UnidentifiedImageError" in found["bad files"]["text"]
    assert "ended with all" in found["time-out"]["text"]


def test_one_that_takes_its_time_is_ended_when_that_is_over(own: Own, ends: Ends) -> None:
    mark = f"mark-{os.getpid()}-late"
    own.command(
        "mine",
        f"""
        import signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)", "{mark}"],
                         start_new_session=True)
        if open(sys.argv[1], "rb").read(4)[1:] != b"PNG":
            sys.exit("no picture")
        time.sleep(300)
        """,
    )
    found = ends("mine")
    assert found["stop"].verdict != "wrong" and "heard" in found["stop"].text
    assert found["time-out"].verdict != "wrong" and "ended with all" in found["time-out"].text
    assert (found["bad files"].verdict, "exit code 1" in found["bad files"].text) == ("ok", True)
    assert not marked(mark)


def test_one_that_gives_a_picture_for_no_picture_is_told_of(own: Own, ends: Ends) -> None:
    own.command(
        "mine",
        """
        import sys
        from PIL import Image
        try:
            picture = Image.open(sys.argv[1])
        except Exception:
            picture = Image.new("RGB", (64, 48))
        picture.save(sys.argv[3])
        """,
    )
    assert ends("mine")["bad files"].verdict == "wrong"


def test_a_python_file_that_hears_no_stop_is_told_of(own: Own, ends: Ends) -> None:
    text = PYTHON_FILE.read_text("utf-8").replace('"NAME"', '"mine"')
    slow = text.replace("        progress(1, 1)\n", "        import time; time.sleep(1.5)\n")
    own.put("mine.py", slow)
    found = ends("mine")
    assert set(found) == {"stop"}  # it has no limit of time and is given no files
    assert (found["stop"].verdict, "after Stop" in found["stop"].text) == ("note", True)


@pytest.mark.parametrize(
    ("old", "new", "about", "words"),
    [
        ("np.where(mask[..., None], filled, image)", "filled", "outside", "100%"),
        ("default_rng(seed)", "default_rng()", "seed", "cannot be repeated"),
    ],
)
def test_what_is_allowed_and_should_be_known_is_a_note(
    own: Own, capsys: pytest.CaptureFixture[str], old: str, new: str, about: str, words: str
) -> None:
    text = PYTHON_FILE.read_text("utf-8").replace('"NAME"', '"mine"')
    assert old in text
    own.put("mine.py", text.replace(old, new))
    assert main(["check", "mine", "--json"]) == 0
    found = {each["about"]: each for each in json.loads(capsys.readouterr().out)}
    assert (found[about]["verdict"], words in found[about]["text"]) == ("note", True), found[about]


@pytest.mark.slow
def test_more_memory_than_it_declares_is_told(own: Own, capsys: pytest.CaptureFixture[str]) -> None:
    """Its Python alone takes more than 5 MB."""
    own.command("mine", f"import time\n{dedent(SCRIPT)}\ntime.sleep(.6)", MEMORY)
    assert main(["check", "mine", "--json"]) == 1
    found = {each["about"]: each for each in json.loads(capsys.readouterr().out)}
    assert found["memory"]["verdict"] == "wrong"
    assert "are declared" in found["memory"]["text"]


def test_an_error_of_a_python_file_has_its_line(
    own: Own, capsys: pytest.CaptureFixture[str]
) -> None:
    text = PYTHON_FILE.read_text("utf-8").replace('"NAME"', '"mine"')
    own.put("mine.py", text.replace("progress(1, 1)", "seed[3]"))
    line = next(n for n, each in enumerate(text.splitlines(), 1) if "progress(1, 1)" in each)
    assert main(["check", "mine"]) == 1
    assert f"(mine.py, line {line})" in capsys.readouterr().out
