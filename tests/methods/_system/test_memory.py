"""The memory budget, the meter, and telling that memory ran out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from methods._base import (
    Stopped,
    Unavailable,
)
from methods._system import container
from methods._system.memory import MemoryMeter, is_out_of_memory, memory_budget

MB = 1024**2
ROOT = Path(__file__).resolve().parents[3]


class OutOfMemoryError(RuntimeError):
    """Named as torch names its own."""


@pytest.mark.parametrize(
    ("error", "is_it"),
    [
        (MemoryError(), True),
        (OutOfMemoryError("whatever"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 9 bytes"), True),
        (Exception("(-4:Insufficient memory) Failed to allocate 9 bytes"), True),
        (RuntimeError("expected a tensor of 3 channels"), False),
        (ValueError("memory"), False),
        (Unavailable("There is not enough memory for it"), False),
        (Stopped(), False),
    ],
)
def test_running_out_of_memory_is_recognised(error: Exception, is_it: bool) -> None:
    assert is_out_of_memory(error) is is_it


def test_a_real_allocation_that_fails_is_recognised() -> None:
    with pytest.raises(MemoryError) as caught:
        np.empty(1 << 60, np.uint8)
    assert is_out_of_memory(caught.value)


@pytest.mark.parametrize("text", ["much", "-1", "0", "nan", "1e99"])
def test_a_budget_that_is_no_number_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERASER_LAB_MEMORY", text)
    with pytest.raises(Unavailable) as caught:
        memory_budget("cpu")
    assert "ERASER_LAB_MEMORY" in str(caught.value)


def test_the_budget_on_a_cpu_is_a_share_of_free_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import psutil

    monkeypatch.delenv("ERASER_LAB_MEMORY", raising=False)
    monkeypatch.setattr(container, "OWN_GROUPS", tmp_path / "own")
    monkeypatch.setattr(container, "GROUPS", tmp_path)
    assert 0 < memory_budget("cpu") < psutil.virtual_memory().total
    (tmp_path / "own").write_text("0::/\n")
    limit = tmp_path / "memory.max"
    limit.write_text(f"{psutil.Process().memory_info().rss + 200 * MB}\n")
    assert 0 < memory_budget("cpu") < 200 * MB
    limit.write_text("max\n")
    assert memory_budget("cpu") > 200 * MB


METER = """
import threading
import numpy as np
from methods._system.memory import MemoryMeter
MB = 1024**2
with MemoryMeter("cpu"):
    np.ones(MB, np.uint8)  # all that it needs is imported now
with MemoryMeter("cpu") as nothing:
    pass
with MemoryMeter("cpu") as meter:
    kept = np.ones(40 * MB, np.uint8)
    passing = np.ones(80 * MB, np.uint8)
    threading.Event().wait(0.2)
    del passing
print(nothing.peak // MB, nothing.kept // MB, meter.kind, meter.peak // MB, meter.kept // MB)
"""


def test_the_meter_sees_what_is_taken_and_what_is_kept() -> None:
    """In a process of its own: what other tests' threads take or give back would show as well."""
    command = [sys.executable, "-c", METER]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    nothing_peak, nothing_kept, kind, peak, kept = done.stdout.split()
    assert kind == "ram"
    assert 0 <= int(nothing_kept) <= int(nothing_peak) < 10
    assert 110 < int(peak) < 140
    assert 30 < int(kept) < 60


@pytest.mark.gpu
def test_the_meter_counts_what_torch_allocates() -> None:
    import torch

    with MemoryMeter("cuda") as meter:
        kept = torch.ones(40 * MB, dtype=torch.uint8, device="cuda")
        passing = torch.ones(80 * MB, dtype=torch.uint8, device="cuda")
        del passing
    assert meter.kind == "gpu"
    assert 110 * MB < meter.peak < 140 * MB
    assert 30 * MB < meter.kept < 60 * MB
    assert kept.all()
    assert memory_budget("cuda") > 0
