"""The owner's folder: what is found there, and that a file that is wrong costs its own card."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest

from methods import BadInput, Job, Unavailable, broken_erasers, get_eraser, list_erasers
from methods._own.folder import own_folder, use_own_folder
from methods._own.reloading import stamp
from methods._own.template import filled, names_in
from own_tools import Own
from ui.door.reloading import reloading
from ui.service.choices.catalog import describe_erasers

pytest_plugins = ["own_fixtures"]

SOUND = """\
kind = "command"
[command]
run = ["x", "{image}", "{output}"]
"""
PYTHON_FILE = """
    from methods._base import Eraser, EraserSpec, Paper, Settings, Text, setting

    class MineSettings(Settings):
        radius: int = setting(3, "setting.mine.radius", ge=1, le=9)

    class Mine(Eraser):
        spec = EraserSpec(
            id="mine", name="Mine", summary=Text("eraser.mine.summary"), license="MIT",
            paper=Paper("t", "https://example.org", 2020), learned=False, seeded=False,
            devices=("cpu",), holds_device=False, default=True, rank=1,
        )
        Settings = MineSettings
        def load(self, device, dtype): pass
        def unload(self): pass
        def erase(self, image, mask, settings, seed, progress):
            return image * 0 + 7
"""


def why(eraser_id: str) -> str:
    found = get_eraser(eraser_id).spec.unavailable
    return "" if found is None else found.en


def test_it_is_in_the_data_folder_unless_it_is_named(
    monkeypatch: pytest.MonkeyPatch, data_dir: Path, tmp_path: Path
) -> None:
    monkeypatch.delenv("ERASER_LAB_ERASERS_DIR", raising=False)
    assert own_folder() == data_dir / "erasers"
    monkeypatch.setenv("ERASER_LAB_ERASERS_DIR", "before")
    use_own_folder(str(tmp_path))
    assert own_folder() == tmp_path
    with pytest.raises(BadInput, match=r"no folder.*--erasers-dir"):
        use_own_folder(str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("x.toml", "kind = ", r"x\.toml, line 1: this is no TOML"),
        ("x.toml", "name = 'n'", "“kind” is missing"),
        ("x.toml", "kind = 'comand'", "did you mean “command”"),
        ("x.toml", f"naem = 'n'\n{SOUND}", r"line 1: there is no “naem” here; did you mean “name”"),
        ("x.toml", f"{SOUND}fodler = '.'", r"line 4: .*“fodler”.*“folder”"),
        ("x.toml", f"{SOUND}seconds = -1", r"line 4: “command\.seconds”"),
        ("x.toml", SOUND.replace("run", "words"), r"line 3: .*“words”"),
        ("x.toml", SOUND.replace("run", "runs"), r"line 3: .*“runs”.*“run”"),
        ("x.toml", 'kind = "command"\n[command]\nseconds = 3', "“run” is missing"),
        ("x.toml", SOUND.replace("{image}", "{imgae}"), r"line 3: .*“imgae”.*“image”"),
        ("x.toml", SOUND.replace("{image}", "{settings.n}"), r"line 3: .*“settings\.n”"),
        ("x.toml", SOUND.replace("{output}", "o"), "must name {image} and {output}"),
        ("x.toml", f"{SOUND}[canvas]\nsquare = 8\narea = 64", r"line 4: give at most one"),
        (
            "x.toml",
            f"{SOUND}[settings.n]\ntype = 'int'\nmin = 1\nmax = 3\nhelp = 'h'\ndefualt = 2",
            r"line 9: .*“defualt”.*“default”",
        ),
        (
            "x.toml",
            f"{SOUND}[settings.n]\ntype = 'int'\nmin = 1\nmax = 3\nhelp = 'h'\ndefault = 9",
            r"line 9: “settings\.n\.default”",
        ),
        (
            "x.toml",
            f"{SOUND}[settings.seamless]\ntype = 'bool'\ndefault = true\nhelp = 'h'",
            "line",
        ),
        ("x.py", "a = 1\nimport no_such_thing", r"x\.py, line 2: .*no_such_thing"),
        ("x.py", "a = 1\nb = (", r"x\.py, line 2: .*SyntaxError"),
        ("x.py", "raise SystemExit(3)", r"x\.py, line 1: .*SystemExit"),
        ("x.py", "a = 1", "found none"),
    ],
)
def test_a_file_that_is_wrong_has_a_card_that_says_why(
    own: Own, name: str, text: str, reason: str
) -> None:
    own.put("sound.toml", SOUND)
    own.put(name, text)
    specs = {spec.id: spec for spec in list_erasers()}
    assert specs["sound"].unavailable is None
    assert "telea" in specs
    assert not broken_erasers()
    assert re.search(reason, why("x")), why("x")
    with pytest.raises(Unavailable, match=r"x\.(toml|py) cannot be run here"):
        get_eraser("x")().load("cpu", None)


def test_a_name_that_cannot_be_an_id_has_a_card_all_the_same(own: Own) -> None:
    own.put("telea.toml", SOUND)
    own.put("My Method.toml", SOUND)
    assert get_eraser("telea").__module__ == "methods.telea"
    assert "an eraser called telea" in why("own_telea_toml")
    assert "rename it" in why("own_my_method_toml")
    for spec in list_erasers():
        assert Job.from_plain({"eraser": spec.id, "settings": {}, "seed": 0})


def test_hidden_files_and_programs_of_manifests_are_no_erasers(own: Own) -> None:
    for name in (".x.toml", "_x.py", "run.py", "sound.py", "notes.txt"):
        own.put(name, "")
    own.put("sound.toml", SOUND.replace('"x"', '"run.py"'))
    assert [spec.id for spec in list_erasers() if spec.version] == ["sound"]


def test_the_cards_have_its_controls_and_words(own: Own) -> None:
    own.put(
        "mine.toml",
        'name = "My method"\nlicense = "CC-BY-NC-4.0"\nnon_commercial = true\n'
        'summary = {en = "Fills.", zh = "填补。"}\nnotes = ["Slow."]\n'
        'paper = {title = "P", url = "https://example.org/p", year = 2024}\n'
        + SOUND
        + """
[settings.steps]
type = "int"
default = 20
min = 1
max = 100
help = {en = "Steps.", zh = "步数。"}
[settings.prompt]
type = "text"
max_length = 40
help = "Words."
[settings.mode]
type = "choice"
choices = ["fast", "good"]
default = "good"
help = "How."
[settings.share]
type = "float"
default = 0.5
min = 0
max = 1
help = "Share."
[settings.wide]
type = "bool"
default = false
help = "Wide."
""",
    )
    entry = next(entry for entry in describe_erasers() if entry["id"] == "mine")
    assert (entry["name"], entry["summary"]["zh"]) == ("My method", "填补。")
    assert entry["non_commercial"] and entry["license"] == "CC-BY-NC-4.0"
    assert entry["paper"]["year"] == 2024
    assert entry["notes"][0]["en"] == "Slow."
    assert "mine.toml" in entry["notes"][-1]["en"]
    controls = {each["name"]: each for each in entry["settings"]}
    assert controls["steps"]["description"] == {"en": "Steps.", "zh": "步数。"}
    assert (controls["steps"]["min"], controls["steps"]["max"]) == (1, 100)
    assert controls["prompt"]["max_length"] == 40
    assert controls["prompt"]["description"]["zh"] == "Words."  # English speaks for it
    assert controls["mode"]["choices"] == ["fast", "good"]
    assert [controls[n]["kind"] for n in ("share", "wide")] == ["float", "bool"]


def test_a_python_file_is_an_eraser_like_ours(own: Own) -> None:
    own.put("mine.py", PYTHON_FILE)
    own.put("locales/en.po", 'msgid "eraser.mine.summary"\nmsgstr "Mine alone."\n')
    eraser = get_eraser("mine")
    assert eraser.spec.summary.said("zh") == "Mine alone."
    assert not eraser.spec.default  # nor does it come first: the page's choice stays its own
    assert list_erasers()[0].id != "mine"


def test_places_are_filled_each_in_itself() -> None:
    values = {"a": "x y; $(z) {b}", "b": "2"}
    assert filled("{a}={b}", values) == "x y; $(z) {b}=2"
    assert filled("{{a}} { a }", values) == "{a} x y; $(z) {b}"
    assert list(names_in("{{a}}{b}-{a}")) == ["b", "a"]


def test_a_signal_has_a_running_page_look_again(own: Own) -> None:
    assert "later" not in [spec.id for spec in list_erasers()]
    (own.folder / "later.toml").write_text(SOUND, encoding="utf-8")
    assert "later" not in [spec.id for spec in list_erasers()]
    with reloading():
        os.kill(os.getpid(), signal.SIGHUP)
        until = time.monotonic() + 20
        while not stamp() and time.monotonic() < until:
            time.sleep(0.01)
    assert "later" in [spec.id for spec in list_erasers()]
