"""What of a list of requirements is installed."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from methods._system.requirements import REQUIREMENTS, unmet_requirements


def test_each_line_that_is_not_met_is_told_with_what_is_there(tmp_path: Path) -> None:
    found = version("numpy")
    file = tmp_path / "requirements.txt"
    file.write_text(
        "# a remark\n"
        "numpy>=1  # met\n"
        "numpy>=999\n"
        "no-such-package>=1,<2\n"
        'no-such-package; python_version < "3"\n'
        "-r other.txt\n"
    )
    assert unmet_requirements(file) == (
        f"numpy>=999 ({found} is installed)",
        "no-such-package>=1,<2 (not installed)",
    )


def test_a_place_without_a_list_asks_for_nothing(tmp_path: Path) -> None:
    assert unmet_requirements(tmp_path / "requirements.txt") == ()


def test_the_programs_own_list_is_the_one_that_is_read() -> None:
    assert "torch" in REQUIREMENTS.read_text("utf-8") and unmet_requirements() == ()
