"""Gradio starts without writing what only editors read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from ui.common.stubs import write_no_stubs

write_no_stubs()
write_no_stubs()
import gradio
from gradio import component_meta

assert component_meta.create_or_modify_pyi.__module__ == "ui.common.stubs"
assert component_meta.create_pyi.__module__ == "gradio.component_meta"
import own_component

print(gradio.Button("x").value, own_component.Own("y").value)
"""


@pytest.mark.slow
def test_no_stub_is_written_and_components_work(tmp_path: Path) -> None:
    (tmp_path / "own_component.py").write_text(
        "from gradio import HTML\n\n\nclass Own(HTML):\n    pass\n", encoding="utf-8"
    )
    path = os.pathsep.join([str(tmp_path), *sys.path])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["x", "y"], done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["own_component.py"]
