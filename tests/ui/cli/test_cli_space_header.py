"""`python -m methods space --write`: the README's header, completed for a host's variables."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import metadata_load

from ui.cli.__main__ import main
from ui.cli.output import DONE
from ui.cli.space import space
from ui.cli.space.folder import faults, read_folder

README = """---
title: Mine
sdk: gradio
app_file: app.py
models: [someone/else]
preload_from_hub:
  - gaspardbruno/BigLama big-lama.pt
---

# Mine
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "README.md").write_text(README)
    (tmp_path / "app.py").write_text("")
    monkeypatch.setattr(space, "ROOT", tmp_path)
    monkeypatch.setenv("ERASER_LAB_ERASERS", "lama,migan,telea")
    monkeypatch.delenv("ERASER_LAB_AUTH", raising=False)
    return tmp_path


def test_a_header_is_completed_and_what_stood_there_stays(folder: Path) -> None:
    assert main(["space", "--write"]) == DONE
    readme = folder / "README.md"
    header = metadata_load(readme)
    assert header is not None and header["title"] == "Mine"
    assert header["suggested_hardware"] == "zero-a10g" and header["tags"]
    assert header["startup_duration_timeout"] == "1h" and "hf_oauth" not in header
    assert header["models"][0] == "someone/else"
    assert {"dhkim2810/MobileSAM", "andraniksargsyan/migan"} <= set(header["models"])
    brought = [line.split()[0] for line in header["preload_from_hub"]]
    assert brought.count("gaspardbruno/BigLama") == 1 and len(brought) == 3
    assert readme.read_text().endswith("# Mine\n")
    once = readme.read_text()
    assert main(["space", "--write"]) == DONE
    assert readme.read_text() == once


def test_sign_in_is_written_where_it_was_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERASER_LAB_AUTH", "hf:somebody")
    assert [text.id for text in faults(read_folder(folder))] == ["space.fault.oauth"]
    assert main(["space", "--write"]) == DONE
    assert metadata_load(folder / "README.md")["hf_oauth"] is True  # type: ignore[index]
    assert not list(faults(read_folder(folder)))
