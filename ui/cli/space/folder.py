"""A folder that is to become a Hugging Face Space, as its builder will read it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from methods import HubFile, Text, WeightFile, in_bytes
from ui.cli.space.hardware import HARDWARE, ZERO, ZERO_PYTHON, ZERO_TORCH
from ui.door.access import HUB

MB = 10**6
LARGEST_PLAIN = 10 * MB
"""Bytes of a file that the hub's git takes without git-xet (hub-docs at 242f4a1, "Getting Started
with Repositories")."""

LONGEST_DESCRIPTION = 60
_CPU_BUILDS = re.compile(r"^--(?:extra-)?index-url\s+\S+/whl/cpu\s*$", re.MULTILINE)
_PIN = re.compile(r"^(torch|torchvision)\s*==\s*([\w.]+)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Preload:
    """Files that the build fetches into the hub's own cache; no paths = all of the repository, no
    commit = the newest."""

    repo: str
    paths: tuple[str, ...]
    commit: str

    def brings(self, weight: WeightFile) -> bool:
        """Whether the program will find this file there."""
        return any(self._is(source) for source in weight.sources if isinstance(source, HubFile))

    def _is(self, source: HubFile) -> bool:
        there = not self.paths or source.path in self.paths
        return source.repo == self.repo and there and source.revision == (self.commit or "main")


@dataclass(frozen=True, slots=True)
class Folder:
    """files: bytes of each that would be pushed, by its path. header: the README's. pins: versions
    of torch and torchvision that are installed first. cpu_builds: torch comes without CUDA."""

    files: Mapping[str, int]
    header: Mapping[str, object]
    preloads: tuple[Preload, ...]
    pins: Mapping[str, str]
    cpu_builds: bool


def read_folder(folder: Path) -> Folder:
    """What the builder will see. What is missing or cannot be read is empty, for `faults`."""
    header = _header(folder / "README.md")
    first = _text(folder / "pre-requirements.txt")
    listed = header.get("preload_from_hub")
    preloads = tuple(map(_preload, listed)) if isinstance(listed, list) else ()
    return Folder(
        dict(_files(folder)), header, preloads, dict(_PIN.findall(first)),
        bool(_CPU_BUILDS.search(first)),
    )  # fmt: skip


def _header(readme: Path) -> dict[str, object]:
    from huggingface_hub import metadata_load

    try:
        found = metadata_load(readme)
    except (OSError, ValueError):  # no such file; no header that can be read
        return {}
    except Exception:  # the parser's own kinds
        return {}
    return found if isinstance(found, dict) else {}


def _preload(line: object) -> Preload:
    repo, files, commit = [*str(line).split(), "", "", ""][:3]
    return Preload(repo, tuple(filter(None, files.split(","))), commit)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError):
        return ""


def _files(folder: Path) -> Iterator[tuple[str, int]]:
    for name in _tracked(folder):
        file = folder / name
        if file.is_file():
            yield name, file.stat().st_size


def _tracked(folder: Path) -> Sequence[str]:
    """What git would push; without git, all but what is hidden or compiled."""
    try:
        asked = subprocess.run(
            ["git", "-C", str(folder), "ls-files", "-z"], capture_output=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return _walked(folder)
    names = asked.stdout.decode("utf-8", "replace").split("\0")[:-1]
    return names if asked.returncode == 0 and names else _walked(folder)


def _walked(folder: Path) -> list[str]:
    parts = (path.relative_to(folder) for path in folder.rglob("*"))
    return [
        str(path)
        for path in parts
        if not any(part.startswith(".") or part == "__pycache__" for part in path.parts)
    ]


# --- what is wrong with it ------------------------------------------------------------------


def faults(folder: Folder) -> Iterator[Text]:
    """What would keep a Space from being built, or from starting, on any hardware."""
    yield from _of_the_header(folder)
    for name, size in folder.files.items():
        if size > LARGEST_PLAIN:
            yield Text("space.fault.large", file=name, size=in_bytes(size))


def _of_the_header(folder: Folder) -> Iterator[Text]:
    header = folder.header
    if header.get("sdk") != "gradio":
        yield Text("space.fault.sdk")
    if str(header.get("app_file")) not in folder.files:
        yield Text("space.fault.app_file", file=str(header.get("app_file")))
    if len(str(header.get("short_description", ""))) > LONGEST_DESCRIPTION:
        yield Text("space.fault.description", most=LONGEST_DESCRIPTION)
    if asks_for_sign_in() and header.get("hf_oauth") is not True:
        yield Text("space.fault.oauth")
    suggested = header.get("suggested_hardware")
    known = [each.id for each in HARDWARE]
    if suggested is not None and suggested not in known:
        yield Text("space.fault.hardware", hardware=str(suggested), known=", ".join(known))


def asks_for_sign_in() -> bool:
    """Whether people are to sign in with Hugging Face, by ERASER_LAB_AUTH."""
    said = os.environ.get("ERASER_LAB_AUTH", "").split()
    return any(each.startswith(HUB) for each in said)


def faults_on_zero(folder: Folder) -> Iterator[Text]:
    """What would keep it from being built on ZeroGPU."""
    torch, python = folder.pins.get("torch"), str(folder.header.get("python_version", ""))
    if torch not in ZERO_TORCH or "torchvision" not in folder.pins:
        known = ", ".join(ZERO_TORCH)
        yield Text("space.fault.torch", hardware=ZERO.id, known=known)
    if ".".join(python.split(".")[:2]) not in ZERO_PYTHON:
        known = ", ".join(ZERO_PYTHON)
        yield Text("space.fault.python", hardware=ZERO.id, python=python or "-", known=known)
    if folder.cpu_builds:
        yield Text("space.fault.cpu_builds", hardware=ZERO.id)
