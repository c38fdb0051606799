"""A folder of results on the command line: begun, checked, reloaded, and refused as an eraser."""

from __future__ import annotations

from pathlib import Path

import pytest

from methods import png_bytes
from own_tools import Own
from table_fixtures import scene
from ui.cli.__main__ import main

pytest_plugins = ["own_fixtures"]


def test_it_is_begun_and_checked(own: Own, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "results", "paper"]) == 0
    assert (own.folder / "paper").is_dir()
    own.put("_nothing", "")  # so that the folder is looked at again
    assert main(["check", "paper"]) == 1
    assert "it holds 0 pictures" in capsys.readouterr().out
    (own.folder / "paper" / "one.png").write_bytes(png_bytes(scene()))
    assert main(["check", "paper"]) == 0
    assert "results are called ROW.png" in capsys.readouterr().out
    assert main(["reload"]) == 0
    assert "paper: results, for tables" in capsys.readouterr().out


def test_check_says_what_is_wrong(own: Own, capsys: pytest.CaptureFixture[str]) -> None:
    own.put("paper.toml", 'kind = "results"\n[results]\nfolder = "nowhere"\npatern = "{row}"')
    assert main(["check", "paper"]) == 1
    assert "line 4: " in capsys.readouterr().out
    own.put("paper.toml", 'kind = "results"\n[results]\nfolder = "nowhere"')
    assert main(["check", "paper"]) == 1
    assert "there is no folder" in capsys.readouterr().out


def test_erase_says_where_it_belongs(
    own: Own, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own.put("paper.toml", 'kind = "results"\n[results]\nfolder = "p"')
    photo = tmp_path / "one.png"
    photo.write_bytes(png_bytes(scene()))
    call = ["erase", str(photo), "--box", "40,40,80,80", "--segmenter", "grabcut"]
    assert main([*call, "--erasers", "paper", "--out", str(tmp_path / "out")]) == 2
    assert "examples.tables TABLE --erasers paper" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main(["list"]) == 0
    assert "paper" not in capsys.readouterr().out
