"""What `gpu_bench` leaves: JSON with every figure, and Markdown tables for the README."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import torch

from _gpu_rows import ORDER, Figures, Job, Row
from methods import write_atomic

PACKAGES = ("torch", "diffusers", "transformers", "accelerate", "segment-anything", "timm", "numpy")
ERASERS = ("Eraser", "Picture", "Steps", "Load, s", "Seconds", "Weights, GB", "Peak, GB")
_CLICK_TIMES = ("Encode, s", "Decode, ms", "Click, ms", "Two users by turns, ms")
CLICKS = ("Segmenter", "Photo", "Load, s", *_CLICK_TIMES, "Weights, GB", "Peak, GB")


@dataclass
class Report:
    """The rows so far. heading: one line on what was measured where. ended: why there are no
    more; empty while it goes on."""

    heading: str
    facts: dict[str, Any]
    file: Path | None = None
    rows: list[Row] = field(default_factory=list)
    not_reached: list[Job] = field(default_factory=list)
    ended: str = ""

    def write(self) -> None:
        """Into the file, which is never half written."""
        if self.file is None:
            return
        write_atomic(self.file, (json.dumps(self.as_dict(), indent=1) + "\n").encode())

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        reasons = [{"reason": reason, "rows": labels} for reason, labels in ORDER]
        return {
            "heading": self.heading,
            **self.facts,
            "ended": self.ended,
            "rows": [row.as_dict() for row in self.rows],
            "not_reached": [job.label for job in self.not_reached],
            "order": reasons,
        }

    def __str__(self) -> str:
        erasers = [row for row in self.rows if row.job.kind == "eraser"]
        clicks = [row for row in self.rows if row.job.kind == "clicks"]
        parts = [self.heading]
        if erasers:
            parts.append(_table(ERASERS, map(_eraser_cells, erasers)))
        if clicks:
            parts.append(_table(CLICKS, map(_click_cells, clicks)))
        if self.not_reached:
            names = ", ".join(job.name for job in self.not_reached)
            parts.append(f"Not reached ({self.ended}): {names}.")
        return "\n\n".join(parts)


# --- tables --------------------------------------------------------------------------------


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads)]
    lines += [[*cells, *[""] * (len(heads) - len(cells))] for cells in rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _eraser_cells(row: Row) -> list[str]:
    found = row.figures
    if found is None:
        return [row.job.name, f"not timed: {row.why}"]
    steps = str(found.steps or "one pass")
    seconds = f"{median(found.seconds['picture']):.2f}"
    return [row.job.name, _size(found), steps, f"{found.load_seconds:.1f}", seconds, *_held(found)]


def _click_cells(row: Row) -> list[str]:
    found = row.figures
    if found is None:
        return [row.job.name, f"not timed: {row.why}"]
    encode = f"{median(found.seconds['encode']):.2f}"
    names = ("decode", "click", "click_by_turns")
    clicks = [f"{1000 * median(found.seconds[name]):.0f}" for name in names]
    return [
        row.job.name,
        _size(found),
        f"{found.load_seconds:.1f}",
        encode,
        *clicks,
        *_held(found),
    ]


def _size(found: Figures) -> str:
    rows, columns = found.picture
    return f"{columns} x {rows}"


def _held(found: Figures) -> list[str]:
    return [f"{found.weights / 1e9:.2f}", f"{found.peak / 1e9:.2f}"]


# --- the machine ---------------------------------------------------------------------------


def facts(device: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """What was measured: machine, versions and commit."""
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine(device),
        "versions": {
            "python": platform.python_version(),
            "cuda": torch.version.cuda,
            **_versions(),
        },
        "options": dict(options),
    }


def machine(device: str) -> dict[str, Any]:
    """The device and what is around it."""
    known: dict[str, Any] = {"device": device_name(device), "system": platform.system()}
    known |= {"architecture": platform.machine(), "cores": os.cpu_count()}
    known["memory_gb"] = round(psutil.virtual_memory().total / 1e9, 1)
    if device == "cuda":
        total = torch.cuda.get_device_properties(0).total_memory
        known["device_memory_gb"] = round(total / 1e9, 1)
    return known


def device_name(device: str) -> str:
    """As its maker calls it."""
    return str(torch.cuda.get_device_name(0)) if device == "cuda" else "CPU"


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = ""
    return found


def commit() -> str:
    """Of this checkout, with a mark where files differ from it; empty where git does not know."""
    here = Path(__file__).resolve().parent
    command = ("git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*")
    try:
        told = subprocess.run(command, cwd=here, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return told.stdout.strip()
