"""Gradio starts without two packages that this page never uses, and works as with them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("mcp")

PROGRAM = """
import sys
from ui.common.lighter import import_less

import_less()
import_less()
import gradio
from gradio.caching import _estimate_size
from gradio.mcp import GradioMCPServer
from gradio.queueing import Queue

assert not hasattr(GradioMCPServer, "Server")
queue = Queue(False, 1, 1.0, None, gradio.Blocks())
queue.events_recorded = 10_000
queue.compute_analytics_summary([{"function": "erase", "status": "success"}])
begun = {"mcp", "pandas.core"} & set(sys.modules)
assert not begun, begun
import mcp.server  # for whoever asks for it
import pandas  # the same module that Gradio has

assert _estimate_size(pandas.DataFrame({"a": [1, 2]})) > 0
assert "pandas.core" in sys.modules
table = gradio.Dataframe().postprocess(pandas.DataFrame({"a": [1, 2]}))
print(table.data)
"""


@pytest.mark.slow
def test_gradio_starts_without_them_and_has_them_when_asked() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["[[1],", "[2]]"], done.stderr
