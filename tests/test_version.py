"""The version stands in one place, and is shown where someone would look for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import app
from examples.report.html import page
from examples.report.markdown import markdown
from examples.report.shapes import PlainReport
from methods import PROGRAM, versions
from ui.page.layout import FOOT

ROOT = Path(__file__).resolve().parent.parent


def test_it_is_three_numbers() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", PROGRAM)


def test_the_page_shows_it_in_its_foot() -> None:
    assert f"Eraser Lab {PROGRAM}" in FOOT


def test_app_says_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        app.parse(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"Eraser Lab {PROGRAM}\n"


def test_reports_show_it() -> None:
    report: PlainReport = {
        "format": 1,
        "title": {"en": "Some cases", "zh": "一些案例"},
        "created": "2026-01-01T00:00:00+00:00",
        "notes": [],
        "seed": 0,
        "seeds": [0],
        "summary": [],
        "cases": [],
        "metrics": {},
        "versions": versions(),
    }
    assert f"Eraser Lab {PROGRAM}" in markdown(report)
    assert f"<p>Eraser Lab {PROGRAM}</p>" in page(report, {})


def test_no_other_file_repeats_it() -> None:
    """Save the changelog, whose newest entry it is."""
    code = [ROOT / "app.py", *(p for h in ("methods", "ui", "examples") for p in
            (ROOT / h).rglob("*.py"))]  # fmt: skip
    holders = [path.name for path in code if f'"{PROGRAM}"' in path.read_text("utf-8")]
    assert holders == ["versions.py"]


def test_the_changelogs_newest_release_is_it() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.findall(r"^## \[(\d[\d.]*)\]", changes, re.MULTILINE)[0] == PROGRAM
