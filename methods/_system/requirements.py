"""Whether what requirements.txt asks for is installed, told without importing any of it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements.txt"


def unmet_requirements(file: Path = REQUIREMENTS) -> tuple[str, ...]:
    """The lines that this environment does not meet, each with what it has, such as
    "diffusers>=0.42.1,<1 (0.35.0 is installed)"; none where there is no such file."""
    if not file.exists():
        return ()
    lines = (line.partition("#")[0].strip() for line in file.read_text("utf-8").splitlines())
    return tuple(unmet for line in lines if line and (unmet := _unmet(line)))


def _unmet(line: str) -> str:
    """Nothing for a line that is met, or says something else than what is needed."""
    try:
        wanted = Requirement(line)
    except InvalidRequirement:
        return ""
    if wanted.marker is not None and not wanted.marker.evaluate():
        return ""
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return f"{line} (not installed)"
    met = wanted.specifier.contains(found, prereleases=True)
    return "" if met else f"{line} ({found} is installed)"
