"""docs/own-eraser.schema.json, by which editors complete a manifest, says what the program says."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from methods import get_eraser
from own_tools import Own

pytest_plugins = ["own_fixtures"]

jsonschema = pytest.importorskip("jsonschema")

ROOT = Path(__file__).resolve().parents[3]
SOUND = """\
kind = "command"
name = "Mine"
notes = ["One.", { en = "Two.", zh = "二。" }]
paper = { title = "P", url = "https://example.org", year = 2020 }
[command]
run = ["x", "{image}", "{output}", "{settings.a}{settings.b}{settings.c}{settings.d}"]
environment = { A = "b" }
keep = ["HF_TOKEN"]
[pictures]
mask = "alpha"
[canvas]
square = 512
[settings.a]
type = "bool"
default = true
help = "h"
[settings.b]
type = "float"
default = 0.5
min = 0
max = 1
help = "h"
[settings.c]
type = "text"
help = { en = "h" }
[settings.d]
type = "choice"
choices = ["x", "y"]
default = "x"
help = "h"
"""


@pytest.fixture(scope="module")
def schema() -> Any:
    found = json.loads((ROOT / "docs" / "own-eraser.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ('name = "Mine"', 'naem = "Mine"'),
        ("keep = [", "kept = ["),
        ('mask = "alpha"', 'mask = "grene"'),
        ("square = 512", "square = 4"),
        ("square = 512", "squares = 512"),
        ('default = true\nhelp = "h"', 'defualt = true\nhelp = "h"'),
        ("default = true", 'default = "yes"'),
        ('type = "float"', 'type = "real"'),
        ("year = 2020", "year = 20"),
        ("run = [", "runs = ["),
    ],
)
def test_it_takes_and_refuses_what_the_program_does(
    own: Own, schema: Any, old: str, new: str
) -> None:
    text = SOUND.replace(old, new, 1)
    own.put("mine.toml", text)
    why = get_eraser("mine").spec.unavailable
    faults = list(schema.iter_errors(tomllib.loads(text)))
    assert bool(faults) == (why is not None) == bool(new), (faults, str(why))


def test_the_starting_manifest_follows_it_with_every_comment_taken_away(schema: Any) -> None:
    text = (ROOT / "methods/_own/starting/command.toml.txt").read_text("utf-8")
    schema.validate(tomllib.loads(text))
    lines = [line.removeprefix("# ") if " = " in line else line for line in text.splitlines()]
    alone = [line for line in lines if not line.startswith(("whole", "stays"))]
    schema.validate(tomllib.loads("\n".join(alone)))
